//! The commands that work with the database, each in a runtime of its own.

use std::fmt::Write;
use std::path::Path;

use tokio::runtime::Runtime;
use tokio_postgres::Client;

use crate::config::{Config, Source};
use crate::daemon::{self, ServeError};
use crate::demo::{self, Demo, tour};
use crate::exit::{Exit, Failure};
use crate::lookup::explain::Explanation;
use crate::store::migrate::{self, MigrationName};
use crate::store::{OpenError, Role};
use crate::telemetry::log;
use crate::terminal;

/// `postcote serve`.
pub(super) fn serve(source: Source) -> Result<Exit, Failure> {
    let config = super::load(&source)?;
    if config.listen.is_empty() {
        return Err(no_listener(&source));
    }
    runtime()?.block_on(daemon::serve(config, source))?;
    Ok(Exit::Done)
}

pub(super) fn no_listener(source: &Source) -> Failure {
    let file = source.path().display();
    let why = if source.is_missing() { "does not exist" } else { "has no `[[listen]]`" };
    let message = format!("no listener is configured: `{file}` {why}, so nobody could ask");
    Failure::new(Exit::Configuration, message)
        .hint("start from conf-examples/postcote.toml, or try `postcote demo`")
}

/// `postcote demo`.
pub(super) fn demo(directory: Option<&Path>) -> Result<Exit, Failure> {
    let directory = directory.map_or_else(demo::default_directory, Path::to_owned);
    let program = std::env::current_exe().unwrap_or_else(|_| "postcote".into());
    terminal::say(&format!("starting a private PostgreSQL in {}\n", directory.display()));
    runtime()?.block_on(async {
        let demo = Demo::prepare(&directory).await?;
        let _ = log::install(demo.config.log.format, &demo.config.log.level);
        // Whoever pipes the commands elsewhere and closes the pipe still wants the daemon.
        let told = || drop(terminal::print(&tour::commands(&demo, &program)));
        demo.serve(|| {
            told();
            terminal::say("serving until Ctrl-C\n");
        })
        .await
    })?;
    Ok(Exit::Done)
}

/// `postcote db migrate`.
pub(super) fn migrate(config: &Config) -> Result<String, Failure> {
    runtime()?.block_on(async {
        let mut client = connect(config).await?;
        let report = migrate::migrate(&mut client).await.map_err(ServeError::from)?;
        Ok(match report.applied.as_slice() {
            [] => format!("nothing to do: the schema has version {}\n", report.version),
            applied => listed("applied", applied),
        })
    })
}

/// `postcote db status`.
pub(super) fn status(config: &Config) -> Result<String, Failure> {
    runtime()?.block_on(async {
        let client = connect(config).await?;
        let status = migrate::status(&client).await.map_err(ServeError::from)?;
        Ok([
            listed("applied", &status.applied),
            listed("pending", &status.pending),
            listed("newer than this postcote", &status.newer),
            listed("applied with another text", &status.changed),
        ]
        .concat())
    })
}

fn listed(what: &str, names: &[MigrationName]) -> String {
    let mut text = String::new();
    for name in names {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{what}: {name}");
    }
    text
}

/// `postcote explain --from-database`.
pub(super) fn explain_from_database(config: &Config, asked: &str) -> Result<Explanation, Failure> {
    Ok(runtime()?.block_on(daemon::explain_from_database(config, asked))?)
}

pub(super) async fn connect(config: &Config) -> Result<Client, Failure> {
    let link = daemon::link(config, Role::Admin).map_err(ServeError::from)?;
    let (client, _messages) =
        link.connect().await.map_err(|error| ServeError::from(OpenError::from(error)))?;
    Ok(client)
}

pub(super) fn runtime() -> Result<Runtime, Failure> {
    Runtime::new()
        .map_err(|e| Failure::new(Exit::Unavailable, format!("cannot start threads: {e}")))
}
