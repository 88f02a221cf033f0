//! Domains with mailboxes.

mod add;
mod delete;
mod list;
mod rename;
mod set;
mod show;
mod switch;

use crate::admin::names::{self, Names};
use crate::admin::password::NewPassword;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};
use crate::mail::DomainName;
use crate::store::facts::Named;
use crate::store::inventory::{self, DomainRow};

pub use add::Add;
pub use delete::Delete;
pub use list::List;
pub use rename::Rename;
pub use set::Set;
pub use show::Show;
pub use switch::{Disable, Enable};

/// What to do with domains.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Serves mailboxes of a domain from now on
    #[command(after_long_help = add::EXAMPLES)]
    Add(Add),
    /// Serves a domain no longer, and deletes it
    #[command(after_long_help = delete::EXAMPLES)]
    Delete(Delete),
    /// Serves a domain no longer, and keeps all its data
    #[command(after_long_help = switch::DISABLE)]
    Disable(Disable),
    /// Serves a domain again
    #[command(after_long_help = switch::ENABLE)]
    Enable(Enable),
    /// Lists domains
    #[command(after_long_help = list::EXAMPLES)]
    List(List),
    /// Gives a domain another primary name, and has what leads into it follow
    #[command(after_long_help = rename::EXAMPLES)]
    Rename(Rename),
    /// Sets what a domain has, and how much of it
    #[command(after_long_help = set::EXAMPLES)]
    Set(Box<Set>),
    /// Shows everything about a domain
    #[command(after_long_help = show::EXAMPLES)]
    Show(Show),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => add.what(),
            Self::Delete(delete) => delete.what(),
            Self::Disable(disable) => disable.what(),
            Self::Enable(enable) => enable.what(),
            Self::List(_) => "cannot list domains".to_owned(),
            Self::Rename(rename) => rename.what(),
            Self::Set(set) => set.what(),
            Self::Show(show) => show.what(),
        }
    }

    /// Whether it may change something.
    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Show(_))
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
            Self::Disable(disable) => disable.perform(desk, &what).await,
            Self::Enable(enable) => enable.perform(desk, &what).await,
            Self::List(list) => list.perform(desk).await,
            Self::Rename(rename) => rename.perform(desk, &what).await,
            Self::Set(set) => set.perform(desk, &what).await,
            Self::Show(show) => show.perform(desk, &what).await,
        }
    }
}

/// The domain of a primary name.
async fn existing(
    desk: Desk<'_, '_>,
    name: &DomainName,
    what: &str,
) -> Result<(Named, DomainRow), AdminError> {
    let domain = names::served(desk, name, what).await?;
    if domain.is_alias() {
        return Err(names::alias_domain(&domain, what).into());
    }
    match inventory::domains(desk.tx, &[domain.gid]).await?.pop() {
        Some(row) => Ok((domain, row)),
        None => Err(names::no_such_domain(&Names::load(desk.tx).await?, name, what).into()),
    }
}

/// PostgreSQL counts in signed numbers.
pub(super) fn messages() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(..=i64::MAX.unsigned_abs())
}
