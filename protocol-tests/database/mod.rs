//! The schema of `migrations/` on a real server.

mod bulk;
mod cluster;
mod dump;
mod exclusivity;
mod facts;
mod feed;
mod grants;
mod ids;
mod migrate;
mod names;
mod position;
mod refusals;
mod roles;
mod views;
mod words;

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::support::pg::{self, TestDatabase};

/// One of everything, with ids to refer to.
const SHOP: &str = "
    BEGIN;
    INSERT INTO postcote.domain (gid, kind) VALUES
        (70000, 'mailbox'), (70001, 'mailbox'), (70002, 'relay'), (70003, 'mailbox');
    INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES
        ('shop.example', 70000, true), ('laden.example', 70000, false),
        ('club.example', 70001, true), ('relay.example', 70002, true), ('bare.example', 70003, true);
    INSERT INTO postcote.account (uid, gid, localpart, password) VALUES
        (70000, 70000, 'anna', '{PLAIN}a'), (70001, 70000, 'bert', '{PLAIN}b'),
        (70002, 70001, 'anna', '{PLAIN}c');
    INSERT INTO postcote.alias (gid, localpart, destinations) VALUES
        (70000, 'info', '{anna@shop.example,bert@shop.example}');
    INSERT INTO postcote.default_alias (localpart, destinations) VALUES ('postmaster', '{x@y}');
    INSERT INTO postcote.relocated (gid, localpart, new_address) VALUES
        (70000, 'old', 'new@elsewhere.example');
    INSERT INTO postcote.catchall (gid, destinations) VALUES (70000, '{anna@shop.example}');
    INSERT INTO postcote.relay_recipient (gid, localpart) VALUES (70002, 'known');
    INSERT INTO postcote.app_password (uid, name, password) VALUES (70001, 'phone', '{PLAIN}d');
    INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES (70002, 70000, 'info');
    COMMIT;";

/// A database with [`SHOP`] in it, nothing of which counts as a change any more.
async fn shop() -> (TestDatabase<'static>, Client) {
    let database = pg::database();
    let client = database.connect().await;
    client.batch_execute(SHOP).await.unwrap();
    client.batch_execute("DELETE FROM postcote.change").await.unwrap();
    (database, client)
}

/// The constraint a statement broke; panics with the error if there is none.
fn constraint(error: &tokio_postgres::Error) -> String {
    let refusal = error.as_db_error().and_then(|db| db.constraint());
    refusal.unwrap_or_else(|| panic!("no constraint in {error:?}")).to_owned()
}

/// What the server says when the role may not.
fn is_denied(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE)
}

async fn backend(client: &Client) -> i32 {
    client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0)
}

/// Waits until a connection waits for a lock of another one.
async fn until_blocked(observer: &Client, pid: i32) {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let blocked = "SELECT cardinality(pg_blocking_pids($1)) > 0";
        if observer.query_one(blocked, &[&pid]).await.unwrap().get(0) {
            return;
        }
        assert!(Instant::now() < deadline, "connection {pid} was expected to wait for a lock");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
