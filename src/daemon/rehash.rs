//! Puts hashes of the configured scheme in the place of others, once their password was used.

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::login::Rehash;
use crate::store::connect::chain;
use crate::store::{Link, password};
use crate::telemetry::log;

/// Replaces for as long as there may be something to replace. What fails is left for the next
/// login.
pub async fn rehash(link: Link, mut wanted: mpsc::Receiver<Rehash>) -> &'static str {
    let mut client: Option<Client> = None;
    while let Some(rehash) = wanted.recv().await {
        if client.as_ref().is_none_or(Client::is_closed) {
            client = link.connect().await.ok().map(|(client, _)| client);
        }
        let Some(connected) = &client else { continue };
        let Rehash { uid, verified, rehashed } = rehash;
        let replacing = password::replace(connected, uid, &verified, &rehashed);
        match timeout(link.query_timeout, replacing).await {
            Ok(Ok(true)) => log::rehashed(uid.0, rehashed.scheme().as_str()),
            // Somebody has changed it in between: theirs is the one that counts.
            Ok(Ok(false)) => {}
            Ok(Err(error)) => log::rehash_failed(&chain(&error)),
            Err(_) => client = None,
        }
    }
    "rehashing of passwords"
}
