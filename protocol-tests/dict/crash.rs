//! PostgreSQL, or the daemon itself, is killed again and again under crowds of clients: whatever is answered is right
//! or temporary, and what was acknowledged is in the database once.

use std::sync::atomic::Ordering;

use rustix::process::Signal;
use tokio_postgres::Client;

use super::crowd::{ACCOUNTS, Crowd, GROWING};
use super::house::daemon;
use crate::support::pg;
use crate::support::scratch::Scratch;
use crate::support::site;

/// How often something is killed.
const ROUNDS: usize = 3;

async fn fill(client: &Client) {
    site::fill_with_many(client, ACCOUNTS).await;
    let empty = format!(
        "INSERT INTO postcote.quota_usage
             SELECT 70000 + n, 0, 0 FROM generate_series(0, {GROWING} - 1) n"
    );
    client.batch_execute(&empty).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_while_the_database_is_killed_is_right_or_temporary() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let url = own.database();
    fill(&pg::connect(&url).await).await;
    let daemon = daemon(&url, &scratch);
    let crowd = Crowd::new(&scratch, false);
    let clients = crowd.go();
    for _ in 0..ROUNDS {
        crowd.until_more(100, 100);
        own.cluster.kill().unwrap();
        crowd.until_more(100, 100);
        own.cluster.restart().unwrap();
    }
    crowd.until_more(100, 100);
    crowd.end(clients);
    crowd.assert_counted(&pg::connect(&url).await).await;
    assert!(!daemon.log().contains("journal_dropped"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_daemon_has_acknowledged_is_in_the_database_once() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let url = own.database();
    fill(&pg::connect(&url).await).await;
    let mut daemon = daemon(&url, &scratch);
    let crowd = Crowd::new(&scratch, true);
    let clients = crowd.go();
    for round in 0..ROUNDS {
        crowd.until_more(100, 100);
        if round == 1 {
            // What it has acknowledged then is in its journal only.
            own.cluster.kill().unwrap();
            crowd.until_more(100, 100);
        }
        daemon.signal(Signal::KILL);
        daemon.wait_for_end();
        if round == 1 {
            own.cluster.restart().unwrap();
        }
        daemon.launch();
        daemon.wait_until_ready();
    }
    crowd.until_more(100, 100);
    crowd.end(clients);
    crowd.assert_counted(&pg::connect(&url).await).await;
    let uncertain = crowd.growing.iter().map(|growth| growth.uncertain.load(Ordering::SeqCst));
    assert!(uncertain.sum::<u64>() > 0, "nobody was killed while somebody wrote");
}
