//! Which aliases name somebody among those who may write to them.

use tokio_postgres::{Error, Row, Transaction};

use crate::mail::policy::AllowedSender;
use crate::mail::{DomainName, Gid, Localpart};

/// An alias that not everybody may write to; a default alias has [`Gid::DEFAULTS`].
#[derive(Clone, Debug)]
pub struct Guarded {
    /// Its domain.
    pub gid: Gid,
    /// Its local part.
    pub localpart: Localpart,
    /// Who may write to it.
    pub senders: Vec<AllowedSender>,
}

/// Those that name one of these.
///
/// # Errors
/// The database failed.
pub async fn naming(tx: &Transaction<'_>, named: &[AllowedSender]) -> Result<Vec<Guarded>, Error> {
    by_keys(tx, &named.iter().map(ToString::to_string).collect::<Vec<_>>()).await
}

/// Those that name addresses of a domain.
///
/// # Errors
/// The database failed.
pub async fn naming_domain(tx: &Transaction<'_>, name: &DomainName) -> Result<Vec<Guarded>, Error> {
    by_keys(tx, &[format!("@{name}")]).await
}

/// By the keys of `V13__policy.sql`.
async fn by_keys(tx: &Transaction<'_>, keys: &[String]) -> Result<Vec<Guarded>, Error> {
    let statement = "SELECT gid, localpart, senders FROM postcote.alias \
                     WHERE senders IS NOT NULL AND postcote.sender_keys(senders) && $1 \
                     UNION ALL \
                     SELECT gid, localpart, senders FROM postcote.default_alias \
                     WHERE postcote.sender_keys(senders) && $1 ORDER BY 1, 2";
    tx.query(statement, &[&keys]).await?.iter().map(guarded).collect()
}

fn guarded(row: &Row) -> Result<Guarded, Error> {
    Ok(Guarded { gid: row.try_get(0)?, localpart: row.try_get(1)?, senders: row.try_get(2)? })
}
