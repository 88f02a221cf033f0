//! To whom an account has written before.

use postcote::policy::{Acquaintances, Reader};

use super::*;
use crate::support::pg;
use crate::support::site::fill_with_many;

const UID: Uid = Uid(70000);
const DAY: i64 = 86_400;

fn acquaintances(directory: &Path, url: &str) -> (WriteBack, Acquaintances) {
    let journal = WriteBack::open(directory, link(url, Role::Journal)).unwrap();
    let reader = Reader::open(link(url, Role::Policy));
    (journal.clone(), Acquaintances::new(journal, reader))
}

/// Who of them is a stranger, once the database can be asked.
async fn strangers(known: &Acquaintances, uid: Uid, recipients: &[&str], day: i64) -> Vec<bool> {
    let deadline = Instant::now() + SOON;
    loop {
        match known.strangers(uid, recipients, Timestamp(NOON + day * DAY)).await {
            Ok(strangers) => return strangers,
            Err(why) => assert!(Instant::now() < deadline, "{why}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_stranger_is_one_until_it_was_written_to() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill_with_many(&client, 3).await;
    let (journal, known) = acquaintances(&disk(&scratch, "a"), &database.url);
    let [a, b, c] = ["a@example.org", "b@example.org", "c@example.org"];
    assert_eq!(strangers(&known, UID, &[a, b, a], 0).await, [true, true, false], "each once");
    assert_eq!(strangers(&known, UID, &[], 0).await, [false; 0]);
    known.wrote_to(UID, &[a, b], Timestamp(NOON));
    known.wrote_to(Uid(70001), &[c], Timestamp(NOON));
    assert_eq!(strangers(&known, UID, &[a, c, b], 0).await, [false, true, false]);
    assert_eq!(strangers(&known, Uid(70001), &[a, c, b], 0).await, [true, false, true]);

    // Another host knows what the database does.
    let (other_journal, other) = acquaintances(&disk(&scratch, "b"), &database.url);
    let heard = || async { strangers(&other, UID, &[a, b, c], 0).await == [false, false, true] };
    until("another host knows it", heard).await;
    other.wrote_to(UID, &[c], Timestamp(NOON));

    // It is written down again once a week.
    let rows = "SELECT count(*), max(last_on - date '1970-01-01'), count(DISTINCT recipient)
                FROM postcote.sent_to WHERE uid = 70000";
    let first = i32::try_from(NOON / DAY).unwrap();
    for (day, last) in [(1, first), (6, first), (7, first + 7)] {
        known.wrote_to(UID, &[a], Timestamp(NOON + day * DAY));
        let read = || async {
            let row = client.query_one(rows, &[]).await.unwrap();
            row.get::<_, i64>(0) == 3 && row.get::<_, i32>(1) == last
        };
        until("it is written down", read).await;
    }

    // After half a year without a word it is a stranger again.
    for (day, expected) in [(180, [false, false, false]), (181, [false, true, true])] {
        assert_eq!(strangers(&known, UID, &[a, b, c], day).await, expected, "day {day}");
    }
    assert_eq!(strangers(&known, UID, &[a], 188).await, [true]);

    // What is deleted with its account is nothing that holds up the journal.
    client.batch_execute("DELETE FROM postcote.account WHERE uid = 70001").await.unwrap();
    known.wrote_to(Uid(70001), &[a, b], Timestamp(NOON));
    known.wrote_to(Uid(70002), &[a], Timestamp(NOON));
    drop((known, other));
    assert!(journal.close(SOON).await && other_journal.close(SOON).await);
    let left =
        "SELECT string_agg(DISTINCT uid::text, ' ' ORDER BY uid::text) FROM postcote.sent_to";
    let left: String = client.query_one(left, &[]).await.unwrap().get(0);
    assert_eq!(left, "70000 70002");
}

#[tokio::test]
async fn what_is_old_is_removed() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill_with_many(&client, 1).await;
    let many = "INSERT INTO postcote.sent_to
                SELECT 70000, n, date '1970-01-01' + $1::int - n % 360 FROM generate_series(1, 15000) n";
    let today = i32::try_from(NOON / DAY).unwrap();
    client.execute(many, &[&today]).await.unwrap();
    let (_journal, known) = acquaintances(&disk(&scratch, "a"), &database.url);
    known.wrote_to(UID, &["a@example.org"], Timestamp(NOON));
    let left = "SELECT count(*) FROM postcote.sent_to WHERE last_on < date '1970-01-01' + $1::int";
    let none =
        || async { client.query_one(left, &[&(today - 180)]).await.unwrap().get::<_, i64>(0) == 0 };
    until("what is old is gone", none).await;
    let kept = "SELECT count(*) FROM postcote.sent_to WHERE recipient BETWEEN 1 AND 15000";
    let kept: i64 = client.query_one(kept, &[]).await.unwrap().get(0);
    let expected = (1..=15_000).filter(|n| n % 360 <= 180).count();
    assert_eq!(kept, i64::try_from(expected).unwrap());
}

#[tokio::test]
async fn without_a_database_nobody_is_called_a_stranger() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let url = own.database();
    fill_with_many(&pg::connect(&url).await, 1).await;
    let (_journal, known) = acquaintances(&disk(&scratch, "a"), &url);
    assert_eq!(strangers(&known, UID, &["a@example.org"], 0).await, [true]);
    known.wrote_to(UID, &["a@example.org"], Timestamp(NOON));
    own.cluster.kill().unwrap();
    let asked = Instant::now();
    let known_one = known.strangers(UID, &["a@example.org"], Timestamp(NOON)).await;
    assert_eq!(known_one, Ok(vec![false]), "what is known is known");
    let away =
        || async { known.strangers(UID, &["b@example.org"], Timestamp(NOON)).await.is_err() };
    until("it is away", away).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "who asks is told at once");
    own.cluster.restart().unwrap();
    assert_eq!(strangers(&known, UID, &["b@example.org"], 0).await, [true]);
}
