//! Shows what a name of a domain stands for.

use crate::admin::item::{AliasDomainDetails, Item};
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, alias_domain};
use crate::mail::DomainPattern;
use crate::store::facts;

/// Shows an alias domain.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The alias domain, or the wildcard
    pub(super) name: DomainPattern,
}

impl Show {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let named = alias_domain::existing(desk, &self.name, "show", what).await?;
        let state = match (named.enabled, named.relayed) {
            (false, _) => "disabled",
            (true, true) => "relayed",
            (true, false) => "active",
        };
        let except = match &self.name {
            DomainPattern::Exact(_) => Vec::new(),
            DomainPattern::Below(parent) => facts::names_below(desk.tx, parent).await?,
        };
        let details = AliasDomainDetails::new(named.gid.0, state, &except);
        let item = Item::alias_domain_with(&self.name, &named.primary, Some(details));
        Ok(Report::sheet("alias-domain show", item))
    }
}
