//! The process is killed.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};

use super::*;
use crate::support::pg;

/// Set for a copy of this test binary that counts, with a journal and a database.
const COUNTER: &str = "POSTCOTE_TEST_COUNTER";

/// Does nothing by itself: the other half of the test below.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_is_killed_by_another_test() {
    let Ok(told) = std::env::var(COUNTER) else { return };
    let (directory, url) = told.split_once(' ').unwrap();
    let host = Host::start(Path::new(directory), url, &Time::noon());
    let count = || async {
        loop {
            host.count(&[(JOE, free()), (SHOP, free())]).await;
            writeln!(std::io::stdout(), "acknowledged").unwrap();
        }
    };
    tokio::join!(count(), count(), count(), count());
}

#[tokio::test]
async fn what_a_killed_process_has_acknowledged_counts() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let (url, directory) = (own.database(), disk(&scratch, "a"));
    let mut acknowledged = 0;
    // With a database and without one, twice.
    for up in [true, false, true, false] {
        if !up {
            own.cluster.stop().unwrap();
        }
        let mut counter = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--nocapture", "policy::crash::a_counter_is_killed_by_another_test"])
            .env(COUNTER, format!("{} {url}", directory.display()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(counter.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told = 0;
        while told < 200 {
            told += u64::from(lines.next().unwrap().ends_with("acknowledged"));
        }
        counter.kill().unwrap();
        told += lines.filter(|line| line.ends_with("acknowledged")).count() as u64;
        counter.wait().unwrap();
        acknowledged += told;
        if !up {
            own.cluster.restart().unwrap();
        }
    }
    // Until all of it is in the database nothing is said to be known.
    let mut blocker = pg::connect(&url).await;
    let tx = blocker.transaction().await.unwrap();
    tx.batch_execute("LOCK TABLE postcote.sent IN SHARE MODE").await.unwrap();
    let host = Host::start(&directory, &url, &Time::noon());
    assert!(!host.ledger.loaded(Duration::from_millis(500)).await);
    tx.commit().await.unwrap();
    let host = host.loaded().await;
    let [counted, _] = host.messages(JOE);
    // Four at once of each process may have been on the disk and not yet told of.
    assert!((acknowledged..=acknowledged + 16).contains(&counted), "{acknowledged} {counted}");
    assert_eq!(host.messages(SHOP), [counted; 2]);
}
