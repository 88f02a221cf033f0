//! Lists domains.

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, Pattern};
use crate::store::facts;
use crate::store::inventory;

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin domain list
  postcote admin domain list %.org";

/// Lists domains.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only domains like this, by any of their names; `%` stands for any text
    pattern: Option<Pattern>,
}

impl List {
    pub(super) async fn perform(&self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let all = facts::names(desk.tx).await?;
        let wanted = all.into_iter().filter(|(name, ..)| {
            self.pattern.as_ref().is_none_or(|pattern| pattern.matches_domain(name))
        });
        let gids: Vec<_> = wanted.map(|(_, gid, _)| gid).collect();
        let rows = inventory::domains(desk.tx, &gids).await?;
        Ok(Report::list("domain list", rows.iter().map(Item::domain).collect()))
    }
}
