//! A database with the facts of a fixture, and a daemon that serves it.

use super::daemon::{Daemon, Setup, make_daemon_user};
use super::fixture::Fixture;
use super::pg::{self, TestDatabase};
use tokio_postgres::Client;

/// Both together, for tests that do not end the server.
pub(crate) struct Site {
    // Dropped first, before its database.
    pub(crate) daemon: Daemon,
    pub(crate) database: TestDatabase<'static>,
}

impl Site {
    /// Serves a fixture.
    pub(crate) async fn new(fixture: &str) -> Self {
        Self::with(fixture, |_| ()).await
    }

    /// Serves a fixture with other settings than usual.
    pub(crate) async fn with(fixture: &str, change: impl FnOnce(&mut Setup)) -> Self {
        let (fixture, database) = (Fixture::read(fixture), pg::database());
        let client = database.connect().await;
        fixture.load(&client).await;
        make_daemon_user(&client).await;
        let mut setup = Setup::new(&database.url);
        setup.delimiters.clone_from(&fixture.recipient_delimiter);
        change(&mut setup);
        Self { daemon: setup.start(), database }
    }
}

/// Puts a fixture into a database of a server that the test ends itself.
pub(crate) async fn fill(url: &str, fixture: &str) -> Client {
    let client = pg::connect(url).await;
    Fixture::read(fixture).load(&client).await;
    make_daemon_user(&client).await;
    client
}

/// Makes accounts `user0@many.example` and on, with uids from 70000 on, each with a transport
/// `smtp:NUMBER` and the password `account-password`.
pub(crate) async fn fill_with_many(client: &Client, accounts: u32) {
    make_daemon_user(client).await;
    let sql = format!(
        "BEGIN;
         INSERT INTO postcote.domain (gid) VALUES (70000);
         INSERT INTO postcote.domain_name VALUES ('many.example', 70000, true);
         INSERT INTO postcote.account (uid, gid, localpart, password, transport)
             SELECT 70000 + n, 70000, 'user' || n, '{{PLAIN}}account-password', 'smtp:' || n
             FROM generate_series(0, {accounts} - 1) n;
         COMMIT; ANALYZE"
    );
    client.batch_execute(&sql).await.unwrap();
}
