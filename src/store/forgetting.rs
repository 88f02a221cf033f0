//! Removes what the policy service remembered and nobody wants to know any more.

use tokio_postgres::{Client, Error};

use crate::mail::Timestamp;

/// What is old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// To whom an account has not written since a day, in days since 1970-01-01.
    Acquaintances {
        /// The day.
        before: i32,
    },
    /// Who was told to wait and did not come back.
    Waiting {
        /// Since when.
        before: Timestamp,
        /// Who has come back but not since then is old as well, and so are networks.
        known_before: Timestamp,
    },
}

/// Rows that are removed together, so that no transaction takes long.
const TOGETHER: i64 = 5_000;

/// Removes it, and says how many rows.
///
/// # Errors
/// The database failed; what was removed until then stays so.
pub async fn forget(client: &Client, old: Old) -> Result<u64, Error> {
    let mut removed = 0;
    match old {
        Old::Acquaintances { before } => {
            let statement = "DELETE FROM postcote.sent_to WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM postcote.sent_to WHERE last_on < date '1970-01-01' + $1::int
                LIMIT $2))";
            loop {
                let some = client.execute(statement, &[&before, &TOGETHER]).await?;
                removed += some;
                if some == 0 {
                    return Ok(removed);
                }
            }
        }
        Old::Waiting { before, known_before } => {
            let triplets = "DELETE FROM postcote.greylist WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM postcote.greylist
                WHERE first_at < to_timestamp($1::bigint)
                  AND (passed_at IS NULL OR passed_at < to_timestamp($2::bigint))
                LIMIT $3))";
            let networks = "DELETE FROM postcote.greylist_client WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM postcote.greylist_client
                WHERE last_at < to_timestamp($1::bigint) LIMIT $2))";
            loop {
                let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                    [&before.0, &known_before.0, &TOGETHER];
                let some = client.execute(triplets, &parameters).await?;
                let some = some + client.execute(networks, &[&known_before.0, &TOGETHER]).await?;
                removed += some;
                if some == 0 {
                    return Ok(removed);
                }
            }
        }
    }
}
