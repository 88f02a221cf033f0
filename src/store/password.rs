//! The stored password of an account, which nothing else reads.

use tokio_postgres::{Error, Transaction};

use crate::mail::{Gid, Localpart, PasswordHash, Uid};

/// Sets what is stored of an account's password.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn set(tx: &Transaction<'_>, uid: Uid, hash: &PasswordHash) -> Result<(), Error> {
    let statement = "UPDATE postcote.account SET password = $2 WHERE uid = $1";
    tx.execute(statement, &[&uid, &hash.expose()]).await.map(drop)
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
