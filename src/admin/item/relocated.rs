//! Relocated users as they are reported.

use serde::Serialize;

use crate::admin::destinations::Target;
use crate::admin::item::sheet::{Fact, fact};
use crate::admin::item::target::by_names;
use crate::admin::item::{Item, unicode};
use crate::mail::DomainPattern;
use crate::store::inventory::RelocatedRow;

/// Somebody who has moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RelocatedItem {
    address: String,
    pub(super) address_unicode: String,
    new_address: String,
    pub(super) new_address_unicode: String,
    note: Option<String>,
    #[serde(flatten)]
    details: Option<RelocatedDetails>,
}

/// What only `show` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct RelocatedDetails {
    /// What stands at the new address.
    new_address_is: Target,
    /// The old address by the other names of its domain.
    also: Vec<String>,
    #[serde(skip)]
    also_shown: Vec<String>,
}

impl RelocatedItem {
    fn of(row: &RelocatedRow) -> Self {
        Self {
            address: row.address.to_string(),
            address_unicode: row.address.to_unicode(),
            new_address: row.new_address.to_string(),
            new_address_unicode: unicode(&row.new_address),
            note: row.note.clone(),
            details: None,
        }
    }

    pub(super) fn sheet(&self) -> Vec<Fact> {
        let new = &self.new_address_unicode;
        let new = match &self.details {
            Some(details) => format!("{new} ({})", details.new_address_is.in_words()),
            None => new.clone(),
        };
        vec![
            fact("ADDRESS", [&self.address_unicode]),
            fact("ALSO", self.details.iter().flat_map(|details| &details.also_shown)),
            fact("NEW ADDRESS", [new]),
            fact("NOTE", &self.note),
        ]
    }
}

impl Item {
    pub(in crate::admin) fn relocated(row: &RelocatedRow) -> Self {
        Self::Relocated(RelocatedItem::of(row))
    }

    /// Somebody who has moved, with everything there is to say about it.
    pub(in crate::admin) fn whole_relocated(
        row: &RelocatedRow,
        target: Target,
        names: &[DomainPattern],
    ) -> Self {
        let (also, also_shown) = by_names(&row.address.localpart, names);
        let details = RelocatedDetails { new_address_is: target, also, also_shown };
        Self::Relocated(RelocatedItem { details: Some(details), ..RelocatedItem::of(row) })
    }
}
