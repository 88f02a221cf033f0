//! The database: the first contact, and the changes from then on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::cache::CachedDirectory;
use crate::config::Config;
use crate::daemon::health::Health;
use crate::daemon::{ServeError, link};
use crate::store::migrate::{MigrateError, MigrationStatus, status};
use crate::store::{Event, Feed, Link, OpenError, PgDirectory, Role};
use crate::telemetry::log;
use crate::telemetry::metrics;

/// How long "does not exist" is believed while the database is out of sight.
pub(super) const TRUST: Duration = Duration::from_mins(5);
/// The pause between attempts at a first contact.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits for the first contact, and refuses what waiting does not mend.
pub(super) async fn first_contact(config: &Config) -> Result<PgDirectory, ServeError> {
    let link = link(config, Role::Lookups)?;
    let mut told = false;
    loop {
        match open(&link).await {
            Ok(directory) => return Ok(directory),
            Err(error) if !may_pass(&error) => return Err(error),
            Err(error) if !std::mem::replace(&mut told, true) => log::waiting_for_database(&error),
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether waiting may mend it: a server that is not there, or went away in the middle.
fn may_pass(error: &ServeError) -> bool {
    match error {
        ServeError::Database(OpenError::Connect(error)) => !error.is_configuration(),
        ServeError::Database(OpenError::Views(error))
        | ServeError::Schema(MigrateError::Database(error)) => error.as_db_error().is_none(),
        _ => false,
    }
}

/// Opens the directory of a database whose schema is not older than this program.
async fn open(link: &Link) -> Result<PgDirectory, ServeError> {
    let (client, _messages) = link.connect().await.map_err(OpenError::from)?;
    let MigrationStatus { pending, .. } = status(&client).await?;
    if !pending.is_empty() {
        return Err(ServeError::SchemaPending(pending.len()));
    }
    Ok(PgDirectory::open(link.clone()).await?)
}

/// Hands what the feed tells to the cache and to those who watch.
pub(super) async fn follow(
    feed: Feed,
    cache: Arc<CachedDirectory<PgDirectory>>,
    health: Arc<Health>,
    caught_up: Arc<Notify>,
) -> &'static str {
    feed.run(move |event| match event {
        Event::Away(error) => {
            metrics::database_up().set(0);
            health.away(Some(error.to_string()));
        }
        Event::Contact => {
            metrics::database_up().set(1);
            health.away(None);
            cache.believe_unknown(true);
            caught_up.notify_one();
        }
        Event::Changed(changes) => {
            metrics::changes_total().increment(changes.len() as u64);
            for change in &changes {
                cache.apply(change);
            }
        }
        Event::Missed(reason) => {
            metrics::distrusted_total().increment(1);
            log::distrusted(reason);
            cache.distrust();
        }
        Event::AwayTooLong => {
            log::unknown_no_longer_believed(TRUST);
            cache.believe_unknown(false);
        }
    })
    .await;
    "change feed"
}
