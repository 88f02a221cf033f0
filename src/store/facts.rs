//! Facts to decide by before a write, inside the transaction that writes.

use tokio_postgres::{Error, Row, Transaction};

use crate::mail::{
    DestinationTemplate, DomainName, DomainPattern, EntryAddress, Gid, Localpart, QuotaLimit,
    Timestamp, Transport, Uid,
};
use crate::store::inventory::{escaped, quota};

/// A name of a domain and what it stands for.
#[derive(Clone, Debug)]
pub struct Named {
    /// The domain.
    pub gid: Gid,
    /// What it was found by, which may be a wildcard.
    pub name: DomainPattern,
    /// The primary name.
    pub primary: DomainName,
    /// Whether its mail is relayed.
    pub relayed: bool,
    /// Whether it is served.
    pub enabled: bool,
    /// Where its mail goes.
    pub transport: Option<Transport>,
    /// What its accounts may hold.
    pub quota: QuotaLimit,
}

impl Named {
    /// Whether the name is an alias domain's.
    pub fn is_alias(&self) -> bool {
        !self.name.is(&self.primary)
    }
}

/// What kind of entry stands at an address, alphabetically.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A mailbox.
    Account,
    /// Another name for others.
    Alias,
    /// The same in every domain.
    DefaultAlias,
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
    /// Its domain.
    pub domain: Scope,
    /// Its local part, but a catch-all has none.
    pub localpart: Option<Localpart>,
    /// Where it leads.
    pub destinations: Vec<DestinationTemplate>,
    /// Whether it and its domain are switched on.
    pub enabled: bool,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// Where a list of destinations holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In the domain of this primary name.
    Domain(DomainName),
    /// In every mailbox domain: it is a default alias.
    Every,
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

/// The domain of exactly this name, primary or alias.
///
/// # Errors
/// The database failed.
pub async fn domain(tx: &Transaction<'_>, name: &DomainName) -> Result<Option<Named>, Error> {
    known_as(tx, &DomainPattern::Exact(name.clone())).await
}

/// The domain of a name, or of the nearest wildcard that stands for it.
///
/// # Errors
/// The database failed.
pub async fn domain_of(tx: &Transaction<'_>, name: &DomainName) -> Result<Option<Named>, Error> {
    if let Some(named) = domain(tx, name).await? {
        return Ok(Some(named));
    }
    for parent in name.parents() {
        if let Some(named) = known_as(tx, &DomainPattern::Below(parent)).await? {
            return Ok(Some(named));
        }
    }
    Ok(None)
}

/// The domain that has exactly this name or wildcard.
///
/// # Errors
/// The database failed.
pub async fn known_as(tx: &Transaction<'_>, name: &DomainPattern) -> Result<Option<Named>, Error> {
    let row = tx.query_opt(include_str!("sql/find_domain.sql"), &[name]).await?;
    row.map(|row| {
        Ok(Named {
            gid: row.try_get("gid")?,
            name: row.try_get("name")?,
            primary: row.try_get("primary_name")?,
            relayed: row.try_get("relayed")?,
            enabled: row.try_get("enabled")?,
            transport: row.try_get("transport")?,
            quota: quota(&row)?.unwrap_or_default(),
        })
    })
    .transpose()
}

/// Every name and wildcard, its domain, and whether it is the primary one; alphabetically.
///
/// # Errors
/// The database failed.
pub async fn names(tx: &Transaction<'_>) -> Result<Vec<(DomainPattern, Gid, bool)>, Error> {
    let statement = "SELECT name, gid, is_primary FROM postcote.domain_name ORDER BY name";
    let rows = tx.query(statement, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
}

/// Every name and wildcard of one domain, the primary one first.
///
/// # Errors
/// The database failed.
pub async fn names_of(tx: &Transaction<'_>, gid: Gid) -> Result<Vec<DomainPattern>, Error> {
    let statement = "SELECT name FROM postcote.domain_name WHERE gid = $1 \
                     ORDER BY is_primary DESC, name";
    let rows = tx.query(statement, &[&gid]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Every name and wildcard below a name, alphabetically.
///
/// # Errors
/// The database failed.
pub async fn names_below(
    tx: &Transaction<'_>,
    parent: &DomainName,
) -> Result<Vec<DomainPattern>, Error> {
    let statement = "SELECT name FROM postcote.domain_name \
                     WHERE name LIKE '%.' || $1 AND name <> '*.' || $1 ORDER BY name";
    let rows = tx.query(statement, &[parent]).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// What stands at an address, or as a default alias in every domain.
///
/// # Errors
/// The database failed.
pub async fn entry(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
) -> Result<Option<EntryKind>, Error> {
    let statement = "SELECT kind FROM postcote.address WHERE gid = $1 AND localpart = $2 \
                     UNION ALL \
                     SELECT 'default_alias' FROM postcote.default_alias \
                     WHERE gid = $1 AND localpart = $2";
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

/// Some of the local parts of a domain that have an entry, be it of one kind: enough to guess
/// which one was meant.
///
/// # Errors
/// The database failed.
pub async fn localparts(
    tx: &Transaction<'_>,
    gid: Gid,
    kind: Option<EntryKind>,
) -> Result<Vec<Localpart>, Error> {
    let statement = "SELECT localpart FROM postcote.address WHERE gid = $1 \
                     AND kind = coalesce(replace($2, '-', '_'), kind) \
                     UNION ALL SELECT localpart FROM postcote.default_alias WHERE gid = $1 \
                     LIMIT 10000";
    let rows = tx.query(statement, &[&gid, &kind.map(EntryKind::as_str)]).await?;
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
    names: &[DomainPattern],
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
    names: &[DomainPattern],
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

/// Every list of destinations that may lead to a local part of whatever domain, and some more.
///
/// # Errors
/// The database failed.
pub async fn leading_to_localpart(
    tx: &Transaction<'_>,
    localpart: &Localpart,
) -> Result<Vec<Leading>, Error> {
    let start = format!("{}%@%", escaped(localpart.as_str()));
    let statement = include_str!("sql/lists_leading_to_localpart.sql");
    let rows = tx.query(statement, &[&start]).await?;
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
        domain: row.try_get::<_, Option<_>>("domain")?.map_or(Scope::Every, Scope::Domain),
        localpart: row.try_get("localpart")?,
        destinations: row.try_get("destinations")?,
        enabled: row.try_get("enabled")?,
        expires: row.try_get::<_, Option<i64>>("expires_at")?.map(Timestamp),
    })
}

/// The entries at a local part of all domains, by their primary names.
///
/// # Errors
/// The database failed.
pub async fn entries_at(
    tx: &Transaction<'_>,
    localpart: &Localpart,
) -> Result<Vec<(DomainName, EntryKind)>, Error> {
    let statement = "SELECT n.name, r.kind FROM postcote.domain_name n \
                     JOIN postcote.address r ON r.gid = n.gid AND r.localpart = $1 \
                     WHERE n.is_primary ORDER BY n.name";
    let rows = tx.query(statement, &[localpart]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, EntryKind::parse(row.try_get(1)?)))).collect()
}

/// The keys of `V11__references.sql` that the spellings of an address may have: a placeholder, or
/// a letter beyond ASCII, may follow each of the letters that it begins with.
fn every_key(localpart: Option<&Localpart>, names: &[DomainPattern]) -> Vec<String> {
    // A domain with a placeholder may become any domain.
    let domains = names.iter().map(ToString::to_string).chain(["*".to_owned()]);
    domains.flat_map(|name| keys(localpart, &name)).collect()
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

impl Scope {
    /// The name as people read it.
    pub fn to_unicode(&self) -> String {
        match self {
            Self::Domain(name) => name.to_unicode(),
            Self::Every => EntryAddress::EVERYWHERE.to_owned(),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Domain(name) => name.fmt(f),
            Self::Every => f.write_str(EntryAddress::EVERYWHERE),
        }
    }
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
            "default_alias" => Self::DefaultAlias,
            "relocated" => Self::Relocated,
            _ => Self::RelayRecipient,
        }
    }

    /// The word in lists and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Alias => "alias",
            Self::DefaultAlias => "default-alias",
            Self::RelayRecipient => "relay-recipient",
            Self::Relocated => "relocated",
        }
    }
}
