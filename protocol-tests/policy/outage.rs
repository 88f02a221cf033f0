//! The database is away when the daemon starts, or goes away later.

use super::*;
use crate::support::pg;

#[tokio::test]
async fn without_a_database_only_own_counts_are_sure() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let (url, time) = (own.database(), Time::noon());
    let limits = [(JOE, per_hour(3))];
    let earlier = Host::start(&disk(&scratch, "a"), &url, &time).loaded().await;
    earlier.count(&limits).await;
    earlier.stop().await;
    own.cluster.stop().unwrap();

    let host = Host::start(&disk(&scratch, "a"), &url, &time);
    assert!(!host.ledger.loaded(Duration::from_millis(50)).await);
    assert_eq!(host.ledger.used(JOE, time.now()), None);
    let told = || async {
        match host.ledger.check(&limits, ONE, time.now()) {
            Room::Unknown(why) => why.contains("No such file") || why.contains("refused"),
            other => panic!("{other:?}"),
        }
    };
    until("it is told why", told).await;
    for n in 0..3 {
        // It was counted nevertheless.
        assert!(matches!(host.count(&limits).await, Room::Unknown(_)), "{n}");
    }
    let full = host.count(&limits).await;
    assert!(matches!(full, Room::Full { .. }), "own counts pass the limit by themselves: {full:?}");
    let without = host.count(&[(SHOP, free())]).await;
    assert_eq!(without, Room::Free { near: vec![] }, "who has no limit has room");

    own.cluster.restart().unwrap();
    assert!(host.ledger.loaded(SOON).await);
    assert_eq!(host.messages(JOE), [4; 2], "three of its own and one of before");
}

#[tokio::test]
async fn counting_goes_on_while_the_database_is_away() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let (url, time) = (own.database(), Time::noon());
    let limits = [(JOE, per_hour(10))];
    let one = Host::start(&disk(&scratch, "a"), &url, &time).loaded().await;
    let two = Host::start(&disk(&scratch, "b"), &url, &time).loaded().await;
    for host in [&one, &two] {
        host.count(&limits).await;
    }
    for host in [&one, &two] {
        host.until(JOE, [2; 2]).await;
    }
    own.cluster.kill().unwrap();
    for host in [&one, &two] {
        for _ in 0..3 {
            assert!(matches!(host.count(&limits).await, Room::Free { .. }));
        }
        assert_eq!(host.messages(JOE), [5; 2], "its own, and what it has heard of");
    }
    own.cluster.restart().unwrap();
    for host in [&one, &two] {
        host.until(JOE, [8; 2]).await;
    }
}
