//! Manages the data: `postcote admin NOUN VERB`, one noun a file.
//!
//! A command is one transaction: it sees one state, its checks and its writes hold together, and
//! what it returns is a [`Report`], data that [`report`] alone turns into text or JSON. A dry run
//! is the same with a rollback at its end.
//!
//! To add a verb, add a variant with its help to the `Verb` of its noun; the compiler names the
//! rest. To add a noun, add its file and its variant of [`Command`].

pub mod account;
pub mod address;
pub mod alias;
pub mod alias_domain;
pub mod app_password;
pub mod catchall;
mod destinations;
mod disk;
pub mod domain;
mod error;
mod expiry;
pub mod item;
mod limits;
mod names;
pub mod password;
mod pattern;
mod references;
pub mod relocated;
pub mod report;
pub mod sender;
pub mod sending;
mod spellings;

use tokio_postgres::{Client, Transaction};

use crate::config::{Accounts, Config};
use crate::mail::policy::Windowing;
use crate::mail::{Address, Delimiters, Timestamp};
use crate::store::write;

pub use error::AdminError;
pub use expiry::{Expiry, ExpiryError};
pub use password::{NewHash, PasswordInput, PasswordSource, Terminal};
pub use pattern::{Pattern, PatternError};
pub use report::{Format, Output, Report};

use password::NewPassword;

/// Manages domains, accounts, aliases and the rest
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// What to manage.
    #[command(subcommand)]
    pub command: Command,
    /// Prints JSON: one object, whose fields are added to and never changed
    #[arg(long, global = true, display_order = 900)]
    pub json: bool,
    /// Checks everything, changes nothing
    #[arg(long, global = true, display_order = 901)]
    pub dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  postcote admin domain add shop.example --with-postmaster
  postcote admin account add jane@shop.example --quota 2g
  postcote admin alias add sales@shop.example jane@shop.example
  postcote admin address list %@shop.example

In a PATTERN, `%` stands for any text. Domains may be written in Unicode.
Exit codes: 0 done; 1 refused by a rule or not found; 65 bad data;
69 database unavailable; 75 try again; 77 not permitted.";

/// What to manage.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    /// Accounts: mailboxes that people log in to
    #[command(subcommand)]
    Account(account::Verb),
    /// Addresses of every kind
    #[command(subcommand)]
    Address(address::Verb),
    /// Aliases: other names for one or more addresses
    #[command(subcommand)]
    Alias(alias::Verb),
    /// Alias domains: other names for a domain
    #[command(subcommand)]
    AliasDomain(alias_domain::Verb),
    /// App passwords: further passwords of an account, each for one program or device
    #[command(subcommand)]
    AppPassword(app_password::Verb),
    /// Catch-alls: who gets mail for addresses that do not exist
    #[command(subcommand)]
    Catchall(catchall::Verb),
    /// Domains with mailboxes
    #[command(subcommand)]
    Domain(domain::Verb),
    /// Limits: how much accounts, domains and app passwords may send
    #[command(subcommand)]
    Limits(sending::Verb),
    /// Passwords: hashes, schemes, and whether one is right
    #[command(subcommand)]
    Password(password::Verb),
    /// Relocated users: people who have moved to another address
    #[command(subcommand)]
    Relocated(relocated::Verb),
    /// Sender grants: who may use which further addresses as the sender
    #[command(subcommand)]
    Sender(sender::Verb),
}

/// What the configuration says about new data.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What new accounts get.
    pub accounts: Accounts,
    /// The characters at which an address extension starts.
    pub delimiters: Delimiters,
    /// How much may be sent where nobody says anything.
    pub sending: sending::Defaults,
    /// Since when what was sent counts.
    pub windowing: Windowing,
}

impl From<&Config> for Settings {
    fn from(config: &Config) -> Self {
        Self {
            accounts: config.accounts.clone(),
            delimiters: config.addresses.recipient_delimiter.clone(),
            sending: sending::Defaults {
                account: config.policy.account_limits,
                app_password: config.policy.app_password_limits,
                domain: config.policy.domain_limits,
            },
            windowing: config.policy.windowing(),
        }
    }
}

/// How a command is run.
pub struct Options<'a> {
    /// Whether everything is rolled back in the end.
    pub dry_run: bool,
    /// The time, for what has ended by now.
    pub now: Timestamp,
    /// Where passwords are typed or piped.
    pub input: &'a mut dyn PasswordInput,
}

/// What verbs work with.
#[derive(Clone, Copy)]
struct Desk<'a, 'tx> {
    tx: &'a Transaction<'tx>,
    settings: &'a Settings,
    now: Timestamp,
}

/// Runs a command in one transaction.
///
/// # Errors
/// Nothing was changed, and [`AdminError`] says why.
pub async fn run(
    command: Command,
    client: &mut Client,
    settings: &Settings,
    options: Options<'_>,
) -> Result<Report, AdminError> {
    let what = command.what();
    if let Some(task) = command.task() {
        return task.run(client, settings, options).await.map_err(|error| error.about(&what));
    }
    if let Command::Password(verb) = &command {
        let outcome = verb.perform(Some(client), settings, options).await;
        return outcome.map_err(|error| error.about(&what));
    }
    attempt(command, client, settings, options).await.map_err(|error| error.about(&what))
}

/// Runs a command that [needs no database](Command::needs_database).
///
/// # Errors
/// As of [`run`]; or the command does need one.
pub async fn run_alone(
    command: Command,
    settings: &Settings,
    options: Options<'_>,
) -> Result<Report, AdminError> {
    match command {
        Command::Password(verb) => verb.perform(None, settings, options).await,
        _ => Err(AdminError::bad_data("this command needs a database")),
    }
}

async fn attempt(
    command: Command,
    client: &mut Client,
    settings: &Settings,
    options: Options<'_>,
) -> Result<Report, AdminError> {
    let now = options.now;
    let password = match command.password()? {
        None => None,
        Some((source, account)) => {
            // A refusal comes before the question, and nobody waits for somebody who types.
            let tx = client.transaction().await?;
            command.check(Desk { tx: &tx, settings, now }).await?;
            tx.rollback().await?;
            Some(source.obtain(settings, &account, options.input)?)
        }
    };
    let tx = client.transaction().await?;
    if command.writes() {
        write::take_turn(&tx).await?;
    }
    let mut report = command.perform(Desk { tx: &tx, settings, now }, password).await?;
    write::check_now(&tx).await?;
    if options.dry_run {
        report.undone();
        tx.rollback().await?;
    } else {
        tx.commit().await?;
    }
    Ok(report)
}

impl Command {
    /// What it would fail to do, for a refusal.
    fn what(&self) -> String {
        match self {
            Self::Account(verb) => verb.what(),
            Self::Address(verb) => verb.what(),
            Self::Alias(verb) => verb.what(),
            Self::AliasDomain(verb) => verb.what(),
            Self::AppPassword(verb) => verb.what(),
            Self::Catchall(verb) => verb.what(),
            Self::Domain(verb) => verb.what(),
            Self::Limits(verb) => verb.what(),
            Self::Password(verb) => verb.what(),
            Self::Relocated(verb) => verb.what(),
            Self::Sender(verb) => verb.what(),
        }
    }

    /// What is to be done with a file, if it works on one.
    fn task(&self) -> Option<account::bulk::Task<'_>> {
        match self {
            Self::Account(verb) => verb.task(),
            _ => None,
        }
    }

    /// Whether it asks the database; if not, [`run_alone`] runs it.
    pub fn needs_database(&self) -> bool {
        match self {
            Self::Password(verb) => verb.needs_database(),
            _ => true,
        }
    }

    /// Whether it may change something.
    fn writes(&self) -> bool {
        match self {
            Self::Account(verb) => verb.writes(),
            Self::AppPassword(verb) => verb.writes(),
            Self::Domain(verb) => verb.writes(),
            Self::Limits(verb) => verb.writes(),
            Self::Sender(verb) => verb.writes(),
            _ => !matches!(
                self,
                Self::Address(address::Verb::List(_))
                    | Self::Alias(alias::Verb::List(_) | alias::Verb::Show(_))
                    | Self::AliasDomain(alias_domain::Verb::List(_) | alias_domain::Verb::Show(_))
                    | Self::Catchall(catchall::Verb::Show(_))
                    | Self::Password(_)
                    | Self::Relocated(relocated::Verb::List(_) | relocated::Verb::Show(_))
            ),
        }
    }

    /// Where the password comes from, and for which account, if it needs one.
    fn password(&self) -> Result<Option<(PasswordSource, Address)>, AdminError> {
        Ok(match self {
            Self::Account(verb) => verb.password(),
            Self::Domain(domain::Verb::Add(add)) if add.with_postmaster => {
                Some((add.password(), add.postmaster()?))
            }
            _ => None,
        })
    }

    /// What can be refused before there is a password.
    async fn check(&self, desk: Desk<'_, '_>) -> Result<(), AdminError> {
        match self {
            Self::Account(verb) => verb.check(desk).await,
            Self::Domain(domain::Verb::Add(add)) => add.check(desk).await,
            _ => Ok(()),
        }
    }

    async fn perform(
        self,
        desk: Desk<'_, '_>,
        password: Option<NewPassword>,
    ) -> Result<Report, AdminError> {
        match self {
            Self::Account(verb) => verb.perform(desk, password).await,
            Self::Address(verb) => verb.perform(desk).await,
            Self::Alias(verb) => verb.perform(desk).await,
            Self::AliasDomain(verb) => verb.perform(desk).await,
            Self::AppPassword(verb) => verb.perform(desk).await,
            Self::Catchall(verb) => verb.perform(desk).await,
            Self::Domain(verb) => verb.perform(desk, password).await,
            Self::Limits(verb) => verb.perform(desk).await,
            Self::Password(_) => Err(AdminError::bad_data("this command needs no transaction")),
            Self::Relocated(verb) => verb.perform(desk).await,
            Self::Sender(verb) => verb.perform(desk).await,
        }
    }
}
