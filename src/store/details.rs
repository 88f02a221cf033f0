//! Everything about one account or one domain that a list leaves out, found by index.

use tokio_postgres::{Error, Row, Transaction};

use crate::mail::rules::Limits;
use crate::mail::{Gid, QuotaLimit, ServiceSet, Timestamp, Transport, Uid};
use crate::store::inventory::quota;
use crate::store::limits;

/// What a list of accounts leaves out.
#[derive(Clone, Debug)]
pub struct AccountDetails {
    /// The scheme of its password, with its encoding.
    pub password_scheme: String,
    /// When it was made.
    pub created: Timestamp,
    /// When something of it was changed.
    pub changed: Timestamp,
    /// What it holds, if Dovecot has ever told.
    pub usage: Option<Usage>,
    /// The services that its domain has.
    pub domain_services: ServiceSet,
    /// The quota limit that its domain has.
    pub domain_quota: QuotaLimit,
    /// The transport that its domain has.
    pub domain_transport: Option<Transport>,
    /// Whether its domain is served.
    pub domain_enabled: bool,
    /// Who logged in when, by service.
    pub logins: Vec<Login>,
    /// Work on its home that is not done yet, in its order.
    pub orders: Vec<PendingOrder>,
}

/// What an account, or all accounts of a domain, hold.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Bytes.
    pub bytes: u64,
    /// Messages.
    pub messages: u64,
    /// When that was so.
    pub at: Timestamp,
}

/// The last login by one service.
#[derive(Clone, Debug)]
pub struct Login {
    /// The service.
    pub service: String,
    /// When.
    pub at: Timestamp,
    /// From which address, if that is known.
    pub remote: Option<String>,
}

/// Work on a home that is not done yet.
#[derive(Clone, Debug)]
pub struct PendingOrder {
    /// Its number.
    pub id: i64,
    /// `create`, `move` or `delete`.
    pub kind: String,
    /// `pending` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was ordered.
    pub created: Timestamp,
    /// Where a home moves to.
    pub new_home: Option<String>,
    /// Why it was not done yet.
    pub last_error: Option<String>,
}

/// What a list of domains leaves out.
#[derive(Clone, Debug)]
pub struct DomainDetails {
    /// When it was made.
    pub created: Timestamp,
    /// How much it may have.
    pub limits: Limits,
    /// What the quota limits of its accounts add up to; unlimited ones count as nothing.
    pub total_quota: u64,
    /// Whether an account of it is unlimited, so that nothing can be added up.
    pub has_unlimited: bool,
    /// What its accounts hold.
    pub usage: Option<Usage>,
    /// How many destinations its catch-all has.
    pub catchall: i64,
}

/// What a list leaves out of an account; `None` if there is no such account.
///
/// # Errors
/// The database failed.
pub async fn account(tx: &Transaction<'_>, uid: Uid) -> Result<Option<AccountDetails>, Error> {
    let Some(row) = tx.query_opt(include_str!("sql/account_details.sql"), &[&uid]).await? else {
        return Ok(None);
    };
    Ok(Some(AccountDetails {
        password_scheme: row.try_get("password_scheme")?,
        created: time(&row, "created")?,
        changed: time(&row, "changed")?,
        usage: usage(&row)?,
        domain_services: row.try_get("services")?,
        domain_quota: quota(&row)?.unwrap_or_default(),
        domain_transport: row.try_get("transport")?,
        domain_enabled: row.try_get("enabled")?,
        logins: logins(tx, uid).await?,
        orders: orders(tx, uid).await?,
    }))
}

async fn logins(tx: &Transaction<'_>, uid: Uid) -> Result<Vec<Login>, Error> {
    let statement = "SELECT service, extract(epoch FROM at)::bigint AS at, host(remote) AS remote \
                     FROM postcote.last_login WHERE uid = $1 ORDER BY service";
    let rows = tx.query(statement, &[&uid]).await?;
    rows.iter()
        .map(|row| {
            Ok(Login {
                service: row.try_get("service")?,
                at: time(row, "at")?,
                remote: row.try_get("remote")?,
            })
        })
        .collect()
}

async fn orders(tx: &Transaction<'_>, uid: Uid) -> Result<Vec<PendingOrder>, Error> {
    let statement = "SELECT id, kind, state, attempts, last_error, new_home, \
                     extract(epoch FROM created_at)::bigint AS created \
                     FROM postcote.mailbox_order WHERE uid = $1 AND state <> 'done' ORDER BY id";
    let rows = tx.query(statement, &[&uid]).await?;
    rows.iter()
        .map(|row| {
            Ok(PendingOrder {
                id: row.try_get("id")?,
                kind: row.try_get("kind")?,
                state: row.try_get("state")?,
                attempts: row.try_get("attempts")?,
                created: time(row, "created")?,
                new_home: row.try_get("new_home")?,
                last_error: row.try_get("last_error")?,
            })
        })
        .collect()
}

/// What a list leaves out of a domain; `None` if there is no such domain. Reads all its accounts.
///
/// # Errors
/// The database failed.
pub async fn domain(tx: &Transaction<'_>, gid: Gid) -> Result<Option<DomainDetails>, Error> {
    let Some(row) = tx.query_opt(include_str!("sql/domain_details.sql"), &[&gid]).await? else {
        return Ok(None);
    };
    Ok(Some(DomainDetails {
        created: time(&row, "created")?,
        limits: limits::read(&row)?,
        total_quota: count(row.try_get("total_quota")?),
        has_unlimited: row.try_get("has_unlimited")?,
        usage: usage(&row)?,
        catchall: row.try_get("catchall")?,
    }))
}

/// How many accounts of a domain would no longer log in if their address changed: their stored
/// passwords hold it.
///
/// # Errors
/// The database failed.
pub async fn bound_to_address(tx: &Transaction<'_>, gid: Gid) -> Result<i64, Error> {
    let statement = "SELECT count(*) FROM postcote.account \
                     WHERE gid = $1 AND password LIKE '{DIGEST-MD5%'";
    tx.query_one(statement, &[&gid]).await?.try_get(0)
}

/// How many accounts of a domain have another mailbox format than maildir and no transport of
/// their own.
///
/// # Errors
/// The database failed.
pub async fn without_maildir(tx: &Transaction<'_>, gid: Gid) -> Result<i64, Error> {
    let statement = "SELECT count(*) FROM postcote.account \
                     WHERE gid = $1 AND transport IS NULL AND mailbox_format <> 'maildir'";
    tx.query_one(statement, &[&gid]).await?.try_get(0)
}

fn usage(row: &Row) -> Result<Option<Usage>, Error> {
    let Some(at) = row.try_get::<_, Option<i64>>("used_at")? else { return Ok(None) };
    Ok(Some(Usage {
        bytes: count(row.try_get("used_bytes")?),
        messages: count(row.try_get("used_messages")?),
        at: Timestamp(at),
    }))
}

fn time(row: &Row, column: &str) -> Result<Timestamp, Error> {
    Ok(Timestamp(row.try_get(column)?))
}

/// The schema has no negative counts.
fn count(number: i64) -> u64 {
    number.unsigned_abs()
}
