//! Why the daemon does not run.

use std::io;

use crate::lookup::LookupError;
use crate::server::BindError;
use crate::store::OpenError;
use crate::store::conninfo::ConnInfoError;
use crate::store::migrate::MigrateError;

/// The daemon cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A socket cannot be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The database refuses us in a way that waiting does not mend.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The URL of the database is none.
    #[error(transparent)]
    Url(#[from] ConnInfoError),
    /// No listener is configured.
    #[error("no listener is configured, so nobody could ask anything")]
    NoListener,
    /// The schema cannot be examined.
    #[error(transparent)]
    Schema(#[from] MigrateError),
    /// The schema is older than this version.
    #[error("the database schema is not up to date: {0} migrations are pending")]
    SchemaPending(usize),
    /// The operating system refuses something that is needed.
    #[error("{what}: {source}")]
    Os {
        /// What was tried.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// A task that must live has ended.
    #[error("the {0} ended unexpectedly")]
    TaskEnded(&'static str),
}

/// Why an address could not be explained from the database.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database does not answer, or the expansion passes a limit.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The URL of the database is none.
    #[error(transparent)]
    Url(#[from] ConnInfoError),
}
