//! Changes of accounts and domains that exist, inside a transaction of the caller.
//!
//! As in [`write`](mod@crate::store::write), nothing here decides whether a change is allowed.

use tokio_postgres::{Error, Transaction};

use crate::mail::rules::Limits;
use crate::mail::{
    DestinationTemplate, DomainName, Gid, Localpart, QuotaLimit, ServiceSet, Timestamp, Transport,
    Uid,
};
use crate::store::facts::LeadingKind;
use crate::store::write::signed;

/// What is set of an account. `None` means that the domain decides, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSettings {
    /// Who it belongs to.
    pub name: Option<String>,
    /// A remark for people.
    pub note: Option<String>,
    /// What it may be used for.
    pub services: Option<ServiceSet>,
    /// What it may hold.
    pub quota: Option<QuotaLimit>,
    /// Where its mail goes.
    pub transport: Option<Transport>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// What an account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSwitches {
    /// Log in, receive, send.
    pub may: [bool; 3],
    /// Why not.
    pub reason: Option<String>,
    /// When what is off turns on again.
    pub until: Option<Timestamp>,
}

/// What is set of a domain. `None` means that Postfix decides, or that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSettings {
    /// Where its mail goes.
    pub transport: Option<Transport>,
    /// What its accounts may use.
    pub services: ServiceSet,
    /// What each of its accounts may hold.
    pub quota: QuotaLimit,
    /// A remark for people.
    pub note: Option<String>,
}

/// What accounts can have of their own, or as their domain has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inherited {
    /// The quota limit.
    pub quota: bool,
    /// The services.
    pub services: bool,
    /// The transport.
    pub transport: bool,
}

/// Sets what an account has.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn set_account(
    tx: &Transaction<'_>,
    uid: Uid,
    to: &AccountSettings,
) -> Result<(), Error> {
    let bytes = to.quota.map(|quota| signed(quota.bytes));
    let messages = to.quota.map(|quota| signed(quota.messages));
    let expires = to.expires.map(|time| time.0);
    tx.execute(
        "UPDATE postcote.account SET name = $2, note = $3, services = $4, quota_bytes = $5, \
         quota_messages = $6, transport = $7, expires_at = to_timestamp($8::bigint) WHERE uid = $1",
        &[&uid, &to.name, &to.note, &to.services, &bytes, &messages, &to.transport, &expires],
    )
    .await
    .map(drop)
}

/// Switches what an account may do.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn switch_account(
    tx: &Transaction<'_>,
    uid: Uid,
    to: &AccountSwitches,
) -> Result<(), Error> {
    let [login, receive, send] = to.may;
    let until = to.until.map(|time| time.0);
    tx.execute(
        "UPDATE postcote.account SET may_login = $2, may_receive = $3, may_send = $4, \
         suspend_reason = $5, suspended_until = to_timestamp($6::bigint) WHERE uid = $1",
        &[&uid, &login, &receive, &send, &to.reason, &until],
    )
    .await
    .map(drop)
}

/// Sets where an account's mail goes on to; an empty list ends it.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn forward_account(
    tx: &Transaction<'_>,
    uid: Uid,
    to: &[DestinationTemplate],
    keep_copy: bool,
) -> Result<(), Error> {
    let statement = "UPDATE postcote.account SET forwards = nullif($2::text[], '{}'), \
                     keep_copy = $3 WHERE uid = $1";
    tx.execute(statement, &[&uid, &to, &keep_copy]).await.map(drop)
}

/// Gives an account another address. Its home stays where the caller leaves it.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn rename_account(
    tx: &Transaction<'_>,
    uid: Uid,
    gid: Gid,
    localpart: &Localpart,
) -> Result<(), Error> {
    let statement = "UPDATE postcote.account SET gid = $2, localpart = $3 WHERE uid = $1";
    tx.execute(statement, &[&uid, &gid, localpart]).await.map(drop)
}

/// Sets what a domain has.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn set_domain(tx: &Transaction<'_>, gid: Gid, to: &DomainSettings) -> Result<(), Error> {
    let (bytes, messages) = (signed(to.quota.bytes), signed(to.quota.messages));
    tx.execute(
        "UPDATE postcote.domain SET transport = $2, services = $3, quota_bytes = $4, \
         quota_messages = $5, note = $6 WHERE gid = $1",
        &[&gid, &to.transport, &to.services, &bytes, &messages, &to.note],
    )
    .await
    .map(drop)
}

/// Sets how much a domain may have.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn limit_domain(tx: &Transaction<'_>, gid: Gid, to: &Limits) -> Result<(), Error> {
    tx.execute(
        "UPDATE postcote.domain SET max_accounts = $2, max_aliases = $3, max_alias_domains = $4, \
         max_destinations = $5, max_total_quota = $6 WHERE gid = $1",
        &[
            &gid,
            &to.accounts.map(signed),
            &to.aliases.map(signed),
            &to.alias_domains.map(signed),
            &to.destinations.map(signed),
            &to.total_quota.map(signed),
        ],
    )
    .await
    .map(drop)
}

/// Has the accounts of a domain follow it again; says how many did not.
///
/// # Errors
/// The database failed.
pub async fn reset_accounts(tx: &Transaction<'_>, gid: Gid, what: Inherited) -> Result<u64, Error> {
    tx.execute(
        include_str!("sql/reset_accounts.sql"),
        &[&gid, &what.quota, &what.services, &what.transport],
    )
    .await
}

/// Serves a domain, or keeps it out of every table.
///
/// # Errors
/// The database failed.
pub async fn enable_domain(tx: &Transaction<'_>, gid: Gid, enabled: bool) -> Result<(), Error> {
    let statement = "UPDATE postcote.domain SET enabled = $2 WHERE gid = $1";
    tx.execute(statement, &[&gid, &enabled]).await.map(drop)
}

/// Makes a name the primary one of a domain; the one before becomes an alias domain.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn rename_domain(tx: &Transaction<'_>, gid: Gid, name: &DomainName) -> Result<(), Error> {
    let demote = "UPDATE postcote.domain_name SET is_primary = false WHERE gid = $1 AND is_primary";
    tx.execute(demote, &[&gid]).await?;
    let promote = "INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES ($1, $2, true) \
                   ON CONFLICT ON CONSTRAINT domain_name_pkey DO UPDATE SET is_primary = true \
                   WHERE domain_name.gid = excluded.gid";
    tx.execute(promote, &[name, &gid]).await.map(drop)
}

/// Has everything that leads into the domain of a name lead into that of another; says which lists
/// those are, a catch-all without a local part.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn rename_destinations(
    tx: &Transaction<'_>,
    old: &DomainName,
    new: &DomainName,
) -> Result<Vec<(LeadingKind, Gid, Option<Localpart>)>, Error> {
    let rows = tx.query(include_str!("sql/rename_destinations.sql"), &[old, new]).await?;
    rows.iter()
        .map(|row| Ok((LeadingKind::parse(row.try_get(0)?), row.try_get(1)?, row.try_get(2)?)))
        .collect()
}
