//! What is counted, by whom, and for how long.

use jiff::tz::TimeZone;

use super::*;
use crate::support::pg;
use crate::support::site::fill_with_many;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_never_pass_a_limit_by_one() {
    const LIMIT: u64 = 100;
    let (database, scratch) = (pg::database(), Scratch::new());
    let time = Time::noon();
    let host = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    // The domain has more room than the account, a second account uses the rest of it.
    let joe = [(JOE, per_hour(LIMIT)), (SHOP, per_hour(LIMIT + 7))];
    let eve = [(Subject::Account(Uid(70001)), free()), (SHOP, per_hour(LIMIT + 7))];
    let tasks = (0..50).map(|_| {
        let ledger = host.ledger.clone();
        tokio::spawn(async move {
            let mut counted = 0;
            for _ in 0..10 {
                match ledger.count(&joe, ONE, Timestamp(NOON)).await {
                    Room::Free { .. } => counted += 1,
                    Room::Full { subject, passed, again } => {
                        assert_eq!((subject, passed.used), (JOE, LIMIT));
                        assert_eq!(again, Some(Timestamp(NOON + 3660)));
                    }
                    Room::Unknown(why) => panic!("{why}"),
                }
            }
            counted
        })
    });
    let mut counted = 0;
    for task in tasks.collect::<Vec<_>>() {
        counted += task.await.unwrap();
    }
    assert_eq!(counted, LIMIT);
    assert_eq!([JOE, SHOP].map(|who| host.messages(who)), [[LIMIT; 2]; 2]);
    for n in 0..7 {
        assert!(matches!(host.count(&eve).await, Room::Free { .. }), "{n}");
    }
    let full = host.count(&eve).await;
    assert!(matches!(full, Room::Full { subject: SHOP, .. }), "{full:?}");
    assert_eq!(host.messages(eve[0].0), [7; 2], "for all or for none");
    host.stop().await;
    let all = "SELECT string_agg(concat_ws(' ', kind, id, minute, messages, recipients, bytes,
                                           new_recipients), ', ' ORDER BY kind, id)
               FROM postcote.sent";
    let all: String = database.connect().await.query_one(all, &[]).await.unwrap().get(0);
    let minute = NOON / 60;
    assert_eq!(
        all,
        format!(
            "account 70000 {minute} 100 200 100000 100, account 70001 {minute} 7 14 7000 7, \
             domain 70000 {minute} 107 214 107000 107"
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_who_come_at_the_same_moment_as_many_pass_as_may() {
    const ROUNDS: u32 = 200;
    let (database, scratch) = (pg::database(), Scratch::new());
    let host = Host::start(&disk(&scratch, "a"), &database.url, &Time::noon()).loaded().await;
    let barrier = Arc::new(tokio::sync::Barrier::new(50));
    let tasks = (0..50).map(|_| {
        let (ledger, barrier) = (host.ledger.clone(), Arc::clone(&barrier));
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let limits = [(Subject::Account(Uid(70000 + round)), per_hour(3))];
                barrier.wait().await;
                ledger.count(&limits, ONE, Timestamp(NOON)).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    for round in 0..ROUNDS {
        assert_eq!(host.messages(Subject::Account(Uid(70000 + round))), [3; 2], "{round}");
    }
}

#[tokio::test]
async fn coming_near_is_told_once() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let host = Host::start(&disk(&scratch, "a"), &database.url, &Time::noon()).loaded().await;
    let mut told = Vec::new();
    for _ in 0..10 {
        // What is only asked for tells nobody.
        host.ledger.check(&[(JOE, per_hour(10))], ONE, Timestamp(NOON));
        let Room::Free { near } = host.count(&[(JOE, per_hour(10))]).await else { panic!() };
        told.extend(near.iter().map(|(who, near)| (*who, near.what, near.limit, near.used)));
    }
    assert_eq!(told, [(JOE, "messages", 10, 7)]);
}

#[tokio::test]
async fn hosts_hear_of_each_other() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let time = Time::noon();
    let one = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    let two = Host::start(&disk(&scratch, "b"), &database.url, &time).loaded().await;
    let limits = [(JOE, per_hour(10))];
    for n in 1..=5 {
        let begun = Instant::now();
        one.count(&limits).await;
        two.until(JOE, [2 * n - 1; 2]).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        two.count(&limits).await;
        one.until(JOE, [2 * n; 2]).await;
    }
    for host in [&one, &two] {
        let full = host.count(&limits).await;
        let Room::Full { passed, .. } = full else { panic!("{full:?}") };
        assert_eq!(passed.used, 10);
    }
    // Somebody who comes later hears of both, and that nothing of it is counted twice.
    let three = Host::start(&disk(&scratch, "c"), &database.url, &time).loaded().await;
    assert_eq!(three.messages(JOE), [10; 2]);
    time.pass(3600);
    three.until(JOE, [10; 2]).await;
    time.pass(60);
    for host in [&one, &two, &three] {
        assert_eq!(host.messages(JOE), [0, 10]);
        assert!(matches!(host.count(&limits).await, Room::Free { .. }));
    }
}

#[tokio::test]
async fn a_slow_transaction_is_heard_of_when_it_commits() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let time = Time::noon();
    let host = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    let (mut slow, fast) = (database.connect().await, database.connect().await);
    let minute = NOON / 60;
    let tx = slow.transaction().await.unwrap();
    let sql =
        format!("INSERT INTO postcote.sent VALUES ('account', 70000, {minute}, 1, 1, 1, 1, 0)");
    tx.batch_execute(&sql).await.unwrap();
    let other = sql.replace("70000", "70001");
    fast.batch_execute(&other).await.unwrap();
    host.until(Subject::Account(Uid(70001)), [1; 2]).await;
    assert_eq!(host.messages(JOE), [0; 2]);
    tx.commit().await.unwrap();
    host.until(JOE, [1; 2]).await;
}

#[tokio::test]
async fn a_restart_forgets_nothing_within_the_day() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let time = Time::noon();
    let limits = [(JOE, per_day(5)), (Subject::AppPassword(7), free())];
    for n in 1..=5 {
        let host = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
        let room = host.count(&limits).await;
        assert!(matches!(room, Room::Free { .. }), "{n}: {room:?}");
        assert_eq!(host.messages(JOE), [n.min(2), n], "an hour between two of them");
        host.stop().await;
        time.pass(3599);
    }
    let host = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    assert_eq!(host.messages(limits[1].0), [1, 5]);
    let Room::Full { again, .. } = host.count(&limits).await else { panic!("there is room") };
    assert_eq!(again, Some(Timestamp(NOON + 900 + 86_400)));
    time.pass(NOON + 900 + 86_400 - time.now().0);
    assert!(matches!(host.count(&limits).await, Room::Free { .. }));
    host.stop().await;
    time.pass(3 * 86_400);
    let host = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    let client = database.connect().await;
    let rows = "SELECT count(*) FROM postcote.sent";
    let gone = || async { client.query_one(rows, &[]).await.unwrap().get::<_, i64>(0) == 0 };
    until("what is too old is removed", gone).await;
    until("nobody is known", || async { host.ledger.subjects() == 0 }).await;
}

#[tokio::test]
async fn a_calendar_begins_anew_at_midnight_also_where_clocks_change() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let berlin = || Windowing::Calendar(TimeZone::get("Europe/Berlin").unwrap());
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
    let time = Time::noon();
    let go_to = |text: &str| time.pass(at(text) - time.now().0);
    // The day of the change has 25 hours.
    go_to("2026-10-25T00:30:00+02:00");
    let one = Host::with(&disk(&scratch, "a"), &database.url, &time, berlin()).loaded().await;
    one.count(&[(JOE, per_day(2))]).await;
    go_to("2026-10-25T23:59:59+01:00");
    one.count(&[(JOE, per_day(2))]).await;
    let two = Host::with(&disk(&scratch, "b"), &database.url, &time, berlin());
    let two = two.loaded().await;
    two.until(JOE, [1, 2]).await;
    for host in [&one, &two] {
        let Room::Full { again, .. } = host.count(&[(JOE, per_day(2))]).await else { panic!() };
        assert_eq!(again, Some(Timestamp(at("2026-10-26T00:00:00+01:00"))));
    }
    go_to("2026-10-26T00:00:00+01:00");
    for host in [&one, &two] {
        assert_eq!(host.messages(JOE), [0; 2]);
    }
    // Somebody who was not so late as to be counted in the new day is counted in the old one.
    let late = Timestamp(time.now().0 - 1);
    assert!(matches!(one.ledger.count(&[(JOE, per_day(2))], ONE, late).await, Room::Full { .. }));
    assert!(matches!(two.count(&[(JOE, per_day(2))]).await, Room::Free { .. }));
    one.until(JOE, [1; 2]).await;
}

#[tokio::test]
async fn what_was_reset_no_longer_counts_anywhere() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    let time = Time::noon();
    let one = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    let two = Host::start(&disk(&scratch, "b"), &database.url, &time).loaded().await;
    let limits = [(JOE, per_hour(2)), (SHOP, free())];
    for host in [&one, &two] {
        host.count(&limits).await;
    }
    for host in [&one, &two] {
        host.until(JOE, [2; 2]).await;
        assert!(matches!(host.count(&limits).await, Room::Full { .. }));
    }
    time.pass(30);
    let reset = format!("INSERT INTO postcote.sent_reset VALUES ('account', 70000, {})", NOON / 60);
    client.batch_execute(&reset).await.unwrap();
    for host in [&one, &two] {
        host.until(JOE, [0; 2]).await;
        assert_eq!(host.messages(SHOP), [2; 2], "of nobody else");
    }
    // Within the same minute.
    assert!(matches!(one.count(&limits).await, Room::Free { .. }));
    two.until(JOE, [1; 2]).await;
    one.until(SHOP, [3; 2]).await;
    one.stop().await;
    let one = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    assert_eq!(one.messages(JOE), [1; 2]);
    assert!(matches!(one.count(&limits).await, Room::Free { .. }));
    assert!(matches!(one.count(&limits).await, Room::Full { .. }));
    two.until(JOE, [2; 2]).await;
    // And once more.
    let again =
        "UPDATE postcote.sent_reset SET minute = minute + 1, changed_in = pg_current_xact_id()";
    client.batch_execute(again).await.unwrap();
    for host in [&one, &two] {
        host.until(JOE, [0; 2]).await;
    }
}

#[tokio::test]
async fn an_account_that_is_gone_holds_nobody_up() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill_with_many(&client, 2).await;
    let time = Time::noon();
    let one = Host::start(&disk(&scratch, "a"), &database.url, &time).loaded().await;
    let two = Host::start(&disk(&scratch, "b"), &database.url, &time).loaded().await;
    client.batch_execute("DELETE FROM postcote.account WHERE uid = 70000").await.unwrap();
    one.count(&[(JOE, free()), (SHOP, free())]).await;
    two.until(SHOP, [1; 2]).await;
    two.until(JOE, [1; 2]).await;
}
