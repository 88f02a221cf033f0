//! To whom accounts have written.

use tokio_postgres::{Client, Error};

use crate::mail::Uid;

/// Those of some recipients to whom an account has written since a day, with the last day; days are
/// counted since 1970-01-01.
///
/// # Errors
/// The database failed.
pub async fn among(
    client: &Client,
    uid: Uid,
    recipients: &[i64],
    since: i32,
) -> Result<Vec<(i64, i32)>, Error> {
    let query = "SELECT recipient, last_on - date '1970-01-01' FROM postcote.sent_to
                 WHERE uid = $1 AND recipient = ANY ($2) AND last_on >= date '1970-01-01' + $3::int";
    let rows = client.query(query, &[&uid, &recipients, &since]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
