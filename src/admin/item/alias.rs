//! Aliases as they are reported.

use serde::Serialize;

use crate::admin::destinations::Target;
use crate::admin::item::sheet::{Fact, fact};
use crate::admin::item::target::{TargetItem, by_names};
use crate::admin::item::{Item, shown, texts};
use crate::mail::policy::AllowedSender;
use crate::mail::{DomainName, DomainPattern, Timestamp};
use crate::store::facts::EntryKind;
use crate::store::inventory::AliasRow;

/// Another name for one or more addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AliasItem {
    pub(super) address: String,
    pub(super) address_unicode: String,
    destinations: Vec<String>,
    pub(super) state: &'static str,
    expires: Option<String>,
    note: Option<String>,
    /// `authenticated`, `domain`, `members` and addresses, in which `*` stands for any text and
    /// local parts have no quotes; `null` is anybody.
    senders: Option<Vec<String>>,
    #[serde(skip)]
    senders_shown: Vec<String>,
    #[serde(skip)]
    pub(super) shown: Vec<String>,
    #[serde(flatten)]
    details: Option<AliasDetails>,
}

/// What only `show` knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::admin) struct AliasDetails {
    /// The destinations with what stands there.
    targets: Vec<TargetItem>,
    /// The same alias by the other names of its domain.
    also: Vec<String>,
    #[serde(skip)]
    also_shown: Vec<String>,
    /// Domains in which something else stands in the place of a default alias.
    except: Vec<Exception>,
}

/// What a domain has in the place of a default alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Exception {
    domain: String,
    entry: &'static str,
    #[serde(skip)]
    shown: String,
}

impl AliasDetails {
    /// Of an alias whose destinations are these targets, in a domain that has these other names,
    /// or as a default, which domains have except these.
    pub(in crate::admin) fn new(
        row: &AliasRow,
        targets: &[Target],
        names: &[DomainPattern],
        except: &[(DomainName, EntryKind)],
    ) -> Self {
        let (also, also_shown) = by_names(row.address.localpart(), names);
        let exception = |(domain, kind): &(DomainName, EntryKind)| Exception {
            domain: domain.to_string(),
            entry: kind.as_str(),
            shown: format!("{} ({})", domain.to_unicode(), kind.as_str()),
        };
        Self {
            targets: TargetItem::list(&row.destinations, targets),
            also,
            also_shown,
            except: except.iter().map(exception).collect(),
        }
    }
}

impl AliasItem {
    fn of(row: &AliasRow, now: Timestamp) -> Self {
        let state = if row.expires.is_some_and(|end| end <= now) {
            "expired"
        } else if row.enabled {
            "active"
        } else {
            "disabled"
        };
        Self {
            address: row.address.to_string(),
            address_unicode: row.address.to_unicode(),
            destinations: texts(&row.destinations),
            state,
            expires: row.expires.map(|time| time.to_string()),
            note: row.note.clone(),
            senders: row.senders.as_ref().map(|all| all.iter().map(ToString::to_string).collect()),
            senders_shown: row.senders.iter().flatten().map(AllowedSender::to_unicode).collect(),
            shown: row.destinations.iter().map(shown).collect(),
            details: None,
        }
    }

    /// Who may write to it, unless anybody may, as the end of a sentence.
    pub(super) fn restriction(&self) -> String {
        match self.senders_shown.as_slice() {
            [] => String::new(),
            [_, _, _, _, ..] => format!(", from {} senders only", self.senders_shown.len()),
            few => {
                let quoted: Vec<_> = few.iter().map(|one| format!("`{one}`")).collect();
                format!(", from {} only", quoted.join(", "))
            }
        }
    }

    pub(super) fn sheet(&self) -> Vec<Fact> {
        let mut facts = vec![fact("ADDRESS", [&self.address_unicode]), fact("STATE", [self.state])];
        facts.push(fact("EXPIRES", &self.expires));
        if let Some(details) = &self.details {
            facts.insert(1, fact("ALSO", &details.also_shown));
            facts.push(fact("DESTINATIONS", details.targets.iter().map(TargetItem::line)));
            facts.push(fact("EXCEPT IN", details.except.iter().map(|one| &one.shown)));
        } else {
            facts.push(fact("DESTINATIONS", &self.shown));
        }
        facts.push(fact("SENDERS", &self.senders_shown));
        facts.push(fact("NOTE", &self.note));
        facts
    }
}

impl Item {
    pub(in crate::admin) fn alias(row: &AliasRow, now: Timestamp) -> Self {
        Self::Alias(AliasItem::of(row, now))
    }

    /// An alias with everything there is to say about it.
    pub(in crate::admin) fn whole_alias(
        row: &AliasRow,
        now: Timestamp,
        details: AliasDetails,
    ) -> Self {
        Self::Alias(AliasItem { details: Some(details), ..AliasItem::of(row, now) })
    }
}
