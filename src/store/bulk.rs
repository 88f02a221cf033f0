//! Many accounts at a time, inside a transaction of the caller: a statement for each few thousand,
//! because triggers run once a statement.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Transaction};

use crate::mail::{
    DomainName, Gid, Localpart, PasswordHash, QuotaLimit, Service, ServiceSet, Transport, Uid,
};
use crate::store::inventory::quota;
use crate::store::write::{NewAccount, signed};

/// How many accounts one statement should have: a larger one is hardly faster, and nobody sees
/// how far it has come.
pub const BATCH: usize = 5000;

/// A domain that can have accounts.
#[derive(Clone, Debug)]
pub struct Home {
    /// Its primary name.
    pub name: DomainName,
    /// The domain.
    pub gid: Gid,
    /// Where its mail goes.
    pub transport: Option<Transport>,
    /// What its accounts may hold.
    pub quota: QuotaLimit,
    /// Whether its accounts, or what they may hold together, are limited.
    pub limited: bool,
}

/// Those of the names that are primary names of domains with mailboxes, in no order.
///
/// # Errors
/// The database failed.
pub async fn homes(tx: &Transaction<'_>, names: &[&DomainName]) -> Result<Vec<Home>, Error> {
    let rows = tx.query(include_str!("sql/bulk_homes.sql"), &[&names]).await?;
    rows.iter()
        .map(|row| {
            Ok(Home {
                name: row.try_get("name")?,
                gid: row.try_get("gid")?,
                transport: row.try_get("transport")?,
                quota: quota(row)?.unwrap_or_default(),
                limited: row.try_get("limited")?,
            })
        })
        .collect()
}

/// The positions of the addresses, from 0 on, at which something stands; in no order.
///
/// # Errors
/// The database failed.
pub async fn taken(
    tx: &Transaction<'_>,
    gids: &[Gid],
    localparts: &[&Localpart],
) -> Result<Vec<usize>, Error> {
    let rows = tx.query(include_str!("sql/bulk_taken.sql"), &[&gids, &localparts]).await?;
    rows.iter().map(|row| Ok(position(row.try_get(0)?))).collect()
}

/// The accounts at these addresses by their position, from 0 on; in no order.
///
/// # Errors
/// The database failed.
pub async fn uids(
    tx: &Transaction<'_>,
    gids: &[Gid],
    localparts: &[&Localpart],
) -> Result<Vec<(usize, Uid)>, Error> {
    let rows = tx.query(include_str!("sql/bulk_uids.sql"), &[&gids, &localparts]).await?;
    rows.iter().map(|row| Ok((position(row.try_get(0)?), row.try_get(1)?))).collect()
}

/// Makes accounts; says which uids they got, in the same order.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn insert_accounts(
    tx: &Transaction<'_>,
    accounts: &[NewAccount],
) -> Result<Vec<Uid>, Error> {
    let gids = column(accounts, |account| account.gid);
    let localparts = column(accounts, |account| &account.localpart);
    let passwords = column(accounts, |account| account.password.expose());
    let owners = column(accounts, |account| account.name.as_deref());
    let notes = column(accounts, |account| account.note.as_deref());
    let formats = column(accounts, |account| account.format.as_str());
    let roots = column(accounts, |account| account.root.as_str());
    let services = column(accounts, |account| account.services.map(names));
    let bytes = column(accounts, |account| account.quota.map(|quota| signed(quota.bytes)));
    let messages = column(accounts, |account| account.quota.map(|quota| signed(quota.messages)));
    let transports = column(accounts, |account| account.transport.as_ref());
    let expiries = column(accounts, |account| account.expires.map(|time| time.0));
    let params: [&(dyn ToSql + Sync); 12] = [
        &gids,
        &localparts,
        &passwords,
        &owners,
        &notes,
        &formats,
        &roots,
        &services,
        &bytes,
        &messages,
        &transports,
        &expiries,
    ];
    let rows = tx.query(include_str!("sql/bulk_insert_accounts.sql"), &params).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn column<'a, T>(of: &'a [NewAccount], value: impl Fn(&'a NewAccount) -> T) -> Vec<T> {
    of.iter().map(value).collect()
}

/// Services as one text, for there are no lists of lists of different lengths.
fn names(services: ServiceSet) -> String {
    services.iter().map(Service::as_str).collect::<Vec<_>>().join(",")
}

/// Sets what is stored of the passwords of accounts.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn set_passwords(
    tx: &Transaction<'_>,
    uids: &[Uid],
    passwords: &[PasswordHash],
) -> Result<(), Error> {
    let hashes: Vec<_> = passwords.iter().map(PasswordHash::expose).collect();
    tx.execute(include_str!("sql/bulk_set_passwords.sql"), &[&uids, &hashes]).await.map(drop)
}

/// PostgreSQL counts from 1.
fn position(ordinality: i64) -> usize {
    usize::try_from(ordinality - 1).unwrap_or(usize::MAX)
}
