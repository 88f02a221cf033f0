//! The private cluster: quick to start, closed to others, and gone when it should be.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use postcote::demo::cluster::{ClusterError, Durability, PrivateCluster};

use crate::support::pg;

#[tokio::test]
async fn a_killed_cluster_comes_back_with_what_was_committed() {
    let mut own = pg::dedicated_cluster();
    let url = own.database();
    let client = pg::connect(&url).await;
    client.batch_execute("CREATE TABLE kept (); INSERT INTO kept DEFAULT VALUES").await.unwrap();
    own.cluster.kill().unwrap();
    assert!(client.batch_execute("SELECT").await.is_err());
    own.cluster.restart().unwrap();
    let client = pg::connect(&url).await;
    assert_eq!(client.query("SELECT FROM kept", &[]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_stopped_cluster_starts_again_on_the_same_directory() {
    let mut own = pg::dedicated_cluster();
    own.cluster.stop().unwrap();
    own.cluster.stop().unwrap();
    own.cluster.restart().unwrap();
    assert!(own.cluster.create_database("with \"quotes\" and %").unwrap());
    assert!(!own.cluster.create_database("with \"quotes\" and %").unwrap());
    let client = pg::connect(&own.cluster.url("with \"quotes\" and %")).await;
    client.batch_execute("SELECT").await.unwrap();
}

#[test]
fn the_socket_is_closed_to_others() {
    let mode = fs::metadata(pg::cluster().socket_directory()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// Set for a copy of this test binary that starts a cluster in the named directory and is killed.
const HOLD: &str = "POSTCOTE_TEST_HOLD";

/// Does nothing by itself: the other half of the test below.
#[test]
fn a_cluster_is_held_for_another_test() {
    if let Some(directory) = env::var_os(HOLD) {
        let _cluster = PrivateCluster::start(Path::new(&directory), Durability::Fast).unwrap();
        thread::park();
    }
}

#[test]
fn no_server_outlives_the_process_that_started_it() {
    let mut own = pg::dedicated_cluster();
    let directory = own.cluster.directory().to_owned();
    let data = directory.join("data");
    own.cluster.stop().unwrap();
    let mut holder = Command::new(env::current_exe().unwrap())
        .args(["--exact", "database::cluster::a_cluster_is_held_for_another_test"])
        .env(HOLD, directory)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = until("the server is ready", || {
        let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
        let lines: Vec<_> = text.lines().collect();
        (lines.get(7)?.trim() == "ready").then(|| lines[0].to_owned())
    });
    // Not even a chance to say goodbye.
    holder.kill().unwrap();
    holder.wait().unwrap();
    until("the server is gone", || {
        let stat = fs::read_to_string(format!("/proc/{server}/stat")).unwrap_or_default();
        (stat.is_empty() || stat.contains(") Z ")).then_some(())
    });
}

fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_second_cluster_in_the_same_directory_is_refused() {
    let own = pg::dedicated_cluster();
    let error = PrivateCluster::start(own.cluster.directory(), Durability::Fast).unwrap_err();
    assert!(matches!(error, ClusterError::NotStarted { .. }), "{error:?}");
    assert!(error.to_string().contains("postmaster.pid"), "{error}");
    own.cluster.create_database("still_there").unwrap();
}

#[test]
fn a_directory_too_deep_for_a_socket_is_refused() {
    let deep = env::temp_dir().join("x".repeat(100));
    let error = PrivateCluster::start(&deep, Durability::Fast).unwrap_err();
    assert!(matches!(error, ClusterError::SocketPathTooLong { .. }), "{error:?}");
    fs::remove_dir_all(deep).unwrap();
}
