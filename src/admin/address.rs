//! Addresses of every kind.

use crate::admin::item::Item;
use crate::admin::pattern::{self, Selection};
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};
use crate::store::inventory;

/// What to do with addresses.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Lists addresses and what stands there
    #[command(after_long_help = "Examples:\n  postcote admin address list info\n  \
                                 postcote admin address list %@example.org")]
    List(Selection),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::List(_) => "cannot list addresses".to_owned(),
        }
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let Self::List(list) = self;
        let filter = pattern::filter(desk.tx, list.pattern.as_ref()).await?;
        let rows = inventory::addresses(desk.tx, &filter).await?;
        let items = rows.iter().map(|(address, kind)| Item::address(address, *kind)).collect();
        Ok(Report::list("address list", items))
    }
}
