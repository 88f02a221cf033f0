//! Dialogs: what is asked and what is answered, as data files beside this one (see `README.md`).
//!
//! Each is played in memory, over the loop that serves every connection, and then twice through the
//! sockets of a real daemon: what is loaded from PostgreSQL and what is remembered must be the same.

pub(crate) mod file;
mod player;

use std::collections::BTreeMap;
use std::sync::Arc;

use postcote::handler::TableAnswers;
use postcote::lookup::{Resolver, Table};
use postcote::mail::Delimiters;

use crate::support::fixture::Fixture;
use crate::support::site::Site;
use crate::support::wire::{Client, Framing};
use file::Dialog;

#[tokio::test]
async fn dialogs_play_in_memory() {
    let mut failures = Vec::new();
    for (name, dialogs) in by_fixture() {
        let fixture = Fixture::read(&name);
        let delimiters = Delimiters::parse(&fixture.recipient_delimiter).unwrap();
        let resolver = Resolver::new(fixture.directory(), delimiters);
        let answers = Arc::new(TableAnswers::new(resolver));
        for dialog in dialogs {
            let mut client = player::connect(&answers, &dialog);
            failures.extend(player::play(&dialog, &mut client).await);
        }
    }
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n\n"));
}

#[tokio::test]
async fn dialogs_play_through_the_daemon() {
    let mut failures = Vec::new();
    for (name, dialogs) in by_fixture() {
        let site = Site::with(&name, |setup| setup.tcp_tables = Table::ALL.to_vec()).await;
        let daemon = &site.daemon;
        for dialog in dialogs {
            for _ in 0..2 {
                let mut client = match &dialog.table {
                    Some(table) => Client::tcp_table(daemon.port(table.as_str())).await.unwrap(),
                    None => daemon.client().await,
                };
                failures.extend(player::play(&dialog, &mut client).await);
            }
        }
        let malformed = daemon.metric("postcote_malformed_requests_total{peer=\"socketmap\"}");
        assert_eq!(malformed, 0, "dialogs are well-formed");
    }
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n\n"));
}

/// Every dialog, under the name of its fixture.
pub(crate) fn by_fixture() -> BTreeMap<String, Vec<Dialog>> {
    let mut sorted: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (folder, framing) in [("socketmap", Framing::Netstring), ("tcp_table", Framing::Line)] {
        for dialog in file::read_all(folder, framing) {
            sorted.entry(dialog.fixture.clone()).or_default().push(dialog);
        }
    }
    sorted
}
