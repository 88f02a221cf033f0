//! Lists of what there is, as administrators see it, inside a transaction of the caller.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Transaction};

use crate::mail::policy::AllowedSender;
use crate::mail::{
    Address, Destination, DestinationTemplate, DomainName, DomainPattern, EntryAddress, Gid,
    Localpart, QuotaLimit, ServiceSet, Timestamp, Transport, Uid,
};
use crate::store::facts::EntryKind;

/// Which addresses are listed.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Those of these domains …
    pub gids: Vec<Gid>,
    /// … whose local part is like this, in the language of `LIKE`;
    pub localpart: String,
    /// and those of any domain whose local part is like this.
    pub or_localpart: Option<String>,
}

impl Filter {
    /// Every address of one domain.
    pub fn domain(gid: Gid) -> Self {
        Self { gids: vec![gid], localpart: "%".to_owned(), or_localpart: None }
    }

    /// One address.
    pub fn one(gid: Gid, localpart: &Localpart) -> Self {
        Self { gids: vec![gid], localpart: escaped(localpart.as_str()), or_localpart: None }
    }

    pub(super) fn params(&self) -> [&(dyn ToSql + Sync); 3] {
        [&self.gids, &self.localpart, &self.or_localpart]
    }
}

/// A domain as it is listed.
#[derive(Clone, Debug)]
pub struct DomainRow {
    /// The domain.
    pub gid: Gid,
    /// Its primary name.
    pub name: DomainName,
    /// `mailbox` or `relay`.
    pub kind: String,
    /// Whether it is served.
    pub enabled: bool,
    /// Where its mail goes.
    pub transport: Option<Transport>,
    /// What its accounts may use.
    pub services: ServiceSet,
    /// What its accounts may hold.
    pub quota: QuotaLimit,
    /// Where its homes are.
    pub directory: String,
    /// A remark for people.
    pub note: Option<String>,
    /// Its other names.
    pub alias_domains: Vec<DomainPattern>,
    /// How many accounts it has.
    pub accounts: i64,
    /// How many aliases it has.
    pub aliases: i64,
    /// How many people of it are relocated.
    pub relocated: i64,
    /// How many recipients are known of a relay domain.
    pub relay_recipients: i64,
    /// Whether it has a catch-all.
    pub has_catchall: bool,
}

/// An account as it is listed.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The address.
    pub address: Address,
    /// The numeric user.
    pub uid: Uid,
    /// The numeric group of its domain.
    pub gid: Gid,
    /// Who it belongs to.
    pub name: Option<String>,
    /// A remark for people.
    pub note: Option<String>,
    /// The home directory.
    pub home: String,
    /// `maildir`, `mdbox` or `sdbox`.
    pub mailbox_format: String,
    /// The directory of the mail below the home.
    pub mailbox_root: String,
    /// Its own services.
    pub services: Option<ServiceSet>,
    /// Its own quota limit.
    pub quota: Option<QuotaLimit>,
    /// Its own transport.
    pub transport: Option<Transport>,
    /// The switches login, receive and send.
    pub may: [bool; 3],
    /// Why they are off.
    pub suspend_reason: Option<String>,
    /// When they turn on again.
    pub suspended_until: Option<Timestamp>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Where else its mail goes.
    pub forwards: Option<Vec<DestinationTemplate>>,
    /// Whether the mailbox gets its copy of forwarded mail.
    pub keep_copy: bool,
}

/// An alias as it is listed.
#[derive(Clone, Debug)]
pub struct AliasRow {
    /// The address, or the local part of a default alias.
    pub address: EntryAddress,
    /// Where mail goes.
    pub destinations: Vec<DestinationTemplate>,
    /// Whether it is on.
    pub enabled: bool,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// A remark for people.
    pub note: Option<String>,
    /// Who may write to it; `None` is anybody.
    pub senders: Option<Vec<AllowedSender>>,
}

/// Somebody who has moved, as listed.
#[derive(Clone, Debug)]
pub struct RelocatedRow {
    /// The old address.
    pub address: Address,
    /// The new one.
    pub new_address: Destination,
    /// A remark for people.
    pub note: Option<String>,
}

/// These domains, by name.
///
/// # Errors
/// The database failed.
pub async fn domains(tx: &Transaction<'_>, gids: &[Gid]) -> Result<Vec<DomainRow>, Error> {
    let rows = tx.query(include_str!("sql/list_domains.sql"), &[&gids]).await?;
    rows.iter()
        .map(|row| {
            Ok(DomainRow {
                gid: row.try_get("gid")?,
                name: row.try_get("name")?,
                kind: row.try_get("kind")?,
                enabled: row.try_get("enabled")?,
                transport: row.try_get("transport")?,
                services: row.try_get("services")?,
                quota: quota(row)?.unwrap_or_default(),
                directory: row.try_get("directory")?,
                note: row.try_get("note")?,
                alias_domains: row.try_get("alias_domains")?,
                accounts: row.try_get("accounts")?,
                aliases: row.try_get("aliases")?,
                relocated: row.try_get("relocated")?,
                relay_recipients: row.try_get("relay_recipients")?,
                has_catchall: row.try_get("has_catchall")?,
            })
        })
        .collect()
}

/// The accounts that pass a filter, by domain and local part.
///
/// # Errors
/// The database failed.
pub async fn accounts(tx: &Transaction<'_>, filter: &Filter) -> Result<Vec<AccountRow>, Error> {
    let rows = tx.query(include_str!("sql/list_accounts.sql"), &filter.params()).await?;
    rows.iter().map(account).collect()
}

/// The accounts of these uids, in their order.
///
/// # Errors
/// The database failed.
pub async fn accounts_of(tx: &Transaction<'_>, uids: &[Uid]) -> Result<Vec<AccountRow>, Error> {
    let rows = tx.query(include_str!("sql/list_accounts_of.sql"), &[&uids]).await?;
    rows.iter().map(account).collect()
}

/// The aliases that pass a filter, default aliases first, then by domain and local part.
///
/// # Errors
/// The database failed.
pub async fn aliases(tx: &Transaction<'_>, filter: &Filter) -> Result<Vec<AliasRow>, Error> {
    let rows = tx.query(include_str!("sql/list_aliases.sql"), &filter.params()).await?;
    rows.iter()
        .map(|row| {
            Ok(AliasRow {
                address: entry_address(row)?,
                destinations: row.try_get("destinations")?,
                enabled: row.try_get("enabled")?,
                expires: time(row, "expires_at")?,
                note: row.try_get("note")?,
                senders: row.try_get("senders")?,
            })
        })
        .collect()
}

/// The relocated people who pass a filter, by domain and local part.
///
/// # Errors
/// The database failed.
pub async fn relocated(tx: &Transaction<'_>, filter: &Filter) -> Result<Vec<RelocatedRow>, Error> {
    let rows = tx.query(include_str!("sql/list_relocated.sql"), &filter.params()).await?;
    rows.iter()
        .map(|row| {
            Ok(RelocatedRow {
                address: address(row)?,
                new_address: row.try_get("new_address")?,
                note: row.try_get("note")?,
            })
        })
        .collect()
}

/// The addresses that pass a filter and what stands there, default aliases first, then by domain
/// and local part.
///
/// # Errors
/// The database failed.
pub async fn addresses(
    tx: &Transaction<'_>,
    filter: &Filter,
) -> Result<Vec<(EntryAddress, EntryKind)>, Error> {
    let rows = tx.query(include_str!("sql/list_addresses.sql"), &filter.params()).await?;
    let kind = |row: &Row| row.try_get("kind").map(EntryKind::parse);
    rows.iter().map(|row| Ok((entry_address(row)?, kind(row)?))).collect()
}

/// What has no domain stands in all of them.
fn entry_address(row: &Row) -> Result<EntryAddress, Error> {
    let localpart = row.try_get("localpart")?;
    let domain: Option<DomainName> = row.try_get("domain")?;
    Ok(match domain {
        Some(domain) => EntryAddress::At(Address { localpart, domain }),
        None => EntryAddress::Default(localpart),
    })
}

fn account(row: &Row) -> Result<AccountRow, Error> {
    Ok(AccountRow {
        address: address(row)?,
        uid: row.try_get("uid")?,
        gid: row.try_get("gid")?,
        name: row.try_get("name")?,
        note: row.try_get("note")?,
        home: row.try_get("home")?,
        mailbox_format: row.try_get("mailbox_format")?,
        mailbox_root: row.try_get("mailbox_root")?,
        services: row.try_get("services")?,
        quota: quota(row)?,
        transport: row.try_get("transport")?,
        may: [row.try_get("may_login")?, row.try_get("may_receive")?, row.try_get("may_send")?],
        suspend_reason: row.try_get("suspend_reason")?,
        suspended_until: time(row, "suspended_until")?,
        expires: time(row, "expires_at")?,
        forwards: row.try_get("forwards")?,
        keep_copy: row.try_get("keep_copy")?,
    })
}

fn address(row: &Row) -> Result<Address, Error> {
    Ok(Address { localpart: row.try_get("localpart")?, domain: row.try_get("domain")? })
}

pub(super) fn quota(row: &Row) -> Result<Option<QuotaLimit>, Error> {
    let bytes: Option<i64> = row.try_get("quota_bytes")?;
    let messages: Option<i64> = row.try_get("quota_messages")?;
    // The schema has no negative limits, and never one without the other.
    let limit = bytes.zip(messages).map(|(bytes, messages)| QuotaLimit {
        bytes: bytes.unsigned_abs(),
        messages: messages.unsigned_abs(),
    });
    Ok(limit)
}

fn time(row: &Row, column: &str) -> Result<Option<Timestamp>, Error> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(Timestamp))
}

/// A text that is like nothing but itself.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('_', "\\_").replace('%', "\\%")
}
