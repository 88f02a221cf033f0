//! `postcote completions`: the shell completes commands, options, domain names and addresses.
//!
//! The script that is printed asks this program for each word, with the variable
//! [`ASKED_BY_SHELL`] set, so it never grows old. Which argument is completed from the database
//! is told by its type: an [`Address`] by addresses, a [`DomainName`] by domain names.

use std::any::TypeId;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, Command, CommandFactory, ValueEnum};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, EnvCompleter};
use tokio_postgres::Client;

use crate::admin::sending::Target;
use crate::cli::Cli;
use crate::cli::serve::{connect, runtime};
use crate::config::{Config, Source};
use crate::exit::{Exit, Failure};
use crate::mail::{Address, DomainName};
use crate::store::completion;
use crate::terminal;

/// The environment variable by which the script says that it asks, and for which shell.
const ASKED_BY_SHELL: &str = "POSTCOTE_COMPLETE";

/// How long the database may take to be reached.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints what makes a shell complete commands, domain names and addresses.
///
/// Domain names and addresses come from the database of the configuration, or the one that
/// `--config` and `--database` name on the line that is typed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  postcote completions bash > /etc/bash_completion.d/postcote
  postcote completions zsh > /usr/local/share/zsh/site-functions/_postcote
  postcote completions fish > /etc/fish/completions/postcote.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The script for bash is ours: the one of `clap_complete` does not know that an address is split.
const BASH: &str = include_str!("completions.bash");

impl Completions {
    pub(super) fn run(&self) -> Result<Exit, Failure> {
        let script = match self.shell {
            Shell::Bash => BASH.to_owned(),
            Shell::Zsh => registration(&clap_complete::env::Zsh)?,
            Shell::Fish => registration(&clap_complete::env::Fish)?,
        };
        terminal::print(&script)?;
        Ok(Exit::Done)
    }
}

fn registration(shell: &dyn EnvCompleter) -> Result<String, Failure> {
    let name = "postcote";
    let mut script = Vec::new();
    shell.write_registration(ASKED_BY_SHELL, name, name, name, &mut script).map_err(|error| {
        Failure::new(Exit::Unavailable, format!("cannot write the script: {error}"))
    })?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// Answers the shell, if it is the shell who asks.
pub(super) fn answered(arguments: &[OsString]) -> bool {
    let here = std::env::current_dir().ok();
    CompleteEnv::with_factory(|| completing(Cli::command()))
        .var(ASKED_BY_SHELL)
        .try_complete(arguments.iter().cloned(), here.as_deref())
        // What goes wrong here would be printed into the line that is typed.
        .unwrap_or(true)
}

/// The commands with what completes their arguments.
fn completing(command: Command) -> Command {
    let known = |arg: Arg| {
        let kind = arg.get_value_parser().type_id();
        if kind == TypeId::of::<Address>() {
            arg.add(ArgValueCompleter::new(addresses))
        } else if kind == TypeId::of::<DomainName>() {
            arg.add(ArgValueCompleter::new(domain_names))
        } else if kind == TypeId::of::<Target>() {
            arg.add(ArgValueCompleter::new(targets))
        } else {
            arg
        }
    };
    command.mut_args(known).mut_subcommands(completing)
}

fn domain_names(start: &OsStr) -> Vec<CompletionCandidate> {
    let Some(start) = start.to_str() else { return Vec::new() };
    candidates(async |client| {
        let names = completion::domain_names(&client, start).await.ok()?;
        let spelt = |name: &DomainName| {
            if start.is_ascii() { name.to_string() } else { name.to_unicode() }
        };
        Some(names.iter().map(spelt).collect())
    })
}

/// Domain names before the `@` is typed, then addresses.
fn targets(start: &OsStr) -> Vec<CompletionCandidate> {
    let is_address = start.to_str().is_some_and(|start| start.contains('@'));
    let mut found = addresses(start);
    if !is_address {
        found.extend(domain_names(start));
    }
    found
}

fn addresses(start: &OsStr) -> Vec<CompletionCandidate> {
    let Some(start) = start.to_str() else { return Vec::new() };
    candidates(async |client| {
        let found = completion::addresses(&client, start).await.ok()?;
        let spelt = |address: &Address| {
            if start.is_ascii() { address.to_string() } else { address.to_unicode() }
        };
        Some(found.iter().map(spelt).collect())
    })
}

/// Nothing, when there is no database to ask: a prompt is no place for errors.
fn candidates(ask: impl AsyncFnOnce(Client) -> Option<Vec<String>>) -> Vec<CompletionCandidate> {
    let found = || -> Option<Vec<String>> {
        let config = Config::load(&source(std::env::args_os())).ok()?;
        runtime().ok()?.block_on(async {
            let client = tokio::time::timeout(PATIENCE, connect(&config)).await.ok()?.ok()?;
            ask(client).await
        })
    };
    found().unwrap_or_default().into_iter().map(CompletionCandidate::new).collect()
}

/// What the line that is being typed says about configuration and database.
fn source(words: impl Iterator<Item = OsString>) -> Source {
    let mut config = std::env::var_os("POSTCOTE_CONFIG");
    let mut database = std::env::var_os("POSTCOTE_DATABASE_URL");
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let Some(word) = word.to_str() else { continue };
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(OsString::from(value))),
            None => (word, words.peek().cloned()),
        };
        match name {
            "--config" => config = value,
            "--database" => database = value,
            _ => {}
        }
    }
    let database = database.and_then(|url| url.into_string().ok()).map(Into::into);
    Source { file: config.map(PathBuf::from), database }
}
