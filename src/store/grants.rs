//! Sender grants: who may use which addresses as the sender, beside those that are theirs.

use tokio_postgres::{Error, Row, Transaction};

use crate::mail::policy::{LocalpartPattern, SenderPattern};
use crate::mail::{Address, DomainName, Gid, Localpart, Timestamp, Uid};
use crate::store::inventory::Filter;

/// A grant as it is listed.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// The account's one name.
    pub login: Address,
    /// The account.
    pub uid: Uid,
    /// The domain of the addresses.
    pub gid: Gid,
    /// The addresses.
    pub addresses: SenderPattern,
    /// When it was granted.
    pub created: Timestamp,
}

/// Grants addresses of a domain to an account; says whether that is new.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn insert(
    tx: &Transaction<'_>,
    uid: Uid,
    gid: Gid,
    localpart: &LocalpartPattern,
) -> Result<bool, Error> {
    let statement = "INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES ($1, $2, $3) \
                     ON CONFLICT ON CONSTRAINT sender_grant_pkey DO NOTHING";
    Ok(tx.execute(statement, &[&uid, &gid, localpart]).await? > 0)
}

/// Takes a grant away; says whether there was one.
///
/// # Errors
/// The database failed.
pub async fn delete(
    tx: &Transaction<'_>,
    uid: Uid,
    gid: Gid,
    localpart: &LocalpartPattern,
) -> Result<bool, Error> {
    let statement =
        "DELETE FROM postcote.sender_grant WHERE uid = $1 AND gid = $2 AND localpart = $3";
    Ok(tx.execute(statement, &[&uid, &gid, localpart]).await? > 0)
}

/// What an account was granted, by domain and local part.
///
/// # Errors
/// The database failed.
pub async fn of_account(tx: &Transaction<'_>, uid: Uid) -> Result<Vec<GrantRow>, Error> {
    let statement = concat!(
        include_str!("sql/sender_grants.sql"),
        "WHERE g.uid = $1 ORDER BY d.name, g.localpart COLLATE \"C\""
    );
    tx.query(statement, &[&uid]).await?.iter().map(grant).collect()
}

/// What was granted of a domain, by local part and login.
///
/// # Errors
/// The database failed.
pub async fn of_domain(tx: &Transaction<'_>, gid: Gid) -> Result<Vec<GrantRow>, Error> {
    let statement = concat!(
        include_str!("sql/sender_grants.sql"),
        "WHERE g.gid = $1 ORDER BY g.localpart COLLATE \"C\", n.name, a.localpart COLLATE \"C\""
    );
    tx.query(statement, &[&gid]).await?.iter().map(grant).collect()
}

/// The grants of accounts that pass a filter, and those whose addresses do, by login and address.
///
/// # Errors
/// The database failed.
pub async fn list(tx: &Transaction<'_>, filter: &Filter) -> Result<Vec<GrantRow>, Error> {
    let statement = concat!(
        include_str!("sql/sender_grants.sql"),
        "WHERE (g.uid, g.gid, g.localpart) IN ( \
             SELECT uid, gid, localpart FROM postcote.sender_grant \
             WHERE gid = ANY ($1) AND localpart LIKE $2 OR localpart LIKE $3 \
             UNION \
             SELECT s.uid, s.gid, s.localpart \
             FROM postcote.sender_grant s JOIN postcote.account o USING (uid) \
             WHERE o.gid = ANY ($1) AND o.localpart LIKE $2 OR o.localpart LIKE $3) \
         ORDER BY n.name, a.localpart COLLATE \"C\", d.name, g.localpart COLLATE \"C\""
    );
    tx.query(statement, &filter.params()).await?.iter().map(grant).collect()
}

fn grant(row: &Row) -> Result<GrantRow, Error> {
    let (localpart, domain): (Localpart, DomainName) =
        (row.try_get("localpart")?, row.try_get("domain")?);
    Ok(GrantRow {
        login: Address { localpart, domain },
        uid: row.try_get("uid")?,
        gid: row.try_get("gid")?,
        addresses: SenderPattern {
            localpart: row.try_get("granted")?,
            domain: row.try_get("granted_domain")?,
        },
        created: Timestamp(row.try_get("created_at")?),
    })
}
