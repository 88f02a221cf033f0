//! The limits of a domain and what it has of what is limited, inside the transaction that writes.

use tokio_postgres::{Error, Row, Transaction};

use crate::mail::Gid;
use crate::mail::rules::{Limits, Usage};

/// The limits of a domain and how it stands now.
///
/// # Errors
/// The database failed.
pub async fn of(tx: &Transaction<'_>, gid: Gid) -> Result<(Limits, Usage), Error> {
    let Some(row) = tx.query_opt(include_str!("sql/limits.sql"), &[&gid]).await? else {
        return Ok((Limits::default(), Usage::default()));
    };
    let count = |column| number(&row, column).map(Option::unwrap_or_default);
    let usage = Usage {
        accounts: count("accounts")?,
        aliases: count("aliases")?,
        alias_domains: count("alias_domains")?,
        quota: count("quota")?,
        unlimited: count("unlimited")?,
    };
    Ok((read(&row)?, usage))
}

/// The limits that stand in a row.
pub(super) fn read(row: &Row) -> Result<Limits, Error> {
    Ok(Limits {
        accounts: number(row, "max_accounts")?,
        aliases: number(row, "max_aliases")?,
        alias_domains: number(row, "max_alias_domains")?,
        destinations: number(row, "max_destinations")?,
        total_quota: number(row, "max_total_quota")?,
    })
}

/// The schema has no negative limits.
fn number(row: &Row, column: &str) -> Result<Option<u64>, Error> {
    Ok(row.try_get::<_, Option<i64>>(column)?.map(i64::unsigned_abs))
}
