//! Inserts and deletes, inside a transaction of the caller.
//!
//! Nothing here decides whether a change is allowed: that is done before, and the constraints of
//! the schema have the last word (see [`constraint`](super::constraint)).

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Transaction};

use crate::mail::policy::AllowedSender;
use crate::mail::{
    Destination, DestinationTemplate, DomainName, DomainPattern, Gid, Localpart, MailboxFormat,
    PasswordHash, QuotaLimit, ServiceSet, Timestamp, Transport, Uid,
};

/// A domain to be made.
#[derive(Clone, Debug)]
pub struct NewDomain {
    /// Its primary name.
    pub name: DomainName,
    /// Where its mail goes; `None` leaves it to Postfix.
    pub transport: Option<Transport>,
    /// What its accounts may use.
    pub services: ServiceSet,
    /// What its accounts may hold.
    pub quota: QuotaLimit,
    /// A remark for people.
    pub note: Option<String>,
}

/// An account to be made. `None` means that the domain decides.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The domain.
    pub gid: Gid,
    /// The local part.
    pub localpart: Localpart,
    /// What its password became.
    pub password: PasswordHash,
    /// Who it belongs to.
    pub name: Option<String>,
    /// A remark for people.
    pub note: Option<String>,
    /// How its mail is stored.
    pub format: MailboxFormat,
    /// The directory of the mail below the home.
    pub root: String,
    /// What it may be used for.
    pub services: Option<ServiceSet>,
    /// What it may hold.
    pub quota: Option<QuotaLimit>,
    /// Where its mail goes.
    pub transport: Option<Transport>,
    /// When it ends; `None` is never.
    pub expires: Option<Timestamp>,
}

/// Waits until no other administrator's command is between its checks and its commit, so that
/// what the checks saw stays true. Plain SQL does not wait; constraints guard against it.
///
/// # Errors
/// The database failed.
pub async fn take_turn(tx: &Transaction<'_>) -> Result<(), Error> {
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('postcote.admin', 0))";
    tx.batch_execute(lock).await
}

/// Has all constraints checked now, as a commit would.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn check_now(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.batch_execute("SET CONSTRAINTS ALL IMMEDIATE").await
}

/// Makes a domain with its primary name, its homes below `base_directory`.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn insert_domain(
    tx: &Transaction<'_>,
    domain: &NewDomain,
    base_directory: &str,
) -> Result<Gid, Error> {
    let base = "SELECT set_config('postcote.base_directory', $1, true)";
    tx.query_one(base, &[&base_directory]).await?;
    let row = tx
        .query_one(
            include_str!("sql/insert_domain.sql"),
            &[
                &domain.transport,
                &domain.services,
                &signed(domain.quota.bytes),
                &signed(domain.quota.messages),
                &domain.note,
            ],
        )
        .await?;
    let gid = row.try_get(0)?;
    let name = "INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES ($1, $2, true)";
    tx.execute(name, &[&domain.name, &gid]).await?;
    Ok(gid)
}

/// Gives a domain another name.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn insert_alias_domain(
    tx: &Transaction<'_>,
    name: &DomainPattern,
    gid: Gid,
) -> Result<(), Error> {
    let statement = "INSERT INTO postcote.domain_name (name, gid) VALUES ($1, $2)";
    tx.execute(statement, &[name, &gid]).await.map(drop)
}

/// Takes an alias domain away.
///
/// # Errors
/// The database failed.
pub async fn delete_alias_domain(tx: &Transaction<'_>, name: &DomainPattern) -> Result<(), Error> {
    let statement = "DELETE FROM postcote.domain_name WHERE name = $1 AND NOT is_primary";
    tx.execute(statement, &[name]).await.map(drop)
}

/// Makes an alias domain another domain's.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn switch_alias_domain(
    tx: &Transaction<'_>,
    name: &DomainPattern,
    gid: Gid,
) -> Result<(), Error> {
    let statement = "UPDATE postcote.domain_name SET gid = $2 WHERE name = $1 AND NOT is_primary";
    tx.execute(statement, &[name, &gid]).await.map(drop)
}

/// Deletes a domain with everything in it.
///
/// # Errors
/// The database failed.
pub async fn delete_domain(tx: &Transaction<'_>, gid: Gid) -> Result<(), Error> {
    for table in ["alias", "account", "relocated", "relay_recipient"] {
        let statement = format!("DELETE FROM postcote.{table} WHERE gid = $1");
        tx.execute(&statement, &[&gid]).await?;
    }
    tx.execute(include_str!("sql/delete_domain.sql"), &[&gid]).await.map(drop)
}

/// Makes an account.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn insert_account(tx: &Transaction<'_>, account: &NewAccount) -> Result<Uid, Error> {
    let bytes = account.quota.map(|quota| signed(quota.bytes));
    let messages = account.quota.map(|quota| signed(quota.messages));
    let row = tx
        .query_one(
            include_str!("sql/insert_account.sql"),
            &[
                &account.gid,
                &account.localpart,
                &account.password.expose(),
                &account.name,
                &account.note,
                &account.format.as_str(),
                &account.root,
                &account.services,
                &bytes,
                &messages,
                &account.transport,
                &account.expires.map(|time| time.0),
            ],
        )
        .await?;
    row.try_get(0)
}

/// Deletes an account.
///
/// # Errors
/// The database failed.
pub async fn delete_account(tx: &Transaction<'_>, uid: Uid) -> Result<(), Error> {
    tx.execute("DELETE FROM postcote.account WHERE uid = $1", &[&uid]).await.map(drop)
}

/// Sets where an account's mail goes on to; nothing ends it.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn set_forwards(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
    to: &[DestinationTemplate],
) -> Result<(), Error> {
    let statement = "UPDATE postcote.account SET forwards = nullif($3::text[], '{}') \
                     WHERE gid = $1 AND localpart = $2";
    tx.execute(statement, &[&gid, localpart, &to]).await.map(drop)
}

/// Makes an alias or gives it other destinations; a default alias stands at [`Gid::DEFAULTS`].
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn put_alias(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
    to: &[DestinationTemplate],
) -> Result<(), Error> {
    if gid == Gid::DEFAULTS {
        let statement = include_str!("sql/put_default_alias.sql");
        return tx.execute(statement, &[localpart, &to]).await.map(drop);
    }
    tx.execute(include_str!("sql/put_alias.sql"), &[&gid, localpart, &to]).await.map(drop)
}

/// What changes of an alias; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AliasChange {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// When it ends, or that it does not.
    pub expires: Option<Option<Timestamp>>,
    /// A remark, or none.
    pub note: Option<Option<String>>,
    /// Who may write to it, or that anybody may.
    pub senders: Option<Option<Vec<AllowedSender>>>,
}

/// Changes an alias, but not its destinations.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn set_alias(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
    change: &AliasChange,
) -> Result<(), Error> {
    let statement = format!(
        "UPDATE postcote.{} SET enabled = coalesce($3, enabled), \
         expires_at = CASE WHEN $4 THEN to_timestamp($5::bigint) ELSE expires_at END, \
         note = CASE WHEN $6 THEN $7 ELSE note END, \
         senders = CASE WHEN $8 THEN $9 ELSE senders END WHERE gid = $1 AND localpart = $2",
        alias_table(gid)
    );
    let expires = change.expires.flatten().map(|time| time.0);
    let params: [&(dyn ToSql + Sync); 9] = [
        &gid,
        localpart,
        &change.enabled,
        &change.expires.is_some(),
        &expires,
        &change.note.is_some(),
        &change.note.clone().flatten(),
        &change.senders.is_some(),
        &change.senders.clone().flatten(),
    ];
    tx.execute(&statement, &params).await.map(drop)
}

/// Where the aliases of a domain stand, and the default aliases.
fn alias_table(gid: Gid) -> &'static str {
    if gid == Gid::DEFAULTS { "default_alias" } else { "alias" }
}

/// Deletes an alias.
///
/// # Errors
/// The database failed.
pub async fn delete_alias(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
) -> Result<(), Error> {
    let table = alias_table(gid);
    let statement = format!("DELETE FROM postcote.{table} WHERE gid = $1 AND localpart = $2");
    tx.execute(&statement, &[&gid, localpart]).await.map(drop)
}

/// Gives a domain a catch-all, or another one.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn put_catchall(
    tx: &Transaction<'_>,
    gid: Gid,
    to: &[DestinationTemplate],
) -> Result<(), Error> {
    tx.execute(include_str!("sql/put_catchall.sql"), &[&gid, &to]).await.map(drop)
}

/// Takes a domain's catch-all away.
///
/// # Errors
/// The database failed.
pub async fn delete_catchall(tx: &Transaction<'_>, gid: Gid) -> Result<(), Error> {
    tx.execute("DELETE FROM postcote.catchall WHERE gid = $1", &[&gid]).await.map(drop)
}

/// Says that somebody has moved, or moved again.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn put_relocated(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
    to: &Destination,
) -> Result<(), Error> {
    tx.execute(include_str!("sql/put_relocated.sql"), &[&gid, localpart, to]).await.map(drop)
}

/// Makes a remark about somebody who has moved.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn note_relocated(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
    note: &str,
) -> Result<(), Error> {
    let statement = "UPDATE postcote.relocated SET note = $3 WHERE gid = $1 AND localpart = $2";
    tx.execute(statement, &[&gid, localpart, &note]).await.map(drop)
}

/// Forgets that somebody has moved.
///
/// # Errors
/// The database failed.
pub async fn delete_relocated(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
) -> Result<(), Error> {
    let statement = "DELETE FROM postcote.relocated WHERE gid = $1 AND localpart = $2";
    tx.execute(statement, &[&gid, localpart]).await.map(drop)
}

/// PostgreSQL has no unsigned numbers; sizes and counts are parsed to fit.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
