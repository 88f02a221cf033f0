//! Somebody tries every name there is: guesses push out other guesses, never an address that exists.

use postcote::lookup::Table;
use tokio::task::JoinSet;

use crate::support::daemon::{Daemon, SOON};
use crate::support::site::Site;
use crate::support::terms::wait_for;

const GUESSERS: u32 = 16;
const GUESSES: u32 = 200;
/// What is remembered of them.
const REMEMBERED: u32 = 500;

#[tokio::test]
async fn guesses_push_out_other_guesses_only() {
    let site = Site::with("shop", |setup| setup.cache_unknown = REMEMBERED).await;
    let mut client = site.daemon.client().await;
    let known = "anna@shop.example";
    let mailbox = client.lookup(Table::VirtualMailboxMaps, known).await;
    guess(&site.daemon).await;
    // Published, and tidied, every few seconds.
    wait_for("the guesses to be forgotten", SOON, || {
        let remembered = site.daemon.metric("postcote_cache_unknown{cached=\"entry\"}");
        (remembered > 0 && remembered <= REMEMBERED.into()).then_some(())
    });
    let misses = "postcote_cache_misses_total{cached=\"entry\"}";
    let loaded = site.daemon.metric(misses);
    assert!(loaded >= u64::from(GUESSERS * GUESSES));
    assert_eq!(client.lookup(Table::VirtualMailboxMaps, known).await, mailbox);
    assert_eq!(site.daemon.metric(misses), loaded, "who exists is remembered as before");
}

/// Asks for names that nobody has, each once, all at the same time.
async fn guess(daemon: &Daemon) {
    let mut guessers = JoinSet::new();
    for guesser in 0..GUESSERS {
        let mut client = daemon.client().await;
        guessers.spawn(async move {
            for number in 0..GUESSES {
                let key = format!("guess-{guesser}-{number}@shop.example");
                assert_eq!(client.lookup(Table::VirtualMailboxMaps, &key).await, "NOTFOUND");
            }
        });
    }
    while let Some(guesser) = guessers.join_next().await {
        guesser.unwrap();
    }
}
