//! Gives names of domains to other domains.

use crate::admin::item::Item;
use crate::admin::limits::Watch;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, alias_domain, destinations};
use crate::mail::{DomainName, DomainPattern, Refusal, Rule};
use crate::store::write;

/// Gives a name to another domain.
#[derive(Clone, Debug, clap::Args)]
pub struct Switch {
    /// The alias domain, or the wildcard
    pub(super) name: DomainPattern,
    /// The primary name of the domain that gets it
    primary: DomainName,
}

impl Switch {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let named = alias_domain::existing(desk, &self.name, "rename", what).await?;
        let primary = alias_domain::primary(desk, &self.primary, what).await?;
        if named.gid == primary.gid {
            let of = primary.primary.to_unicode();
            return Err(Refusal::new(Rule::AliasDomainExists, what)
                .because(format!("it is an alias domain of `{of}` already"))
                .into());
        }
        let watch = Watch::begin(desk, primary.gid, &primary.primary).await?;
        write::switch_alias_domain(desk.tx, &self.name, primary.gid).await?;
        watch.end(desk, what).await?;
        let mut report = Report::new("alias-domain switch");
        report.change(ChangeKind::Changed, Item::alias_domain(&self.name, &self.primary));
        destinations::recheck(desk, &self.name, what, &mut report).await?;
        Ok(report)
    }
}
