//! SIGTERM: what was asked is answered, then nothing is left.

use postcote::lookup::Table;
use rustix::process::Signal;

use crate::support::daemon::{SOON, exists};
use crate::support::site::Site;
use crate::support::terms::wait_for;

#[tokio::test]
async fn sigterm_answers_what_was_asked_and_leaves_no_socket() {
    // As long as the test may take on a busy machine.
    let mut site = Site::with("shop", |setup| setup.query_timeout = 3 * SOON).await;
    let mut idle = site.daemon.client().await;
    let mut waiting = site.daemon.client().await;
    for client in [&mut idle, &mut waiting] {
        assert_eq!(client.lookup(Table::VirtualMailboxDomains, "shop.example").await, "OK 1");
    }
    // The database lets this lookup wait, so it is under way when the signal comes.
    let locker = site.database.connect().await;
    locker.batch_execute("BEGIN; LOCK TABLE postcote.alias").await.unwrap();
    waiting.send(b"virtual_alias_maps info@shop.example").await.unwrap();
    wait_for_lookup(&site).await;

    site.daemon.signal(Signal::TERM);
    assert_eq!(idle.rest().await.unwrap(), b"", "who asked nothing is let go");
    wait_for("the socket to go", SOON, || (!exists(&site.daemon.socket())).then_some(()));
    locker.batch_execute("COMMIT").await.unwrap();
    assert_eq!(waiting.receive().await.unwrap(), b"OK anna@shop.example");
    assert_eq!(waiting.rest().await.unwrap(), b"");
    let status = site.daemon.wait_for_end();
    assert!(status.success(), "{status}: {}", site.daemon.log());
}

#[tokio::test]
async fn sigint_ends_as_sigterm_does() {
    let mut site = Site::new("shop").await;
    site.daemon.signal(Signal::INT);
    assert!(site.daemon.wait_for_end().success());
    assert!(!exists(&site.daemon.socket()));
}

/// Waits until a query of the daemon waits for a lock.
async fn wait_for_lookup(site: &Site) {
    let client = site.database.connect().await;
    let sql = "SELECT FROM pg_stat_activity WHERE datname = current_database()
               AND application_name = 'postcote lookups' AND wait_event_type = 'Lock'";
    let deadline = tokio::time::Instant::now() + SOON;
    while client.query_opt(sql, &[]).await.unwrap().is_none() {
        assert!(tokio::time::Instant::now() < deadline, "no lookup reaches the database");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
