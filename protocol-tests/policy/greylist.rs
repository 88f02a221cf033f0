//! Who is told to wait, and who has come back, on two hosts.

use postcote::mail::policy::{Greylisted, Greylisting, Triplet};
use postcote::policy::{Greylist, Reader};

use super::*;
use crate::support::pg;

const DAY: i64 = 86_400;
const WHOLE: Greylisted = Greylisted::Wait { seconds: 300 };

fn greylist(directory: &Path, url: &str) -> (WriteBack, Greylist) {
    let journal = WriteBack::open(directory, link(url, Role::Journal)).unwrap();
    let reader = Reader::open(link(url, Role::Policy));
    (journal.clone(), Greylist::new(journal, reader, Greylisting::default()))
}

fn triplet(client: &str, sender: &str) -> Triplet {
    Greylisting::default().triplet(client.parse().unwrap(), sender, "joe@example.com")
}

/// What it is told, once the database can be asked.
async fn ask(greylist: &Greylist, triplet: Triplet, after: i64) -> Greylisted {
    let deadline = Instant::now() + SOON;
    loop {
        match greylist.ask(triplet, Timestamp(NOON + after)).await {
            Ok(told) => return told,
            Err(why) => assert!(Instant::now() < deadline, "{why}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn who_comes_back_in_time_passes_on_every_host() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    let count = async |table: &str, rows: i64| {
        let sql = format!("SELECT count(*) FROM postcote.{table}");
        let same = || async { client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0) == rows };
        until(&format!("{rows} rows of {table}"), same).await;
    };
    let (_one_journal, one) = greylist(&disk(&scratch, "a"), &database.url);
    let (_two_journal, two) = greylist(&disk(&scratch, "b"), &database.url);
    let joe = triplet("192.0.2.7", "eve@example.org");
    assert_eq!(ask(&one, joe, 0).await, WHOLE, "the first time");
    count("greylist", 1).await;
    assert_eq!(ask(&two, joe, 100).await, Greylisted::Wait { seconds: 200 }, "elsewhere");
    assert_eq!(ask(&one, joe, 299).await, Greylisted::Wait { seconds: 1 });
    assert_eq!(ask(&two, joe, 300).await, Greylisted::Pass, "it came back");
    count("greylist_client", 1).await;
    for after in [301, 2 * DAY, 36 * DAY] {
        assert_eq!(ask(&two, joe, after).await, Greylisted::Pass, "known after {after} s");
    }
    assert_eq!(ask(&two, joe, 72 * DAY).await, WHOLE, "forgotten");
    assert_eq!(ask(&two, joe, 72 * DAY + 300).await, Greylisted::Pass);
    let late = triplet("198.51.100.7", "eve@example.org");
    assert_eq!(ask(&one, late, 0).await, WHOLE);
    assert_eq!(ask(&one, late, 2 * DAY + 1).await, WHOLE, "too late");
    assert_eq!(ask(&one, late, 2 * DAY + 301).await, Greylisted::Pass);
}

#[tokio::test]
async fn a_network_that_came_back_often_need_not_wait() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    let (journal, one) = greylist(&disk(&scratch, "a"), &database.url);
    let (_two_journal, two) = greylist(&disk(&scratch, "b"), &database.url);
    let senders = ["a@x.example", "b@x.example", "c@x.example", "d@x.example", "e@x.example"];
    let passes = "SELECT coalesce(sum(passes), 0)::bigint FROM postcote.greylist_client";
    for (sender, count) in senders.into_iter().zip(1_i64..) {
        let from = triplet("2001:db8::1", sender);
        assert_eq!(ask(&one, from, 0).await, WHOLE, "{sender}");
        assert_eq!(ask(&one, from, 300).await, Greylisted::Pass, "{sender}");
        // Whoever is known counts once.
        assert_eq!(ask(&one, from, 301).await, Greylisted::Pass, "{sender}");
        // One after the other, for those that are written together are added up before.
        let counted =
            || async { client.query_one(passes, &[]).await.unwrap().get::<_, i64>(0) == count };
        until("it counts for the network", counted).await;
    }
    let stranger = triplet("2001:db8::2", "f@x.example");
    for host in [&one, &two] {
        assert_eq!(ask(host, stranger, 400).await, Greylisted::Pass);
    }
    let neighbour = triplet("2001:db8:0:1::2", "f@x.example");
    assert_eq!(ask(&two, neighbour, 400).await, WHOLE);
    // It stays proven for as long as it comes.
    assert_eq!(ask(&one, stranger, 30 * DAY).await, Greylisted::Pass);
    let again = triplet("2001:db8::3", "g@x.example");
    assert_eq!(ask(&one, again, 60 * DAY).await, Greylisted::Pass);
    assert_eq!(ask(&one, again, 96 * DAY).await, WHOLE, "forgotten");
    drop(one);
    assert!(journal.close(SOON).await);
}

#[tokio::test]
async fn what_nobody_comes_back_for_is_removed() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    let flood = format!(
        "INSERT INTO postcote.greylist
             SELECT n, to_timestamp({NOON}) FROM generate_series(1, 12000) n;
         INSERT INTO postcote.greylist VALUES
             (-1, to_timestamp({NOON}), to_timestamp({NOON} + 300)),
             (-2, to_timestamp({NOON}) - interval '40 days', to_timestamp({NOON}) - interval '39 days');
         INSERT INTO postcote.greylist_client VALUES
             ('192.0.2.0/24', 9, to_timestamp({NOON}) - interval '36 days'),
             ('198.51.100.0/24', 9, to_timestamp({NOON}))"
    );
    client.batch_execute(&flood).await.unwrap();
    let (_journal, greylist) = greylist(&disk(&scratch, "a"), &database.url);
    assert_eq!(ask(&greylist, triplet("203.0.113.1", "a@x.example"), 2 * DAY + 1).await, WHOLE);
    let left = "SELECT string_agg(what, ' ' ORDER BY what) FROM (
                    SELECT triplet::text FROM postcote.greylist WHERE triplet BETWEEN -2 AND 12000
                    UNION ALL SELECT network::text FROM postcote.greylist_client) AS all_of(what)";
    let expected = "-1 198.51.100.0/24";
    let gone =
        || async { client.query_one(left, &[]).await.unwrap().get::<_, String>(0) == expected };
    until("what is old is gone", gone).await;
}

#[tokio::test]
async fn without_a_database_strangers_are_not_told_to_wait() {
    let (mut own, scratch) = (pg::dedicated_cluster(), Scratch::new());
    let url = own.database();
    let (_journal, greylist) = greylist(&disk(&scratch, "a"), &url);
    let known = triplet("192.0.2.7", "eve@example.org");
    assert_eq!(ask(&greylist, known, 0).await, WHOLE);
    own.cluster.kill().unwrap();
    let asked = Instant::now();
    let stranger = triplet("198.51.100.7", "eve@example.org");
    let away = || async { greylist.ask(stranger, Timestamp(NOON)).await.is_err() };
    until("it is away", away).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "who asks is told at once");
    assert_eq!(greylist.ask(known, Timestamp(NOON + 300)).await, Ok(Greylisted::Pass), "in memory");
    own.cluster.restart().unwrap();
    assert_eq!(ask(&greylist, stranger, 400).await, WHOLE);
}
