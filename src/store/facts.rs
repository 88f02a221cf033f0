//! Facts to decide by before a write, inside the transaction that writes.

use tokio_postgres::{Error, Transaction};

use crate::mail::{DestinationTemplate, DomainName, Gid, Localpart, QuotaLimit, Transport};
use crate::store::inventory::{escaped, quota};

/// A name of a domain and what it stands for.
#[derive(Clone, Debug)]
pub struct Named {
    /// The domain.
    pub gid: Gid,
    /// The name asked for.
    pub name: DomainName,
    /// The primary name.
    pub primary: DomainName,
    /// Whether its mail is relayed.
    pub relayed: bool,
    /// Where its mail goes.
    pub transport: Option<Transport>,
    /// What its accounts may hold.
    pub quota: QuotaLimit,
}

impl Named {
    /// Whether the name is an alias domain's.
    pub fn is_alias(&self) -> bool {
        self.name != self.primary
    }
}

/// What kind of entry stands at an address, alphabetically.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A mailbox.
    Account,
    /// Another name for others.
    Alias,
    /// A known recipient of a relay domain.
    RelayRecipient,
    /// Somebody who has moved.
    Relocated,
}

/// A list of destinations, and whose it is.
#[derive(Clone, Debug)]
pub struct Leading {
    /// What kind of thing leads there.
    pub kind: LeadingKind,
    /// Its domain.
    pub gid: Gid,
    /// Its primary domain name.
    pub domain: DomainName,
    /// Its local part, but a catch-all has none.
    pub localpart: Option<Localpart>,
    /// Where it leads.
    pub destinations: Vec<DestinationTemplate>,
}

/// What can lead to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeadingKind {
    /// An account that forwards.
    Account,
    /// An alias.
    Alias,
    /// A catch-all.
    CatchAll,
    /// Somebody relocated.
    Relocated,
}

/// The domain of a name, primary or alias.
///
/// # Errors
/// The database failed.
pub async fn domain(tx: &Transaction<'_>, name: &DomainName) -> Result<Option<Named>, Error> {
    let row = tx.query_opt(include_str!("sql/find_domain.sql"), &[name]).await?;
    row.map(|row| {
        Ok(Named {
            gid: row.try_get("gid")?,
            name: row.try_get("name")?,
            primary: row.try_get("primary_name")?,
            relayed: row.try_get("relayed")?,
            transport: row.try_get("transport")?,
            quota: quota(&row)?.unwrap_or_default(),
        })
    })
    .transpose()
}

/// Every name, its domain, and whether it is the primary one; alphabetically.
///
/// # Errors
/// The database failed.
pub async fn names(tx: &Transaction<'_>) -> Result<Vec<(DomainName, Gid, bool)>, Error> {
    let statement = "SELECT name, gid, is_primary FROM postcote.domain_name ORDER BY name";
    let rows = tx.query(statement, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// What stands at an address.
///
/// # Errors
/// The database failed.
pub async fn entry(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
) -> Result<Option<EntryKind>, Error> {
    let statement = "SELECT kind FROM postcote.address WHERE gid = $1 AND localpart = $2";
    let row = tx.query_opt(statement, &[&gid, localpart]).await?;
    row.map(|row| row.try_get("kind").map(EntryKind::parse)).transpose()
}

/// Some of the local parts of a domain that have an entry of a kind: enough to guess which one
/// was meant.
///
/// # Errors
/// The database failed.
pub async fn localparts(
    tx: &Transaction<'_>,
    gid: Gid,
    kind: EntryKind,
) -> Result<Vec<Localpart>, Error> {
    let statement = "SELECT localpart FROM postcote.address WHERE gid = $1 \
                     AND kind = replace($2, '-', '_') LIMIT 10000";
    let rows = tx.query(statement, &[&gid, &kind.as_str()]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// The catch-all of a domain; empty if it has none.
///
/// # Errors
/// The database failed.
pub async fn catchall(tx: &Transaction<'_>, gid: Gid) -> Result<Vec<DestinationTemplate>, Error> {
    let statement = "SELECT destinations FROM postcote.catchall WHERE gid = $1";
    let row = tx.query_opt(statement, &[&gid]).await?;
    row.map_or_else(|| Ok(Vec::new()), |row| row.try_get(0))
}

/// Every list of destinations that may lead to an address, or to any address, in a domain of
/// these names, and some more: what has placeholders may lead anywhere.
///
/// # Errors
/// The database failed.
pub async fn leading_to(
    tx: &Transaction<'_>,
    localpart: Option<&Localpart>,
    names: &[DomainName],
) -> Result<Vec<Leading>, Error> {
    let mut patterns = vec!["%\\%%".to_owned()];
    for name in names {
        match localpart {
            // An extension may follow; of what is quoted, the caller knows what it means.
            Some(localpart) => {
                patterns.push(format!("{}%@{name}", escaped(localpart.as_str())));
                patterns.push(format!("\"%@{name}"));
            }
            None => patterns.push(format!("%@{name}")),
        }
    }
    let rows = tx.query(include_str!("sql/lists_leading_to.sql"), &[&patterns]).await?;
    rows.iter()
        .map(|row| {
            Ok(Leading {
                kind: match row.try_get("kind")? {
                    "account" => LeadingKind::Account,
                    "alias" => LeadingKind::Alias,
                    "catchall" => LeadingKind::CatchAll,
                    _ => LeadingKind::Relocated,
                },
                gid: row.try_get("gid")?,
                domain: row.try_get("domain")?,
                localpart: row.try_get("localpart")?,
                destinations: row.try_get("destinations")?,
            })
        })
        .collect()
}

impl EntryKind {
    /// The registry takes no other words.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "account" => Self::Account,
            "alias" => Self::Alias,
            "relocated" => Self::Relocated,
            _ => Self::RelayRecipient,
        }
    }

    /// The word in lists and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Alias => "alias",
            Self::RelayRecipient => "relay-recipient",
            Self::Relocated => "relocated",
        }
    }
}
