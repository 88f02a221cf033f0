//! Who was told to wait, and who has come back.

use tokio_postgres::{Client, Error};

use crate::mail::Timestamp;
use crate::mail::policy::{Proof, Seen, Triplet};

/// What is known of a triplet and of its network.
///
/// # Errors
/// The database failed.
pub async fn find(
    client: &Client,
    triplet: Triplet,
) -> Result<(Option<Seen>, Option<Proof>), Error> {
    let query = include_str!("sql/find_greylist.sql");
    let network = triplet.network.to_string();
    let row = client.query_one(query, &[&triplet.hash, &network]).await?;
    let time = |column| row.try_get::<_, Option<i64>>(column).map(|at| at.map(Timestamp));
    let (first, passed, last) = (time("first_at")?, time("passed_at")?, time("last_at")?);
    let count: Option<i64> = row.try_get("passes")?;
    let proof = count.zip(last);
    Ok((
        first.map(|first| Seen { first, passed }),
        proof.map(|(count, last)| Proof { passes: count.unsigned_abs(), last }),
    ))
}
