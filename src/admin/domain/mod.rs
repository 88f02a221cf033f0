//! Domains with mailboxes.

mod add;
mod delete;
mod list;

use crate::admin::password::NewPassword;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};

pub use add::Add;
pub use delete::Delete;
pub use list::List;

/// What to do with domains.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Serves mailboxes of a domain from now on
    #[command(after_long_help = add::EXAMPLES)]
    Add(Add),
    /// Serves a domain no longer
    #[command(after_long_help = delete::EXAMPLES)]
    Delete(Delete),
    /// Lists domains
    List(List),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => add.what(),
            Self::Delete(delete) => delete.what(),
            Self::List(_) => "cannot list domains".to_owned(),
        }
    }

    pub(super) async fn perform(
        self,
        desk: Desk<'_, '_>,
        password: Option<NewPassword>,
    ) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, password).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => list.perform(desk).await,
        }
    }
}

/// PostgreSQL counts in signed numbers.
pub(super) fn messages() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(..=i64::MAX.unsigned_abs())
}

pub(super) fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('s') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}
