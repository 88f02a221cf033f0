//! Peers in numbers: all are answered, and nobody waits for somebody else's manners.

use std::time::{Duration, Instant};

use postcote::lookup::Table;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::site::Site;
use crate::support::wire::Client;

/// Postfix runs up to 100 processes of each kind, and each keeps a connection.
const MANY: usize = 1000;

#[tokio::test]
async fn a_thousand_connections_are_all_answered() {
    let site = Site::new("shop").await;
    // The daemon started with 256 files and asked for more itself; these are for our side.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let mut clients = Vec::new();
    for _ in 0..MANY {
        clients.push(site.daemon.client().await);
    }
    for client in &mut clients {
        client.send(b"virtual_alias_maps info@shop.example").await.unwrap();
    }
    for client in &mut clients {
        assert_eq!(client.receive().await.unwrap(), b"OK anna@shop.example");
    }
    let open = site.daemon.metric("postcote_connections_open{peer=\"socketmap\"}");
    assert!(open >= MANY as u64, "{open} connections are open");
    // Late, and in another order.
    for client in clients.iter_mut().rev() {
        let reply = client.lookup(Table::VirtualMailboxDomains, "shop.example").await;
        assert_eq!(reply, "OK 1");
    }
}

#[tokio::test]
async fn beyond_the_limit_peers_wait_and_are_not_refused() {
    let site = Site::with("shop", |setup| setup.max_connections = 2).await;
    let mut clients = [site.daemon.client().await, site.daemon.client().await];
    for client in &mut clients {
        assert_eq!(client.lookup(Table::VirtualMailboxDomains, "shop.example").await, "OK 1");
    }
    let mut third = site.daemon.client().await;
    third.send(b"virtual_mailbox_domains shop.example").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), third.receive()).await;
    assert!(early.is_err(), "the third was not to be served yet: {early:?}");
    for client in &mut clients {
        assert_eq!(client.lookup(Table::VirtualMailboxDomains, "shop.example").await, "OK 1");
    }
    let [first, _second] = clients;
    drop(first);
    assert_eq!(third.receive().await.unwrap(), b"OK 1");
    assert!(site.daemon.log().contains("2 connections open, further ones wait"));
}

#[tokio::test]
async fn slow_and_deaf_peers_delay_nobody() {
    let site = Site::new("shop").await;
    let mut peers = Vec::new();
    for number in 0..100 {
        let mut peer = site.daemon.client().await;
        // Half a length, a length, half a key, and a netstring that lacks its end.
        let half: &[u8] =
            [&b"3"[..], b"36:", b"36:virtual_alias", b"36:virtual_alias_maps info@shop.example"]
                [number % 4];
        peer.send_raw(half).await.unwrap();
        peers.push(peer);
    }
    // Asks without end and never listens, until nothing more can be written.
    let mut deaf = site.daemon.client().await;
    let asking =
        async { while deaf.send(b"virtual_alias_maps team@shop.example").await.is_ok() {} };
    assert!(tokio::time::timeout(Duration::from_millis(300), asking).await.is_err());

    let mut polite = site.daemon.client().await;
    let start = Instant::now();
    for _ in 0..1000 {
        let reply = polite.lookup(Table::VirtualAliasMaps, "info@shop.example").await;
        assert_eq!(reply, "OK anna@shop.example");
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(10), "1000 lookups took {took:?}");
    // Those who were slow are served when they go on.
    finish(&mut peers[3], b",").await;
    finish(&mut peers[2], b"_maps info@shop.example,").await;
}

async fn finish(peer: &mut Client, rest: &[u8]) {
    peer.send_raw(rest).await.unwrap();
    assert_eq!(peer.receive().await.unwrap(), b"OK anna@shop.example");
}
