//! `postcote query`: one lookup, as Postfix would make it.

use clap::Args;

use crate::cli::control;
use crate::config::{Config, closest};
use crate::exit::{Exit, Failure};
use crate::lookup::Table;
use crate::protocol::Reply;
use crate::terminal;

/// Asks the running daemon what Postfix would be answered.
///
/// Prints the value and exits with 0; exits with 1 if there is none, with 75 if it cannot be known
/// now.
#[derive(Debug, Args)]
#[command(after_long_help = after_help())]
pub(super) struct Query {
    /// A table, named as the Postfix parameter that it serves
    table: String,
    /// An address, or a domain for the tables of domains
    key: String,
}

fn after_help() -> String {
    let tables: String = Table::ALL.map(|table| format!("\n  {table}")).concat();
    format!(
        "Tables:{tables}\n\n\
         Examples:\n  \
         postcote query virtual_alias_maps info@example.org\n  \
         postcote query virtual_mailbox_domains example.org && echo served here"
    )
}

impl Query {
    pub(super) fn run(&self, config: &Config) -> Result<Exit, Failure> {
        if Table::parse(&self.table).is_none() {
            return Err(unknown_table(&self.table));
        }
        match control::ask(config, &self.table, &self.key)? {
            Reply::Found(value) => {
                terminal::print(&format!("{value}\n"))?;
                Ok(Exit::Done)
            }
            Reply::NotFound => {
                terminal::say(&format!("`{}` is not in {}\n", self.key, self.table));
                Ok(Exit::Refused)
            }
            Reply::Temporary(reason) => {
                let why = format!("`{}` in {} cannot be known now: {reason}", self.key, self.table);
                Err(Failure::new(Exit::Temporary, why)
                    .hint("mail waits and nothing is lost; the daemon's log tells more"))
            }
            Reply::Misconfigured(reason) => {
                let why = format!("the daemon does not serve {}: {reason}", self.table);
                Err(Failure::new(Exit::Usage, why)
                    .hint("it may be older than this command: restart it"))
            }
        }
    }
}

fn unknown_table(name: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("there is no table `{name}`"));
    match closest(name, Table::ALL.map(Table::as_str)) {
        Some(close) => failure.hint(format!("did you mean `{close}`?")),
        None => failure.hint("`postcote query --help` lists the tables"),
    }
}
