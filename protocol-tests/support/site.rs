//! A database with the facts of a fixture, and a daemon that serves it.

use super::daemon::{Daemon, Setup, make_daemon_user};
use super::fixture::Fixture;
use super::pg::{self, TestDatabase};

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
