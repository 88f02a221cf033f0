//! The command line: arguments become typed values here, results become text and exit codes.

mod admin;
mod checkpassword;
mod columns;
mod completions;
mod config;
mod control;
mod db;
mod dovecot;
mod explain;
mod failure;
mod man;
mod orders;
mod policy;
mod postfix;
mod query;
mod serve;
mod vmm;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{StringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use secrecy::SecretString;

use crate::config::{Config, DEFAULT_FILE, Source};
use crate::exit::{Exit, Failure};
use crate::terminal;

/// Answers every question Postfix and Dovecot ask about virtual mail.
///
/// postcote answers from memory and keeps the answers true while PostgreSQL owns the data.
#[derive(Debug, Parser)]
#[command(name = "postcote", version, max_term_width = 100, after_long_help = after_help())]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
struct Common {
    /// Reads this configuration instead of /etc/postcote/postcote.toml
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "POSTCOTE_CONFIG",
        hide_env_values = true
    )]
    config: Option<PathBuf>,
    /// Uses this database instead of the one in the configuration.
    ///
    /// A libpq URL or a key=value list. Other users of this machine can see a password on the
    /// command line; put it into the environment, the configuration or ~/.pgpass.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "POSTCOTE_DATABASE_URL",
        hide_env_values = true,
        value_parser = StringValueParser::new().map(SecretString::from)
    )]
    database: Option<SecretString>,
}

/// In the order in which a newcomer needs them.
#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a private database with sample data and serves it, to try postcote out.
    #[command(after_long_help = "\
Examples:
  postcote demo
  postcote demo --dir ~/postcote-demo")]
    Demo {
        /// The directory of the database and the sockets; a second run uses it again
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Runs the daemon in the foreground.
    ///
    /// Opens every listener of the configuration once the database has answered, tells systemd that
    /// it is ready, reads the configuration again on SIGHUP, and ends on SIGTERM when everything
    /// that was asked has been answered.
    #[command(after_long_help = "\
Examples:
  postcote serve
  postcote --config ./postcote.toml serve")]
    Serve,
    Query(query::Query),
    Admin(crate::admin::Args),
    Explain(explain::Explain),
    Orders(orders::Orders),
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    Checkpassword(checkpassword::Checkpassword),
    /// Sets up and inspects the database.
    #[command(subcommand)]
    Db(db::Db),
    /// Checks, shows and translates the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Vmm(vmm::Vmm),
    Completions(completions::Completions),
    Man(man::Manual),
}

/// Runs the command that the arguments, program name first, ask for. Called as `vmm`, the program
/// is `postcote vmm`.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if completions::answered(&arguments) {
        return Exit::Done.into();
    }
    let name = arguments.first().and_then(|program| Path::new(program).file_name());
    if name.is_some_and(|name| name == vmm::NAME) {
        arguments.splice(..1, ["postcote".into(), vmm::NAME.into()]);
    }
    let misused = match arguments.get(1) {
        Some(word) if word == checkpassword::NAME => checkpassword::MISUSED.into(),
        _ => Exit::Usage.into(),
    };
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help was asked for and is data; anything else is a complaint. If neither can be
            // written there is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { misused } else { Exit::Done.into() };
        }
    };
    match cli.dispatch() {
        Ok(code) => code,
        Err(failure) => {
            terminal::say_failure(&failure);
            failure.exit.into()
        }
    }
}

impl Cli {
    fn dispatch(self) -> Result<ExitCode, Failure> {
        let source = Source { file: self.common.config, database: self.common.database };
        let exit = match self.command {
            // Their exit codes are their own.
            Command::Checkpassword(command) => return Ok(command.run(&source)),
            Command::Vmm(words) => return Ok(words.run(&source).into()),
            Command::Admin(arguments) => admin::run(arguments, &load(&source)?),
            Command::Completions(completions) => completions.run(),
            Command::Config(command) => command.run(&source),
            Command::Db(command) => command.run(&load(&source)?),
            Command::Demo { dir } => serve::demo(dir.as_deref()),
            Command::Explain(explain) => explain.run(&load(&source)?),
            Command::Man(manual) => manual.run(),
            Command::Orders(orders) => orders.run(&load(&source)?),
            Command::Policy(policy) => policy.run(&load(&source)?),
            Command::Query(query) => query.run(&load(&source)?),
            Command::Serve => serve::serve(source),
        };
        exit.map(ExitCode::from)
    }
}

fn load(source: &Source) -> Result<Config, Failure> {
    Config::load(source).map_err(|error| {
        let failure = Failure::new(Exit::Configuration, error.to_string());
        match error.hint() {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    })
}

fn after_help() -> String {
    let codes: String =
        Exit::ALL.map(|exit| format!("\n  {:>2}  {}", exit.code(), exit.meaning())).concat();
    format!(
        "Files:\n  {DEFAULT_FILE}  unless --config or $POSTCOTE_CONFIG names another\n\n\
         Exit codes:{codes}"
    )
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Cli::command().debug_assert();
    }
}
