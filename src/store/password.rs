//! The stored password of an account, which nothing else reads.

use tokio_postgres::{Client, Error, Transaction};

use crate::mail::{Gid, Localpart, PasswordHash, Uid};

/// Sets what is stored of an account's password.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn set(tx: &Transaction<'_>, uid: Uid, hash: &PasswordHash) -> Result<(), Error> {
    let statement = "UPDATE postcote.account SET password = $2 WHERE uid = $1";
    tx.execute(statement, &[&uid, &hash.expose()]).await.map(drop)
}

/// Puts another hash in place of the one that was verified, if that stands there still; says
/// whether it did. The database user needs the right to call `postcote.rehash_password`.
///
/// # Errors
/// The database failed, or refused.
pub async fn replace(
    client: &Client,
    uid: Uid,
    verified: &PasswordHash,
    rehashed: &PasswordHash,
) -> Result<bool, Error> {
    let query = "SELECT postcote.rehash_password($1, $2, $3)";
    let row = client.query_one(query, &[&uid, &verified.expose(), &rehashed.expose()]).await?;
    row.try_get(0)
}

/// What is stored of an account's password, if there is such an account: a hash, or what plain SQL
/// put in its place.
///
/// # Errors
/// The database failed.
pub async fn of(
    tx: &Transaction<'_>,
    gid: Gid,
    localpart: &Localpart,
) -> Result<Option<String>, Error> {
    let query = "SELECT password FROM postcote.account WHERE gid = $1 AND localpart = $2";
    let row = tx.query_opt(query, &[&gid, localpart]).await?;
    row.map(|row| row.try_get(0)).transpose()
}
