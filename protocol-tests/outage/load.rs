//! Many peers that ask all the time, and judge every reply.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use postcote::lookup::Table;
use tokio::task::JoinSet;

use super::ACCOUNTS;
use crate::support::wire::Client;

/// Accounts below this number are asked for before the load starts.
pub(super) const WARM: u32 = 200;
/// An answer from memory takes microseconds; so much is for a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A running load.
pub(super) struct Load {
    peers: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    /// The next account that nobody has asked for.
    fresh: AtomicU32,
    counts: Counts,
}

/// How many replies there were.
#[derive(Debug, Default)]
pub(super) struct Counts {
    warm: AtomicU64,
    fresh_found: AtomicU64,
    fresh_temporary: AtomicU64,
}

impl Load {
    /// Asks for everything that is to be remembered, then starts so many peers.
    pub(super) async fn start(socket: &Path, peers: u32) -> Self {
        let mut client = Client::socketmap(socket).await.unwrap();
        for number in 0..WARM {
            assert_eq!(ask(&mut client, number).await, format!("OK smtp:{number}"));
            let reply = ask_unknown(&mut client, number).await;
            assert_eq!(reply, "NOTFOUND");
        }
        let shared = Shared { fresh: AtomicU32::new(WARM), ..Shared::default() };
        let mut load = Self { peers: JoinSet::new(), shared: Arc::new(shared) };
        for peer in 0..peers {
            let client = Client::socketmap(socket).await.unwrap();
            load.peers.spawn(run(client, peer, Arc::clone(&load.shared)));
        }
        load
    }

    /// Waits for so many further replies of a kind.
    pub(super) async fn wait_for(&mut self, kind: fn(&Counts) -> &AtomicU64, more: u64) {
        let start = Instant::now();
        let counter = kind(&self.shared.counts);
        let goal = counter.load(Ordering::Relaxed) + more;
        while counter.load(Ordering::Relaxed) < goal {
            assert!(start.elapsed() < Duration::from_secs(30), "{:?}", self.shared.counts);
            tokio::time::sleep(Duration::from_millis(5)).await;
            if let Some(ended) = self.peers.try_join_next() {
                ended.unwrap();
            }
        }
    }

    /// Ends the load; a wrong reply to any peer fails here.
    pub(super) async fn stop(mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.peers.join_next().await {
            ended.unwrap();
        }
    }
}

impl Counts {
    pub(super) fn warm(&self) -> &AtomicU64 {
        &self.warm
    }

    pub(super) fn fresh_found(&self) -> &AtomicU64 {
        &self.fresh_found
    }

    pub(super) fn fresh_temporary(&self) -> &AtomicU64 {
        &self.fresh_temporary
    }
}

async fn run(mut client: Client, peer: u32, shared: Arc<Shared>) {
    let mut turn = peer;
    while !shared.stop.load(Ordering::Relaxed) {
        turn = turn.wrapping_add(1);
        let number = turn.wrapping_mul(2_654_435_761) % WARM;
        let counts = &shared.counts;
        match turn % 20 {
            // An account nobody has asked for: unknown now, but never "no".
            0 => {
                let number = shared.fresh.fetch_add(1, Ordering::Relaxed);
                assert!(number < ACCOUNTS, "all accounts were asked for");
                let reply = ask(&mut client, number).await;
                if reply == format!("OK smtp:{number}") {
                    counts.fresh_found.fetch_add(1, Ordering::Relaxed);
                } else {
                    assert!(reply.starts_with("TEMP "), "user{number}, which exists: {reply}");
                    counts.fresh_temporary.fetch_add(1, Ordering::Relaxed);
                }
                // The lookups of a real peer take their time, too.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            // What was unknown when the database was there last is still unknown.
            1 => assert_eq!(ask_unknown(&mut client, number).await, "NOTFOUND"),
            _ => {
                let start = Instant::now();
                assert_eq!(ask(&mut client, number).await, format!("OK smtp:{number}"));
                let took = start.elapsed();
                assert!(took < AT_ONCE, "an answer from memory took {took:?}");
                counts.warm.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

async fn ask(client: &mut Client, number: u32) -> String {
    client.lookup(Table::TransportMaps, &format!("user{number}@many.example")).await
}

async fn ask_unknown(client: &mut Client, number: u32) -> String {
    client.lookup(Table::VirtualMailboxMaps, &format!("nobody{number}@many.example")).await
}
