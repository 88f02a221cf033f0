//! What was acknowledged is written once: whatever is killed, and whenever.

mod crash;
mod meaning;

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use postcote::daemon;
use postcote::journal::{Amount, Write, WriteBack};
use postcote::mail::{Timestamp, Uid};
use postcote::store::{Link, Role};
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::support::site;

const SOON: Duration = Duration::from_secs(30);

/// Accounts 70000 and on.
const ACCOUNTS: u32 = 20;

async fn fill(client: &Client) {
    site::fill_with_many(client, ACCOUNTS).await;
}

fn link(url: &str) -> Link {
    let mut config = postcote::config::Config::default();
    config.database.url = url.to_owned().into();
    daemon::link(&config, Role::Journal).unwrap()
}

fn open(directory: &Path, url: &str) -> WriteBack {
    WriteBack::open(directory, link(url)).unwrap()
}

fn quota(uid: u32, bytes: impl Into<Option<Amount>>, messages: impl Into<Option<Amount>>) -> Write {
    Write::Quota { uid: Uid(uid), bytes: bytes.into(), messages: messages.into() }
}

fn login(uid: u32, service: &str, at: i64, remote: Option<&str>) -> Write {
    let remote = remote.map(|ip| ip.parse::<IpAddr>().unwrap());
    Write::LastLogin { uid: Uid(uid), service: service.to_owned(), at: Timestamp(at), remote }
}

/// How many files of journals there are.
fn files(directory: &Path) -> usize {
    let all = std::fs::read_dir(directory).unwrap();
    all.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "journal"))
        .count()
}

async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + SOON;
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
