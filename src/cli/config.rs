//! `postcote config`: the configuration, checked, shown, and translated for Postfix and Dovecot.

use std::io::{self, BufRead as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use clap::Subcommand;
use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::serve::no_listener;
use crate::cli::{dovecot, load, postfix};
use crate::config::edit::{self, EditError, Secrets};
use crate::config::{Config, Shown, Source, check, show};
use crate::daemon::{self, ServeError};
use crate::exit::{Exit, Failure};
use crate::store::Role;
use crate::terminal;

/// Others may read a file.
const WORLD_READABLE: u32 = 0o004;

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
    /// Prints the value of an option that is in effect, set or not.
    ///
    /// Exits with 1 if the option is not set and has no default.
    #[command(after_long_help = "\
Examples:
  postcote config get accounts.password-scheme
  psql \"$(postcote config get database.url --show-secrets)\" -c 'TABLE postcote.domain'")]
    Get {
        /// The option, as `section.option`
        #[arg(value_name = "KEY")]
        key: String,
        /// Prints a password, too
        #[arg(long)]
        show_secrets: bool,
    },
    /// Changes one option in the file, and nothing else: comments, order and line ends stay.
    ///
    /// What results is checked first, as `config check` does; if it is not valid, or says the same
    /// as before, nothing is written. The file is replaced in one step and keeps its owner and mode;
    /// one that does not exist is made, as open to others as its directory. Listeners are edited by
    /// hand.
    #[command(after_long_help = "\
Examples:
  postcote config set accounts.mailbox-format sdbox
  postcote config set database.query-timeout 5s && systemctl reload postcote
  pass mail/url | postcote config set database.url -")]
    Set {
        /// The option, as `section.option`
        #[arg(value_name = "KEY")]
        key: String,
        /// The value, texts without quotation marks, lists with commas; `-` reads standard input
        #[arg(value_name = "VALUE", allow_hyphen_values = true)]
        value: SecretString,
    },
    /// Prints the lines for Postfix's main.cf.
    #[command(after_long_help = "\
Examples:
  postcote config postfix
  postcote config postfix >> /etc/postfix/main.cf && postfix check")]
    Postfix,
    Dovecot(dovecot::Dovecot),
}

impl ConfigCommand {
    pub(super) fn run(&self, source: &Source) -> Result<Exit, Failure> {
        // What is broken may be mended.
        if let Self::Set { key, value } = self {
            return set(source, key, value);
        }
        let config = load(source)?;
        let text = match self {
            Self::Check => checked(&config, source)?,
            Self::Show { non_defaults } => {
                let shown = if *non_defaults { Shown::Changed } else { Shown::All };
                show(&config, &config.database.shown_url(), shown)
                    .map_err(|error| Failure::new(Exit::BadData, error.to_string()))?
            }
            Self::Get { key, show_secrets } => return get(&config, key, *show_secrets),
            Self::Set { key, value } => return set(source, key, value),
            Self::Dovecot(dovecot) => dovecot.text(&config)?,
            Self::Postfix => postfix::main_cf(&config).ok_or_else(|| no_listener(source))?,
        };
        terminal::print(&text)?;
        Ok(Exit::Done)
    }
}

fn checked(config: &Config, source: &Source) -> Result<String, Failure> {
    let file = source.path().display();
    if let Err(mut failure) = usable(config) {
        if source.database.is_none() {
            failure.message = format!("{file}: {}", failure.message);
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

fn get(config: &Config, key: &str, show_secrets: bool) -> Result<Exit, Failure> {
    let secrets = if show_secrets { Secrets::Shown } else { Secrets::Hidden };
    let value = edit::get(config, key, secrets).map_err(EditError::from)?;
    let Some(value) = value else {
        terminal::say(&format!("`{key}` is not set, and has no default\n"));
        return Ok(Exit::Refused);
    };
    terminal::print(&format!("{value}\n"))?;
    Ok(Exit::Done)
}

fn set(source: &Source, key: &str, value: &SecretString) -> Result<Exit, Failure> {
    let given = value.expose_secret();
    let value = if given == "-" { piped()? } else { given.to_owned() };
    let path = source.path();
    let before = Config::load(&Source { database: None, ..source.clone() }).ok();
    let Some(edited) = edit::change(path, &[(key, &value)], usable)? else {
        terminal::say(&format!("nothing to do: `{key}` has this value\n"));
        return Ok(Exit::Done);
    };
    terminal::say(&format!("changed `{key}` in {}\n", path.display()));
    if key == "database.url" && edited.config.database.shown_url() != value {
        exposed(path, given != "-");
    }
    let known = before.map_or_else(Vec::new, |config| check::warnings(&config));
    for warning in check::warnings(&edited.config) {
        if !known.contains(&warning) {
            terminal::say_warning(&warning.text, &warning.advice);
        }
    }
    Ok(Exit::Done)
}

/// A password is written, and somebody may read it.
fn exposed(path: &Path, as_argument: bool) {
    if as_argument {
        terminal::say_warning(
            "other users of this machine could see the password in the list of processes",
            "let it be read from standard input: `postcote config set database.url -`",
        );
    }
    if path.metadata().is_ok_and(|file| file.mode() & WORLD_READABLE != 0) {
        terminal::say_warning(
            &format!("everybody on this machine can read the password in {}", path.display()),
            &format!("`chmod o-r {}`, and give the file the daemon's group", path.display()),
        );
    }
}

/// What the text of a configuration does not show: whether the url of the database is one.
pub(super) fn usable(config: &Config) -> Result<(), Failure> {
    match daemon::link(config, Role::Lookups) {
        Ok(_) => Ok(()),
        Err(error) => {
            let mut failure = Failure::from(ServeError::from(error));
            failure.message = format!("the url of the database: {}", failure.message);
            Err(failure)
        }
    }
}

fn piped() -> Result<String, Failure> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    match read {
        Ok(1..) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => Err(Failure::new(Exit::BadData, "standard input has no value")
            .hint("`-` reads one line from there")),
    }
}
