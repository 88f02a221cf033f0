//! Catch-alls as they are reported.

use serde::Serialize;

use crate::admin::destinations::Target;
use crate::admin::item::sheet::{Fact, fact};
use crate::admin::item::target::TargetItem;
use crate::admin::item::{Item, shown, texts};
use crate::mail::{DestinationTemplate, DomainName, DomainPattern};

/// Who gets mail for strangers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CatchallItem {
    domain: String,
    pub(super) domain_unicode: String,
    destinations: Vec<String>,
    #[serde(skip)]
    pub(super) shown: Vec<String>,
    #[serde(flatten)]
    details: Option<CatchallDetails>,
}

/// What only `show` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct CatchallDetails {
    /// The destinations with what stands there.
    targets: Vec<TargetItem>,
    /// The other names of the domain, for which it holds, too.
    also: Vec<String>,
    #[serde(skip)]
    also_shown: Vec<String>,
}

impl CatchallItem {
    fn of(domain: &DomainName, destinations: &[DestinationTemplate]) -> Self {
        Self {
            domain: domain.to_string(),
            domain_unicode: domain.to_unicode(),
            destinations: texts(destinations),
            shown: destinations.iter().map(shown).collect(),
            details: None,
        }
    }

    pub(super) fn sheet(&self) -> Vec<Fact> {
        let Some(details) = &self.details else {
            return vec![fact("DOMAIN", [&self.domain_unicode]), fact("DESTINATIONS", &self.shown)];
        };
        vec![
            fact("DOMAIN", [&self.domain_unicode]),
            fact("ALSO", &details.also_shown),
            fact("DESTINATIONS", details.targets.iter().map(TargetItem::line)),
        ]
    }
}

impl Item {
    pub(in crate::admin) fn catchall(
        domain: &DomainName,
        destinations: &[DestinationTemplate],
    ) -> Self {
        Self::Catchall(CatchallItem::of(domain, destinations))
    }

    /// A catch-all with everything there is to say about it.
    pub(in crate::admin) fn whole_catchall(
        domain: &DomainName,
        destinations: &[DestinationTemplate],
        targets: &[Target],
        names: &[DomainPattern],
    ) -> Self {
        let details = CatchallDetails {
            targets: TargetItem::list(destinations, targets),
            also: names.iter().map(ToString::to_string).collect(),
            also_shown: names.iter().map(DomainPattern::to_unicode).collect(),
        };
        let item = CatchallItem::of(domain, destinations);
        Self::Catchall(CatchallItem { details: Some(details), ..item })
    }
}
