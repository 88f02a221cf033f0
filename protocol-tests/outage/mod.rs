//! The database goes, hangs, comes back, changes: unsure is never no, and nothing is missed.

mod changes;
mod crash;
mod cut;
mod hang;
mod load;

use postcote::lookup::Table;
use tokio_postgres::Client as Database;

use crate::support::daemon::{Daemon, SOON, Setup};
use crate::support::pg::{self, DedicatedCluster};
use crate::support::site;
use crate::support::wire::Client;

/// A cluster of its own with many accounts, and a daemon that serves them.
struct Site {
    // Dropped first, before its database.
    daemon: Daemon,
    own: DedicatedCluster,
    url: String,
}

/// Accounts `user0@many.example` and on, each with a transport `smtp:NUMBER`.
const ACCOUNTS: u32 = 20_000;

impl Site {
    async fn new(change: impl FnOnce(&mut Setup)) -> Self {
        let own = pg::dedicated_cluster();
        let url = own.database();
        let client = pg::connect(&url).await;
        site::fill_with_many(&client, ACCOUNTS).await;
        let mut setup = Setup::new(&url);
        change(&mut setup);
        Self { daemon: setup.start(), own, url }
    }

    async fn database(&self) -> Database {
        pg::connect(&self.url).await
    }
}

/// Asks until the reply is the expected one; any other is accepted meanwhile, if `bearable`.
async fn poll(
    client: &mut Client,
    table: Table,
    key: &str,
    expected: &str,
    bearable: impl Fn(&str) -> bool,
) {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let reply = client.lookup(table, key).await;
        if reply == expected {
            return;
        }
        assert!(bearable(&reply), "{table} {key}: {reply} is no way to get to {expected}");
        let late = tokio::time::Instant::now() > deadline;
        assert!(!late, "{table} {key}: still {reply}, not {expected}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

fn is_temporary(reply: &str) -> bool {
    reply.starts_with("TEMP ")
}
