//! `postcote db`: the schema of the database.

use clap::Subcommand;

use crate::cli::serve;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::terminal;

#[derive(Debug, Subcommand)]
pub(super) enum Db {
    /// Brings the database to the schema that this version needs.
    ///
    /// Applies each migration that is missing, in order, and changes nothing if there is none. A
    /// database with a schema newer than this version is left alone.
    #[command(after_long_help = "\
Examples:
  postcote db migrate
  sudo -u postgres postcote db migrate --database postgresql:///postcote")]
    Migrate,
    /// Tells which migrations the database has.
    #[command(after_long_help = "\
Example:
  postcote db status")]
    Status,
}

impl Db {
    pub(super) fn run(&self, config: &Config) -> Result<Exit, Failure> {
        let told = match self {
            Self::Migrate => serve::migrate(config)?,
            Self::Status => serve::status(config)?,
        };
        terminal::print(&told)?;
        Ok(Exit::Done)
    }
}
