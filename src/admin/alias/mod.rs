//! Aliases: other names for one or more addresses, in one domain or by default in every one.

mod add;
mod default;
mod delete;
mod place;
mod senders;
mod set;
mod show;

use crate::admin::item::Item;
use crate::admin::pattern::{self, Selection};
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};
use crate::store::inventory;

pub use add::Add;
pub use delete::Delete;
pub use set::Set;
pub use show::Show;

/// What to do with aliases.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes an alias, or gives it further destinations
    #[command(after_long_help = add::HELP)]
    Add(Add),
    /// Deletes an alias, or some of its destinations
    #[command(after_long_help = delete::HELP)]
    Delete(Delete),
    /// Lists aliases and where they lead to
    #[command(after_long_help = "Examples:\n  postcote admin alias list team\n  \
                                 postcote admin alias list '%@*'")]
    List(Selection),
    /// Switches an alias on or off, or changes who may write to it, when it ends and what is noted
    #[command(after_long_help = set::HELP)]
    Set(Set),
    /// Shows everything about an alias
    #[command(after_long_help = "Examples:\n  postcote admin alias show team@example.org\n  \
                                 postcote admin alias show postmaster@example.org")]
    Show(Show),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        let (verb, address) = match self {
            Self::Add(add) => ("add", &add.address),
            Self::Delete(delete) => ("delete", &delete.address),
            Self::List(_) => return "cannot list aliases".to_owned(),
            Self::Set(set) => ("change", &set.address),
            Self::Show(show) => ("show", &show.address),
        };
        format!("cannot {verb} alias `{}`", address.to_unicode())
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, &what).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => {
                let filter = pattern::filter(desk.tx, list.pattern.as_ref()).await?;
                let rows = inventory::aliases(desk.tx, &filter).await?;
                let items = rows.iter().map(|row| Item::alias(row, desk.now)).collect();
                Ok(Report::list("alias list", items))
            }
            Self::Set(set) => set.perform(desk, &what).await,
            Self::Show(show) => show.perform(desk, &what).await,
        }
    }
}
