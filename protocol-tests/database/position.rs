//! Reading the feed by position: a snapshot, because transactions commit out of order.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::{SHOP, shop};
use crate::support::pg;

/// The daemon's query; `$1` is the position it got the last time.
const READ: &str = "
    SELECT pg_current_snapshot()::text AS position,
           (SELECT xid FROM postcote.directory_change_floor)
               <= pg_snapshot_xmin($1::text::pg_snapshot) AS continuous,
           (SELECT history FROM postcote.directory_change_floor) AS history,
           c.xid IS NOT NULL AS present, c.name, c.gid, c.localpart
    FROM (VALUES (1)) one(x)
    LEFT JOIN postcote.directory_change c
        ON c.xid >= pg_snapshot_xmin($1::text::pg_snapshot)
       AND NOT pg_visible_in_snapshot(c.xid, $1::text::pg_snapshot)";

struct Reader {
    client: Client,
    position: String,
    history: String,
}

impl Reader {
    async fn start(url: &str) -> Self {
        let client = pg::connect(url).await;
        client.batch_execute("SET SESSION AUTHORIZATION postcote_reader").await.unwrap();
        let now =
            "SELECT pg_current_snapshot()::text, history FROM postcote.directory_change_floor";
        let row = client.query_one(now, &[]).await.unwrap();
        Self { client, position: row.get(0), history: row.get(1) }
    }

    /// The keys since the last read, or `None` if the position cannot be continued from.
    async fn read(&mut self) -> Option<BTreeSet<String>> {
        let rows = self.client.query(READ, &[&self.position]).await.unwrap();
        let continuous: bool = rows[0].get("continuous");
        assert_eq!(rows[0].get::<_, &str>("history"), self.history);
        self.position = rows[0].get("position");
        let present = rows.iter().filter(|row| row.get("present"));
        let keys = present.map(|row| {
            let address = row
                .get::<_, Option<i64>>("gid")
                .map(|gid| format!("{gid}/{}", row.get::<_, &str>("localpart")));
            row.get::<_, Option<String>>("name").or(address).unwrap_or_else(|| "*".to_owned())
        });
        continuous.then(|| keys.collect())
    }

    async fn expect(&mut self, keys: &[&str]) {
        let got = self.read().await.expect("a position that can be continued from");
        assert_eq!(got.iter().map(String::as_str).collect::<Vec<_>>(), keys);
    }
}

fn add(localpart: &str) -> String {
    format!("INSERT INTO postcote.relocated VALUES (70003, '{localpart}', 'a@b')")
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_read_late_but_read() {
    let (database, b) = shop().await;
    let a = database.connect().await;
    let mut reader = Reader::start(&database.url).await;
    a.batch_execute(&format!("BEGIN; {}", add("a"))).await.unwrap();
    reader.expect(&[]).await;
    // B has the larger transaction id and the larger row id, and commits first.
    b.batch_execute(&add("b")).await.unwrap();
    reader.expect(&["70003/b"]).await;
    reader.expect(&[]).await;
    a.batch_execute("COMMIT").await.unwrap();
    reader.expect(&["70003/a"]).await;
    reader.expect(&[]).await;
}

#[tokio::test]
async fn a_reader_that_starts_between_misses_nothing() {
    let (database, b) = shop().await;
    let a = database.connect().await;
    a.batch_execute(&format!("BEGIN; {}", add("a"))).await.unwrap();
    let mut reader = Reader::start(&database.url).await;
    b.batch_execute(&format!("BEGIN; {}", add("b"))).await.unwrap();
    a.batch_execute("COMMIT").await.unwrap();
    let mut second = Reader::start(&database.url).await;
    b.batch_execute("COMMIT").await.unwrap();
    reader.expect(&["70003/a", "70003/b"]).await;
    second.expect(&["70003/b"]).await;
}

#[tokio::test]
async fn savepoints_and_rollbacks_are_seen_as_they_end() {
    let (database, a) = shop().await;
    let mut reader = Reader::start(&database.url).await;
    let sql = format!(
        "BEGIN; {}; SAVEPOINT s; {}; ROLLBACK TO s; SAVEPOINT t; {}; RELEASE t",
        add("kept"),
        add("undone"),
        add("released")
    );
    a.batch_execute(&sql).await.unwrap();
    reader.expect(&[]).await;
    a.batch_execute("COMMIT").await.unwrap();
    reader.expect(&["70003/kept", "70003/released"]).await;
    a.batch_execute(&format!("BEGIN; {}; ROLLBACK", add("never"))).await.unwrap();
    reader.expect(&[]).await;
}

#[tokio::test]
async fn whatever_was_committed_is_read_however_writers_overlap() {
    let (database, _client) = shop().await;
    let mut reader = Reader::start(&database.url).await;
    let mut writers = Vec::new();
    for writer in 0..6_u32 {
        let client = database.connect().await;
        writers.push(tokio::spawn(async move {
            let mut committed = Vec::new();
            for round in 0..40_u32 {
                client
                    .batch_execute(&format!("BEGIN; {}", add(&format!("w{writer}r{round}"))))
                    .await
                    .unwrap();
                // Uneven lengths, so commits overtake each other.
                for _ in 0..(writer * 7 + round * 3) % 5 {
                    client.batch_execute("SELECT").await.unwrap();
                }
                let keep = (writer + round) % 4 != 0;
                client.batch_execute(if keep { "COMMIT" } else { "ROLLBACK" }).await.unwrap();
                if keep {
                    committed.push(format!("70003/w{writer}r{round}"));
                }
            }
            committed
        }));
    }
    let mut seen = BTreeSet::new();
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        for key in reader.read().await.unwrap() {
            assert!(seen.insert(key.clone()), "{key} was read twice");
        }
    }
    seen.extend(reader.read().await.unwrap());
    let mut expected = BTreeSet::new();
    for writer in writers {
        expected.extend(writer.await.unwrap());
    }
    assert_eq!(seen, expected);
}

/// [`shop`] in a cluster of its own: what may be pruned hangs on the open transactions of the whole
/// cluster, so on those of other tests as well.
async fn quiet_shop() -> (pg::DedicatedCluster, String, Client) {
    let cluster = pg::dedicated_cluster();
    let url = cluster.database();
    let client = pg::connect(&url).await;
    client.batch_execute(SHOP).await.unwrap();
    client.batch_execute("DELETE FROM postcote.change").await.unwrap();
    (cluster, url, client)
}

async fn prune(client: &Client, keep: &str) -> i64 {
    let sql = format!("SELECT postcote.prune_changes('{keep}')");
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn pruning_ends_only_positions_that_would_miss_something() {
    let (_cluster, url, client) = quiet_shop().await;
    let (mut old, mut idle) = (Reader::start(&url).await, Reader::start(&url).await);
    client.batch_execute(&add("a")).await.unwrap();
    idle.expect(&["70003/a"]).await;
    // Nothing is older than an hour.
    assert_eq!(prune(&client, "1 hour").await, 0);
    assert_eq!(prune(&client, "0").await, 1);
    assert_eq!(old.read().await, None);
    old.expect(&[]).await;
    // This one had read what is gone now, and may go on for ever.
    idle.expect(&[]).await;
    client.batch_execute(&add("b")).await.unwrap();
    idle.expect(&["70003/b"]).await;
    old.expect(&["70003/b"]).await;
}

#[tokio::test]
async fn pruning_spares_what_an_open_transaction_could_overtake() {
    let (_cluster, url, client) = quiet_shop().await;
    let a = pg::connect(&url).await;
    a.batch_execute(&format!("BEGIN; {}", add("a"))).await.unwrap();
    let mut reader = Reader::start(&url).await;
    client.batch_execute(&add("b")).await.unwrap();
    // B is younger than A, so a position from before B cannot be told from one before A.
    assert_eq!(prune(&client, "0").await, 0);
    reader.expect(&["70003/b"]).await;
    a.batch_execute("COMMIT").await.unwrap();
    reader.expect(&["70003/a"]).await;
    assert_eq!(prune(&client, "0").await, 2);
    reader.expect(&[]).await;
}

#[tokio::test]
async fn pruning_keeps_what_is_younger() {
    let (_cluster, url, client) = quiet_shop().await;
    let mut reader = Reader::start(&url).await;
    client.batch_execute(&add("a")).await.unwrap();
    let age = "UPDATE postcote.change SET made_at = made_at - interval '2 hours'";
    client.batch_execute(age).await.unwrap();
    reader.expect(&["70003/a"]).await;
    let mut second = Reader::start(&url).await;
    client.batch_execute(&add("b")).await.unwrap();
    assert_eq!(prune(&client, "1 hour").await, 1);
    reader.expect(&["70003/b"]).await;
    second.expect(&["70003/b"]).await;
}

/// After a restore, floor and rows carry ids of another history: they must neither end good
/// positions nor stay for ever.
#[tokio::test]
async fn rows_of_another_history_do_no_harm() {
    let (_cluster, url, client) = quiet_shop().await;
    let alien = "
        UPDATE postcote.change_floor SET xid = '4000000000', history = '1/1/1';
        INSERT INTO postcote.change (xid, name) VALUES ('3999999999', 'alien.example')";
    client.batch_execute(alien).await.unwrap();
    let mut reader = Reader::start(&url).await;
    reader.read().await.expect("a new position is good");
    assert_eq!(prune(&client, "1 hour").await, 0);
    reader.expect(&[]).await;
    client.batch_execute(&add("a")).await.unwrap();
    reader.expect(&["70003/a"]).await;
    assert_eq!(prune(&client, "0").await, 1);
    reader.expect(&[]).await;
}
