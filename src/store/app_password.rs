//! App passwords: further passwords of an account, each for one program or device.

use tokio_postgres::{Error, Row, Transaction};

use crate::mail::{Address, DomainName, Localpart, PasswordHash, ServiceSet, Timestamp, Uid};
use crate::store::inventory::Filter;

/// An app password to be made.
#[derive(Clone, Debug)]
pub struct NewAppPassword<'a> {
    /// Whose.
    pub uid: Uid,
    /// What people call it.
    pub name: &'a str,
    /// What is stored of it.
    pub hash: &'a PasswordHash,
    /// What it lets in; `None` is whatever the account may use.
    pub services: Option<ServiceSet>,
    /// When it ends; `None` is never.
    pub expires: Option<Timestamp>,
}

/// An app password as it is listed.
#[derive(Clone, Debug)]
pub struct AppPasswordRow {
    /// The account.
    pub address: Address,
    /// What people call it.
    pub name: String,
    /// What it lets in.
    pub services: Option<ServiceSet>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used, if it was.
    pub used: Option<Timestamp>,
}

/// Makes one.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn insert(tx: &Transaction<'_>, new: &NewAppPassword<'_>) -> Result<(), Error> {
    let statement = "INSERT INTO postcote.app_password (uid, name, password, services, expires_at) \
                     VALUES ($1, $2, $3, $4, to_timestamp($5::bigint))";
    let expires = new.expires.map(|at| at.0);
    tx.execute(statement, &[&new.uid, &new.name, &new.hash.expose(), &new.services, &expires])
        .await
        .map(drop)
}

/// Deletes one.
///
/// # Errors
/// The database failed.
pub async fn delete(tx: &Transaction<'_>, uid: Uid, name: &str) -> Result<(), Error> {
    let statement = "DELETE FROM postcote.app_password WHERE uid = $1 AND name = $2";
    tx.execute(statement, &[&uid, &name]).await.map(drop)
}

/// The app passwords of the accounts that pass a filter, by domain, local part and name.
///
/// # Errors
/// The database failed.
pub async fn list(tx: &Transaction<'_>, filter: &Filter) -> Result<Vec<AppPasswordRow>, Error> {
    let rows = tx.query(include_str!("sql/list_app_passwords.sql"), &filter.params()).await?;
    rows.iter().map(row).collect()
}

fn row(row: &Row) -> Result<AppPasswordRow, Error> {
    let time = |column| Ok::<_, Error>(row.try_get::<_, Option<i64>>(column)?.map(Timestamp));
    let (localpart, domain): (Localpart, DomainName) =
        (row.try_get("localpart")?, row.try_get("domain")?);
    Ok(AppPasswordRow {
        address: Address { localpart, domain },
        name: row.try_get("name")?,
        services: row.try_get("services")?,
        expires: time("expires_at")?,
        created: Timestamp(row.try_get("created_at")?),
        used: time("used_at")?,
    })
}
