//! `postcote config`: the configuration, checked, shown, and translated for Postfix.

use clap::Subcommand;

use crate::cli::serve::no_listener;
use crate::cli::{load, postfix};
use crate::config::{Config, Shown, Source, check, show};
use crate::daemon::{self, ServeError};
use crate::exit::{Exit, Failure};
use crate::store::Role;
use crate::terminal;

#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Checks the configuration and warns of what is valid but unreasonable.
    ///
    /// Exits with 0 if the daemon could run with it, with 78 if not; warnings are advice only.
    #[command(after_long_help = "\
Examples:
  postcote config check
  postcote --config ./new.toml config check && install new.toml /etc/postcote/postcote.toml")]
    Check,
    /// Prints the configuration in effect, passwords hidden.
    #[command(after_long_help = "\
Examples:
  postcote config show
  postcote config show -n")]
    Show {
        /// Prints only what differs from the defaults, as `postconf -n` does
        #[arg(short = 'n', long)]
        non_defaults: bool,
    },
    /// Prints the lines for Postfix's main.cf.
    #[command(after_long_help = "\
Examples:
  postcote config postfix
  postcote config postfix >> /etc/postfix/main.cf && postfix check")]
    Postfix,
}

impl ConfigCommand {
    pub(super) fn run(&self, source: &Source) -> Result<Exit, Failure> {
        let config = load(source)?;
        let text = match self {
            Self::Check => checked(&config, source)?,
            Self::Show { non_defaults } => {
                let shown = if *non_defaults { Shown::Changed } else { Shown::All };
                show(&config, &config.database.shown_url(), shown)
                    .map_err(|error| Failure::new(Exit::BadData, error.to_string()))?
            }
            Self::Postfix => postfix::main_cf(&config).ok_or_else(|| no_listener(source))?,
        };
        terminal::print(&text)?;
        Ok(Exit::Done)
    }
}

fn checked(config: &Config, source: &Source) -> Result<String, Failure> {
    let file = source.path().display();
    if let Err(error) = daemon::link(config, Role::Lookups) {
        let mut failure = Failure::from(ServeError::from(error));
        if source.database.is_none() {
            failure.message = format!("{file}: the url of the database: {}", failure.message);
        }
        return Err(failure);
    }
    let warnings = check::warnings(config);
    for warning in &warnings {
        terminal::say_warning(&warning.text, &warning.advice);
    }
    let read = if source.is_missing() {
        format!("{file} does not exist, the defaults are valid")
    } else {
        format!("{file} is valid")
    };
    Ok(match warnings.len() {
        0 => format!("{read}\n"),
        1 => format!("{read}, with 1 warning\n"),
        count => format!("{read}, with {count} warnings\n"),
    })
}
