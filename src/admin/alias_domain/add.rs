//! Gives domains further names.

use crate::admin::item::Item;
use crate::admin::limits::Watch;
use crate::admin::names;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, alias_domain, destinations};
use crate::mail::{DomainName, DomainPattern, Refusal, Rule};
use crate::store::facts::{self, Named};
use crate::store::write;

pub(super) const HELP: &str = "\
Examples:
  postcote admin alias-domain add shop.example example.org
  postcote admin alias-domain add '*.example.org' example.org

A wildcard stands for every name below its domain that is not served itself,
however many labels deep, and not for the domain; the longest wildcard wins.";

/// Gives a domain another name.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The new name, or a wildcard
    pub(super) name: DomainPattern,
    /// The primary name of the domain that gets it
    primary: DomainName,
}

impl Add {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let primary = alias_domain::primary(desk, &self.primary, what).await?;
        if let Some(taken) = facts::known_as(desk.tx, &self.name).await? {
            return Err(self.taken(&taken, what).into());
        }
        let watch = Watch::begin(desk, primary.gid, &primary.primary).await?;
        write::insert_alias_domain(desk.tx, &self.name, primary.gid).await?;
        watch.end(desk, what).await?;
        let mut report = Report::new("alias-domain add");
        report.change(ChangeKind::Added, Item::alias_domain(&self.name, &self.primary));
        // What led to another host until now leads here, and maybe back.
        destinations::recheck(desk, &self.name, what, &mut report).await?;
        Ok(report)
    }

    fn taken(&self, taken: &Named, what: &str) -> Refusal {
        if !taken.is_alias() {
            return Refusal::new(Rule::DomainExists, what);
        }
        let of = taken.primary.to_unicode();
        let refusal = Refusal::new(Rule::AliasDomainExists, what)
            .because(format!("it is an alias domain of `{of}` already"));
        if taken.primary == self.primary {
            return refusal;
        }
        let (name, primary) = (names::word(&self.name), self.primary.to_unicode());
        refusal.advise(format!(
            "give it to another domain with `postcote admin alias-domain switch {name} {primary}`"
        ))
    }
}
