//! Brings the schema of a database up to date with the SQL files in `migrations/`.
//!
//! The files are compiled in, and `refinery` applies those that are missing, all in one
//! transaction, so a database is never half way. What was applied stands in
//! `postcote.schema_history`. This module adds what an administrator needs to be safe: only one
//! migration at a time, and a refusal that says what to do.

use std::error::Error as _;
use std::fmt;

use tokio_postgres::Client;
use tokio_postgres::error::{DbError, SqlState};

/// The table in which `refinery` notes what was applied.
const HISTORY: &str = "postcote.schema_history";

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// One file of `migrations/`, as `V3__guards`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MigrationName {
    /// The number after the `V`; files are applied in its order.
    pub version: i64,
    /// What stands behind the two underscores.
    pub name: String,
}

impl fmt::Display for MigrationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "V{}__{}", self.version, self.name)
    }
}

/// How a database stands to the migrations this binary knows.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MigrationStatus {
    /// Applied to the database and known here, oldest first.
    pub applied: Vec<MigrationName>,
    /// Known here but not applied yet: what [`migrate`] would do.
    pub pending: Vec<MigrationName>,
    /// Applied to the database but unknown here: a newer postcote was at work.
    pub newer: Vec<MigrationName>,
    /// Applied to the database, but with another text than the file compiled in here.
    pub changed: Vec<MigrationName>,
}

impl MigrationStatus {
    /// Whether this binary may serve from the database as it is.
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && self.newer.is_empty() && self.changed.is_empty()
    }
}

/// What [`migrate`] did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MigrationReport {
    /// Applied by this call, oldest first; empty when there was nothing to do.
    pub applied: Vec<MigrationName>,
    /// The version the schema has now.
    pub version: i64,
}

/// Why the schema was not brought up to date; nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// An applied migration differs from the file compiled in: one of them was edited.
    #[error("migration `{0}` was applied with another text than the one this postcote carries")]
    Changed(MigrationName),
    /// The connection failed, or a statement outside the migrations was refused.
    #[error("cannot read the state of the schema: {}", describe(.0))]
    Database(#[from] tokio_postgres::Error),
    /// A migration was refused by the server.
    #[error("cannot apply the migrations: {message}")]
    Failed {
        /// The server's own words, or those of `refinery`.
        message: String,
        /// The server's hint, if it gave one.
        hint: Option<String>,
        /// Where it comes from.
        source: refinery::Error,
    },
    /// The schema was made by a newer postcote.
    #[error("the schema has migration `{0}`, which this postcote does not know")]
    Newer(MigrationName),
}

impl MigrateError {
    /// Returns what the administrator can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Changed(_) => Some(
                "install the release that applied it; an applied file is never edited, \
                 a correction is a new file"
                    .to_owned(),
            ),
            Self::Database(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                Some(
                    "let a superuser run conf-examples/postgresql/roles.sql first, \
                 and migrate as the owner of the database"
                        .to_owned(),
                )
            }
            Self::Database(error) => error.as_db_error().and_then(DbError::hint).map(str::to_owned),
            Self::Failed { hint, .. } => hint.clone(),
            Self::Newer(_) => Some(
                "install the newer postcote on this host, too; \
                 an older one never changes a newer schema"
                    .to_owned(),
            ),
        }
    }
}

impl From<refinery::Error> for MigrateError {
    fn from(source: refinery::Error) -> Self {
        let refusal = source
            .source()
            .and_then(|cause| cause.downcast_ref::<tokio_postgres::Error>())
            .and_then(tokio_postgres::Error::as_db_error);
        let message = refusal.map_or_else(|| source.to_string(), |db| db.message().to_owned());
        let hint = refusal.and_then(DbError::hint).map(str::to_owned);
        Self::Failed { message, hint, source }
    }
}

/// Applies the pending migrations and reports them.
///
/// Needs a connection of its own: a session lock makes a second migration wait for the first one,
/// so a pooler in transaction mode will not do. The lock goes with the session if the future is
/// dropped. The role needs `CREATE` on the database, and `CREATEROLE` unless the two roles exist.
///
/// # Errors
///
/// Returns [`MigrateError::Newer`] or [`MigrateError::Changed`] without touching anything; after any other error
/// the transaction is rolled back and the call can be repeated.
pub async fn migrate(client: &mut Client) -> Result<MigrationReport, MigrateError> {
    client
        .batch_execute("SELECT pg_advisory_lock(hashtextextended('postcote.migrate', 0))")
        .await?;
    let outcome = migrate_alone(client).await;
    let unlocked = client
        .batch_execute("SELECT pg_advisory_unlock(hashtextextended('postcote.migrate', 0))")
        .await;
    let report = outcome?;
    unlocked?;
    Ok(report)
}

async fn migrate_alone(client: &mut Client) -> Result<MigrationReport, MigrateError> {
    let status = status(client).await?;
    if let Some(newer) = status.newer.into_iter().next() {
        return Err(MigrateError::Newer(newer));
    }
    if let Some(changed) = status.changed.into_iter().next() {
        return Err(MigrateError::Changed(changed));
    }
    let version = status.pending.iter().chain(&status.applied).map(|one| one.version).max();
    let report = MigrationReport { applied: status.pending, version: version.unwrap_or(0) };
    if report.applied.is_empty() {
        return Ok(report);
    }
    // IF NOT EXISTS asks for the right to create even when there is nothing to create.
    let schema = client.query_one("SELECT to_regnamespace('postcote') IS NULL", &[]).await?;
    if schema.try_get(0)? {
        client.batch_execute("CREATE SCHEMA postcote").await?;
    }
    let mut runner = embedded::migrations::runner().set_grouped(true);
    runner.set_migration_table_name(HISTORY);
    runner.run_async(client).await?;
    Ok(report)
}

/// Compares the database with the migrations this binary knows, without changing anything.
///
/// # Errors
///
/// Returns the connection's error, or that the role may not read `postcote.schema_history`.
pub async fn status(client: &Client) -> Result<MigrationStatus, MigrateError> {
    let mut known = embedded::migrations::runner().get_migrations().clone();
    known.sort();
    let mut status = MigrationStatus::default();
    for (name, checksum) in applied(client).await? {
        match known.iter().position(|one| i64::from(one.version()) == name.version) {
            None => status.newer.push(name),
            Some(index) => {
                let file = known.remove(index);
                if file.name() == name.name && file.checksum().to_string() == checksum {
                    status.applied.push(name);
                } else {
                    status.changed.push(name);
                }
            }
        }
    }
    status.pending = known
        .iter()
        .map(|one| MigrationName { version: one.version().into(), name: one.name().to_owned() })
        .collect();
    Ok(status)
}

/// Reads what was applied, with checksums, oldest first; nothing if there is no history yet.
async fn applied(client: &Client) -> Result<Vec<(MigrationName, String)>, tokio_postgres::Error> {
    let exists = client.query_one("SELECT to_regclass($1::text) IS NOT NULL", &[&HISTORY]).await?;
    if !exists.try_get::<_, bool>(0)? {
        return Ok(Vec::new());
    }
    let select = format!("SELECT version::bigint, name, checksum FROM {HISTORY} ORDER BY version");
    let rows = client.query(&select, &[]).await?;
    rows.iter()
        .map(|row| {
            let name = MigrationName { version: row.try_get(0)?, name: row.try_get(1)? };
            Ok((name, row.try_get(2)?))
        })
        .collect()
}

/// The server's words if it answered, else what happened to the connection.
fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(db), _) => db.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}
