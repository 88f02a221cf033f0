//! Takes names of domains away.

use crate::admin::item::Item;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, alias_domain, destinations, references};
use crate::mail::DomainPattern;
use crate::store::write;

/// Takes a name away.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The alias domain, or the wildcard
    pub(super) name: DomainPattern,
}

impl Delete {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let named = alias_domain::existing(desk, &self.name, "delete", what).await?;
        write::delete_alias_domain(desk.tx, &self.name).await?;
        let mut report = Report::new("alias-domain delete");
        report.change(ChangeKind::Deleted, Item::alias_domain(&self.name, &named.primary));
        references::warn_of_domain(desk, std::slice::from_ref(&self.name), &mut report).await?;
        // A wildcard may stand for it now.
        destinations::recheck(desk, &self.name, what, &mut report).await?;
        Ok(report)
    }
}
