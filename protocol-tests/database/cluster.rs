//! The private cluster: quick to start, closed to others, and gone when it should be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

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
