//! A change by plain SQL is seen in the running daemon, whatever it touches, and soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use postcote::lookup::Table;

use super::poll;
use crate::support::site::Site;

/// What is done, in which table it shows, and how.
type Row = (&'static str, Table, &'static str, &'static str, &'static str);

const CHANGES: &[Row] = &[
    (
        "INSERT INTO postcote.account (gid, localpart, uid, password)
         VALUES (70000, 'newcomer', 71000, '{PLAIN}account-password')",
        Table::VirtualUidMaps,
        "newcomer@store.example",
        "NOTFOUND",
        "OK 71000",
    ),
    (
        "UPDATE postcote.account SET localpart = 'settler' WHERE uid = 71000",
        Table::VirtualUidMaps,
        "newcomer@shop.example",
        "OK 71000",
        "NOTFOUND",
    ),
    (
        "DELETE FROM postcote.account WHERE uid = 71000",
        Table::VirtualUidMaps,
        "settler+ext@shop.example",
        "OK 71000",
        "NOTFOUND",
    ),
    (
        "UPDATE postcote.account SET may_receive = false, suspend_reason = 'Away'
         WHERE uid = 70000",
        Table::TransportMaps,
        "anna@shop.example",
        "NOTFOUND",
        "OK error:5.2.1 Away",
    ),
    (
        "UPDATE postcote.account SET may_receive = true WHERE uid = 70000",
        Table::RecipientAccess,
        "anna+ext@store.example",
        "OK 550 5.2.1 Away",
        "NOTFOUND",
    ),
    (
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home)
         VALUES ('move', 70001, 70000, 'bert@shop.example', '/srv/a', '/srv/b')",
        Table::TransportMaps,
        "bert@shop.example",
        "NOTFOUND",
        "OK retry:4.2.1 Mailbox is being moved, try again later",
    ),
    (
        "UPDATE postcote.mailbox_order SET state = 'done' WHERE uid = 70001",
        Table::TransportMaps,
        "bert@shop.example",
        "OK retry:4.2.1 Mailbox is being moved, try again later",
        "NOTFOUND",
    ),
    (
        "UPDATE postcote.account SET forwards = '{x@far.example}' WHERE uid = 70001",
        Table::VirtualAliasMaps,
        "bert@shop.example",
        "NOTFOUND",
        "OK x@far.example,bert@shop.example",
    ),
    (
        "UPDATE postcote.alias SET destinations = '{bert@shop.example}'
         WHERE gid = 70000 AND localpart = 'info'",
        Table::VirtualAliasMaps,
        "info@shop.example",
        "OK anna@shop.example",
        "OK bert@shop.example",
    ),
    // The owners of an alias change with the aliases it leads to.
    (
        "UPDATE postcote.alias SET destinations = '{anna@shop.example}'
         WHERE gid = 70000 AND localpart = 'team'",
        Table::SmtpdSenderLoginMaps,
        "all@shop.example",
        "OK anna@shop.example,bert@shop.example,carl@shop.example",
        "OK anna@shop.example,bert@shop.example",
    ),
    (
        "DELETE FROM postcote.alias WHERE gid = 70000 AND localpart = 'info'",
        Table::VirtualAliasMaps,
        "info@shop.example",
        "OK bert@shop.example",
        "NOTFOUND",
    ),
    (
        "INSERT INTO postcote.relocated VALUES (70000, 'info', 'away@far.example')",
        Table::RelocatedMaps,
        "info@shop.example",
        "NOTFOUND",
        "OK away@far.example",
    ),
    (
        "INSERT INTO postcote.catchall VALUES (70000, '{carl@shop.example}')",
        Table::VirtualAliasMaps,
        "stranger@store.example",
        "NOTFOUND",
        "OK carl@shop.example",
    ),
    (
        "DELETE FROM postcote.catchall WHERE gid = 70000",
        Table::VirtualAliasMaps,
        "stranger@store.example",
        "OK carl@shop.example",
        "NOTFOUND",
    ),
    (
        "INSERT INTO postcote.domain_name VALUES ('third.example', 70000)",
        Table::VirtualMailboxDomains,
        "third.example",
        "NOTFOUND",
        "OK 1",
    ),
    (
        "UPDATE postcote.domain_name SET name = 'fourth.example' WHERE name = 'third.example'",
        Table::VirtualMailboxMaps,
        "anna@third.example",
        "OK /srv/mail/0/70000/70000/Maildir/",
        "NOTFOUND",
    ),
    (
        "BEGIN;
         UPDATE postcote.domain_name SET is_primary = false WHERE name = 'shop.example';
         UPDATE postcote.domain_name SET is_primary = true WHERE name = 'fourth.example';
         COMMIT",
        Table::SmtpdSenderLoginMaps,
        "anna@store.example",
        "OK anna@shop.example",
        "OK anna@fourth.example",
    ),
    (
        "UPDATE postcote.domain SET enabled = false WHERE gid = 70001",
        Table::VirtualMailboxDomains,
        "net.example",
        "OK 1",
        "NOTFOUND",
    ),
    (
        "UPDATE postcote.domain SET transport = 'smtp:[new.example]' WHERE gid = 70006",
        Table::TransportMaps,
        "anna@parted.example",
        "OK smtp:[mx.parted.example]:2525",
        "OK smtp:[new.example]",
    ),
    (
        "INSERT INTO postcote.relay_recipient VALUES (70008, 'only')",
        Table::RelayRecipientMaps,
        "anyone@relay.example",
        "OK 1",
        "NOTFOUND",
    ),
    (
        "TRUNCATE postcote.relay_recipient",
        Table::RelayRecipientMaps,
        "nobody@listed.example",
        "NOTFOUND",
        "OK 1",
    ),
];

#[tokio::test]
async fn every_kind_of_change_is_seen() {
    let site = Site::new("shop").await;
    let database = site.database.connect().await;
    let mut client = site.daemon.client().await;
    for (sql, table, key, before, after) in CHANGES {
        assert_eq!(client.lookup(*table, key).await, *before, "{table} {key} before {sql}");
        database.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        poll(&mut client, *table, key, after, |reply| reply == *before).await;
    }
    assert!(site.daemon.metric("postcote_changes_total") >= CHANGES.len() as u64);
}

#[tokio::test]
async fn a_change_is_announced_and_not_found_by_polling() {
    let site = Site::new("shop").await;
    let database = site.database.connect().await;
    let mut client = site.daemon.client().await;
    let mut delays = Vec::new();
    for number in 0..11 {
        let sql =
            format!("UPDATE postcote.account SET transport = 'smtp:{number}' WHERE uid = 70000");
        database.batch_execute(&sql).await.unwrap();
        let committed = Instant::now();
        let expected = format!("OK smtp:{number}");
        poll(&mut client, Table::TransportMaps, "anna@shop.example", &expected, |_| true).await;
        delays.push(committed.elapsed());
    }
    delays.sort();
    // The feed looks once a second by itself, so without notifications the median were half of it.
    assert!(delays[5] < Duration::from_millis(200), "{delays:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_never_keep_what_a_writer_has_replaced() {
    let site = Site::new("shop").await;
    let database = site.database.connect().await;
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    for _ in 0..8 {
        let (mut client, stop) = (site.daemon.client().await, Arc::clone(&stop));
        readers.push(tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                client.lookup(Table::TransportMaps, "anna@shop.example").await;
            }
        }));
    }
    let mut client = site.daemon.client().await;
    for number in 0..200 {
        let sql =
            format!("UPDATE postcote.account SET transport = 'smtp:{number}' WHERE uid = 70000");
        database.batch_execute(&sql).await.unwrap();
        let expected = format!("OK smtp:{number}");
        poll(&mut client, Table::TransportMaps, "anna@shop.example", &expected, |_| true).await;
        // Once seen it is not unseen.
        let again = client.lookup(Table::TransportMaps, "anna@shop.example").await;
        assert_eq!(again, expected);
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_rolled_back_is_never_seen() {
    let site = Site::new("shop").await;
    let database = site.database.connect().await;
    let mut client = site.daemon.client().await;
    let asked = "anna@shop.example";
    assert_eq!(client.lookup(Table::TransportMaps, asked).await, "NOTFOUND");
    let change = "BEGIN; UPDATE postcote.account SET transport = 'smtp:x' WHERE uid = 70000";
    database.batch_execute(change).await.unwrap();
    assert_eq!(client.lookup(Table::TransportMaps, asked).await, "NOTFOUND");
    database.batch_execute("ROLLBACK").await.unwrap();
    // Whatever comes after it has passed the feed, so it would have been seen by now.
    let marker = "UPDATE postcote.account SET transport = 'smtp:y' WHERE uid = 70001";
    database.batch_execute(marker).await.unwrap();
    poll(&mut client, Table::TransportMaps, "bert@shop.example", "OK smtp:y", |_| true).await;
    assert_eq!(client.lookup(Table::TransportMaps, asked).await, "NOTFOUND");
}
