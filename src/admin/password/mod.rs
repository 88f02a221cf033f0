//! Passwords: where new ones come from, and the noun `password`, which needs no account.

mod hash;
mod schemes;
mod source;
mod verify;

use tokio_postgres::Client;

use crate::admin::report::Report;
use crate::admin::{AdminError, Options, Settings};

pub use hash::Hash;
pub use source::{NewHash, PasswordInput, PasswordSource, Terminal};
pub(super) use source::{NewPassword, doubts};
pub use verify::Verify;

/// What to do with passwords.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes what would be stored of a password, and prints it
    #[command(after_long_help = hash::EXAMPLES)]
    Hash(Hash),
    /// Lists the schemes, how strong they are, and which Dovecot takes them
    #[command(after_long_help = "Example:\n  postcote admin password schemes")]
    Schemes,
    /// Tells whether a password fits a hash, or an account
    #[command(after_long_help = verify::EXAMPLES)]
    Verify(Verify),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Hash(_) => "cannot hash the password".to_owned(),
            Self::Schemes => "cannot list password schemes".to_owned(),
            Self::Verify(verify) => verify.what(),
        }
    }

    /// Whether it asks the database.
    pub(super) fn needs_database(&self) -> bool {
        matches!(self, Self::Verify(verify) if verify.address.is_some())
    }

    /// Does it, with a database if it needs one; nothing is ever written.
    pub(super) async fn perform(
        &self,
        client: Option<&mut Client>,
        settings: &Settings,
        options: Options<'_>,
    ) -> Result<Report, AdminError> {
        let mut report = match self {
            Self::Hash(hash) => hash.perform(settings, options.input)?,
            Self::Schemes => schemes::report(settings),
            Self::Verify(verify) => {
                verify.perform(client, settings, options.now, options.input).await?
            }
        };
        report.dry_run = options.dry_run;
        Ok(report)
    }
}
