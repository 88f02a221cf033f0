//! Lists accounts.

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, Pattern, pattern};
use crate::store::inventory;

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account list %@example.org
  postcote admin account list a%
  postcote admin account list --json | jq '.items[].address'";

/// Lists accounts.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only accounts like this; `%` stands for any text
    pattern: Option<Pattern>,
}

impl List {
    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let filter = pattern::filter(desk.tx, self.pattern.as_ref()).await?;
        let rows = inventory::accounts(desk.tx, &filter).await?;
        let items = rows.iter().map(|row| Item::account(row, desk.now)).collect();
        Ok(Report::list("account list", items))
    }
}
