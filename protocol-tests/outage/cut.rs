//! Sessions that are ended by an administrator, and what happens to the data meanwhile.

use postcote::lookup::Table;
use tokio_postgres::Client as Database;

use super::load::{Counts, Load};
use super::{Site, is_temporary, poll};
use crate::support::daemon::SOON;

const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                         WHERE application_name LIKE 'postcote %'";

/// Ends both sessions of the daemon and lets no new one in.
async fn cut_off(database: &Database) {
    database.batch_execute("ALTER ROLE daemon NOLOGIN").await.unwrap();
    let ended: i64 = database.query_one(TERMINATE, &[]).await.unwrap().get(0);
    assert_eq!(ended, 2, "one for lookups, one for the feed");
    wait_for_sessions(database, 0).await;
}

async fn let_in(database: &Database) {
    database.batch_execute("ALTER ROLE daemon LOGIN").await.unwrap();
    wait_for_sessions(database, 2).await;
}

async fn wait_for_sessions(database: &Database, number: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'postcote %'";
    let deadline = tokio::time::Instant::now() + SOON;
    while database.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) != number {
        assert!(tokio::time::Instant::now() < deadline, "not {number} sessions");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminated_sessions_come_back_under_load() {
    let site = Site::new(|_| ()).await;
    let database = site.database().await;
    let mut load = Load::start(&site.daemon.socket(), 8).await;
    for round in 0..5 {
        load.wait_for(Counts::fresh_found, 30).await;
        database.query_one(TERMINATE, &[]).await.unwrap();
        load.wait_for(Counts::warm, 500).await;
        wait_for_sessions(&database, 2).await;
        let add =
            format!("INSERT INTO postcote.relocated VALUES (70000, 'gone{round}', 'a@b.example')");
        database.batch_execute(&add).await.unwrap();
        let mut client = site.daemon.client().await;
        let gone = format!("gone{round}@many.example");
        let not_yet = |reply: &str| reply == "NOTFOUND" || is_temporary(reply);
        poll(&mut client, Table::RelocatedMaps, &gone, "OK a@b.example", not_yet).await;
    }
    load.stop().await;
}

#[tokio::test]
async fn changes_made_while_the_feed_was_cut_are_seen_after_it() {
    let site = Site::new(|_| ()).await;
    let database = site.database().await;
    let mut client = site.daemon.client().await;
    let (asked, unknown) = ("user1@many.example", "later@many.example");
    assert_eq!(client.lookup(Table::TransportMaps, asked).await, "OK smtp:1");
    assert_eq!(client.lookup(Table::VirtualAliasMaps, unknown).await, "NOTFOUND");
    cut_off(&database).await;
    let change = "UPDATE postcote.account SET transport = 'smtp:new' WHERE localpart = 'user1';
                  INSERT INTO postcote.alias VALUES (70000, 'later', '{user2@many.example}')";
    database.batch_execute(change).await.unwrap();
    // Nobody can know: what was true last is the answer.
    assert_eq!(client.lookup(Table::TransportMaps, asked).await, "OK smtp:1");
    assert!(is_temporary(&client.lookup(Table::TransportMaps, "user3@many.example").await));

    let_in(&database).await;
    let old = |reply: &str| reply == "OK smtp:1";
    poll(&mut client, Table::TransportMaps, asked, "OK smtp:new", old).await;
    let old = |reply: &str| reply == "NOTFOUND" || is_temporary(reply);
    poll(&mut client, Table::VirtualAliasMaps, unknown, "OK user2@many.example", old).await;
    let distrusted = site.daemon.metric("postcote_distrusted_total");
    assert_eq!(distrusted, 0, "the feed read on from where it stood");
}

#[tokio::test]
async fn when_the_change_log_no_longer_reaches_back_everything_is_verified() {
    let site = Site::new(|_| ()).await;
    let database = site.database().await;
    let mut client = site.daemon.client().await;
    let (asked, unknown) = ("user1@many.example", "later@many.example");
    assert_eq!(client.lookup(Table::TransportMaps, asked).await, "OK smtp:1");
    assert_eq!(client.lookup(Table::VirtualAliasMaps, unknown).await, "NOTFOUND");
    cut_off(&database).await;
    let change = "UPDATE postcote.account SET transport = 'smtp:new' WHERE localpart = 'user1';
                  INSERT INTO postcote.alias VALUES (70000, 'later', '{user2@many.example}')";
    database.batch_execute(change).await.unwrap();
    let pruned = "SELECT postcote.prune_changes('0 seconds')";
    let pruned: i64 = database.query_one(pruned, &[]).await.unwrap().get(0);
    assert!(pruned >= 2, "{pruned} changes were removed");

    let_in(&database).await;
    let old = |reply: &str| reply == "OK smtp:1";
    poll(&mut client, Table::TransportMaps, asked, "OK smtp:new", old).await;
    let old = |reply: &str| reply == "NOTFOUND" || is_temporary(reply);
    poll(&mut client, Table::VirtualAliasMaps, unknown, "OK user2@many.example", old).await;
    assert!(site.daemon.metric("postcote_distrusted_total") >= 1);
    assert!(site.daemon.log().contains("changes may have been missed"));
}
