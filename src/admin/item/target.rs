//! Destinations with what stands there, as `show` reports them.

use serde::Serialize;

use crate::admin::destinations::Target;
use crate::admin::item::shown;
use crate::mail::{DestinationTemplate, DomainPattern, Localpart};

/// A destination and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct TargetItem {
    destination: String,
    is: Target,
    #[serde(skip)]
    shown: String,
}

impl TargetItem {
    /// Destinations, each with what stands there.
    pub(super) fn list(destinations: &[DestinationTemplate], targets: &[Target]) -> Vec<Self> {
        let item = |(destination, is): (&DestinationTemplate, &Target)| Self {
            destination: destination.to_string(),
            is: *is,
            shown: shown(destination),
        };
        destinations.iter().zip(targets).map(item).collect()
    }

    /// The destination with what stands there, as people read it.
    pub(super) fn line(&self) -> String {
        format!("{} ({})", self.shown, self.is.in_words())
    }
}

/// The address of a local part by each of some names of its domain: as stored, and as people read
/// it.
pub(super) fn by_names(
    localpart: &Localpart,
    names: &[DomainPattern],
) -> (Vec<String>, Vec<String>) {
    let stored = names.iter().map(|name| format!("{localpart}@{name}"));
    let shown = names.iter().map(|name| format!("{localpart}@{}", name.to_unicode()));
    (stored.collect(), shown.collect())
}
