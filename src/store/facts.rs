//! Facts to decide by before a write, inside the transaction that writes.

use tokio_postgres::{Error, Row, Transaction};

use crate::mail::{
    DestinationTemplate, DomainName, Gid, Localpart, QuotaLimit, Timestamp, Transport, Uid,
};
use crate::store::inventory::quota;

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
    /// Whether it and its domain are switched on.
    pub enabled: bool,
    /// When it ends.
    pub expires: Option<Timestamp>,
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

/// Every name of one domain, the primary one first.
///
/// # Errors
/// The database failed.
pub async fn names_of(tx: &Transaction<'_>, gid: Gid) -> Result<Vec<DomainName>, Error> {
    let statement = "SELECT name FROM postcote.domain_name WHERE gid = $1 \
                     ORDER BY is_primary DESC, name";
    let rows = tx.query(statement, &[&gid]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
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

/// Where the account of a uid stands.
///
/// # Errors
/// The database failed.
pub async fn account_of(tx: &Transaction<'_>, uid: Uid) -> Result<Option<(Gid, Localpart)>, Error> {
    let statement = "SELECT gid, localpart FROM postcote.account WHERE uid = $1";
    let row = tx.query_opt(statement, &[&uid]).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
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

/// Every list of destinations that may lead into a domain of these names, and some more: what it
/// leads to is for the caller to find out.
///
/// # Errors
/// The database failed.
pub async fn leading_into(
    tx: &Transaction<'_>,
    names: &[DomainName],
) -> Result<Vec<Leading>, Error> {
    leading(tx, &every_key(None, names), None).await
}

/// Every list of destinations that may lead to an address of a domain of these names, and some
/// more.
///
/// # Errors
/// The database failed.
pub async fn leading_to(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
    names: &[DomainName],
) -> Result<Vec<Leading>, Error> {
    // The lists of the domain itself may call it `%d`.
    let within = keys(Some(localpart), "%d");
    leading(tx, &every_key(Some(localpart), names), Some((gid, within))).await
}

async fn leading(
    tx: &Transaction<'_>,
    keys: &[String],
    within: Option<(Gid, Vec<String>)>,
) -> Result<Vec<Leading>, Error> {
    let (gid, keys_within) = within.unzip();
    let statement = include_str!("sql/lists_leading_to.sql");
    let rows = tx.query(statement, &[&keys, &keys_within, &gid]).await?;
    rows.iter().map(one_leading).collect()
}

/// The lists of a domain whose destinations have the name that was asked for in them, other than
/// as their own domain: they lead elsewhere when the domain is asked for by another name.
///
/// # Errors
/// The database failed.
pub async fn lists_with_own_name(tx: &Transaction<'_>, gid: Gid) -> Result<Vec<Leading>, Error> {
    let rows = tx.query(include_str!("sql/lists_with_own_name.sql"), &[&gid]).await?;
    rows.iter().map(one_leading).collect()
}

fn one_leading(row: &Row) -> Result<Leading, Error> {
    Ok(Leading {
        kind: LeadingKind::parse(row.try_get("kind")?),
        gid: row.try_get("gid")?,
        domain: row.try_get("domain")?,
        localpart: row.try_get("localpart")?,
        destinations: row.try_get("destinations")?,
        enabled: row.try_get("enabled")?,
        expires: row.try_get::<_, Option<i64>>("expires_at")?.map(Timestamp),
    })
}

/// The keys of `V11__references.sql` that the spellings of an address may have: a placeholder, or
/// a letter beyond ASCII, may follow each of the letters that it begins with.
fn every_key(localpart: Option<&Localpart>, names: &[DomainName]) -> Vec<String> {
    // A domain with a placeholder may become any domain.
    let domains = names.iter().map(DomainName::as_str).chain(["*"]);
    domains.flat_map(|name| keys(localpart, name)).collect()
}

/// Those within one domain.
fn keys(localpart: Option<&Localpart>, domain: &str) -> Vec<String> {
    let Some(localpart) = localpart else { return vec![domain.to_owned()] };
    let text = localpart.as_str();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let start = text.get(..end).unwrap_or_default();
    let open = (0..=end).filter_map(|at| start.get(..at)).map(|start| format!("{start}*@{domain}"));
    open.chain([format!("{start}@{domain}")]).collect()
}

impl LeadingKind {
    /// The statements give no other words.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "account" => Self::Account,
            "alias" => Self::Alias,
            "catchall" => Self::CatchAll,
            _ => Self::Relocated,
        }
    }

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Alias => "alias",
            Self::CatchAll => "catchall",
            Self::Relocated => "relocated",
        }
    }
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
