//! What leads to an address: aliases, catch-alls, forwards, relocated users.

mod put;
mod remove;
mod rewrite;
mod senders;

use std::collections::HashMap;

use tokio_postgres::{Error, Transaction};

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::admin::spellings::Spellings;
use crate::admin::{AdminError, Desk};
use crate::mail::{
    Address, Destination, DestinationTemplate, DomainName, DomainPattern, Gid, Localpart, Timestamp,
};
use crate::store::facts::{self, Leading, LeadingKind, Scope};
use crate::store::inventory::{self, Filter};

pub(super) use rewrite::Move;
pub(super) use senders::{rename_domain_of_senders, rename_sender};

/// Something that leads to an entry.
pub(super) struct Reference {
    leading: Leading,
    /// Of each of its destinations, whether it is one that leads there.
    there: Vec<bool>,
}

/// Names in a refusal are for reading.
const MAX_NAMED: usize = 5;

/// Everything else that leads to an entry, in any spelling of its address.
pub(super) async fn to(
    desk: Desk<'_, '_>,
    gid: Gid,
    entry: &Localpart,
) -> Result<Vec<Reference>, AdminError> {
    let mut references = with_itself(desk, gid, entry).await?;
    references.retain(|one| !one.is(gid, entry));
    Ok(references)
}

/// The same, and the entry itself if its own list names it.
pub(super) async fn with_itself(
    desk: Desk<'_, '_>,
    gid: Gid,
    entry: &Localpart,
) -> Result<Vec<Reference>, AdminError> {
    let spellings = Spellings::load(desk.tx, gid).await?;
    let mut owners = Owners::of_defaults(&spellings);
    let mut references = Vec::new();
    for leading in facts::leading_to(desk.tx, gid, entry, spellings.names()).await? {
        let mut there = Vec::with_capacity(leading.destinations.len());
        for template in &leading.destinations {
            let mut is_there = false;
            for to in owners.expanded(desk.tx, &leading, template).await? {
                is_there = is_there || spellings.at(desk, &to, entry).await?.is_some();
            }
            there.push(is_there);
        }
        if there.contains(&true) {
            references.push(Reference { leading, there });
        }
    }
    Ok(references)
}

/// The names of the domains that the placeholders of their lists stand for.
struct Owners(HashMap<Gid, Vec<DomainName>>);

impl Owners {
    /// Default aliases are asked for in every domain, among them the one they may lead to.
    fn of_defaults(domain: &Spellings) -> Self {
        Self(HashMap::from([(Gid::DEFAULTS, exact(domain.names()))]))
    }

    /// What a template leads to, whichever name of its domain was asked for. A catch-all leads
    /// wherever a stranger likes, unless the local part is its own.
    async fn expanded(
        &mut self,
        tx: &Transaction<'_>,
        leading: &Leading,
        template: &DestinationTemplate,
    ) -> Result<Vec<Destination>, Error> {
        if leading.kind == LeadingKind::Relocated {
            // A new address has no placeholders.
            return Ok(Destination::parse(template.as_str()).into_iter().collect());
        }
        if let Some(fixed) = template.fixed() {
            return Ok(vec![fixed.clone()]);
        }
        let names = match self.0.get(&leading.gid) {
            Some(names) => names.clone(),
            None => exact(&facts::names_of(tx, leading.gid).await?),
        };
        self.0.entry(leading.gid).or_insert_with(|| names.clone());
        let mut all = Vec::new();
        for name in &names {
            all.extend(expanded(leading, template, name).filter(|to| !all.contains(to)));
        }
        Ok(all)
    }
}

/// Those that are no wildcards: by any name below one a list leads to nothing else.
fn exact(names: &[DomainPattern]) -> Vec<DomainName> {
    let name = |one: &DomainPattern| match one {
        DomainPattern::Exact(name) => Some(name.clone()),
        DomainPattern::Below(_) => None,
    };
    names.iter().filter_map(name).collect()
}

/// What a template leads to when it is asked for by one name of its domain.
fn expanded(
    leading: &Leading,
    template: &DestinationTemplate,
    name: &DomainName,
) -> Option<Destination> {
    let expand = |localpart: Localpart| {
        let asked = Address { localpart, domain: name.clone() };
        template.expand(&asked).ok()
    };
    if let Some(localpart) = &leading.localpart {
        return expand(localpart.clone());
    }
    let stranger = |text| Localpart::from_internal(text).ok().and_then(expand);
    let [one, other] = ["stranger1", "stranger2"].map(stranger);
    one.filter(|one| other.as_ref() == Some(one))
}

/// Everything about each, kind by kind.
pub(super) async fn items(
    desk: Desk<'_, '_>,
    references: &[Reference],
) -> Result<Vec<Item>, AdminError> {
    let (mut accounts, mut aliases) = (Vec::new(), Vec::new());
    let (mut catchalls, mut relocated) = (Vec::new(), Vec::new());
    for Reference { leading, .. } in references {
        let Some(localpart) = &leading.localpart else {
            if let Scope::Domain(domain) = &leading.domain {
                catchalls.push(Item::catchall(domain, &leading.destinations));
            }
            continue;
        };
        let filter = Filter::one(leading.gid, localpart);
        match leading.kind {
            LeadingKind::Account => {
                let rows = inventory::accounts(desk.tx, &filter).await?;
                accounts.extend(rows.iter().map(|row| Item::account(row, desk.now)));
            }
            LeadingKind::Relocated => {
                let rows = inventory::relocated(desk.tx, &filter).await?;
                relocated.extend(rows.iter().map(Item::relocated));
            }
            LeadingKind::Alias | LeadingKind::CatchAll => {
                let rows = inventory::aliases(desk.tx, &filter).await?;
                aliases.extend(rows.iter().map(|row| Item::alias(row, desk.now)));
            }
        }
    }
    Ok([aliases, catchalls, accounts, relocated].concat())
}

/// Says who leads there, and so is in the way.
pub(super) fn reason(references: &[Reference]) -> String {
    sentence(references.iter().map(|reference| &reference.leading), "to it")
}

/// Warns of who leads to what is gone now.
pub(super) fn warn(references: &[Reference], report: &mut Report) {
    if !references.is_empty() {
        let leading = references.iter().map(|reference| &reference.leading);
        report.warn(sentence(leading, "there still"));
    }
}

/// Warns of what leads into a domain that is no longer served: such mail now goes elsewhere.
pub(super) async fn warn_of_domain(
    desk: Desk<'_, '_>,
    names: &[DomainPattern],
    report: &mut Report,
) -> Result<(), AdminError> {
    let mut left = Vec::new();
    for leading in facts::leading_into(desk.tx, names).await? {
        let into = destinations_of(&leading).into_iter().map(|to| to.domain().clone());
        for name in into.filter(|name| names.iter().any(|one| one.matches(name))) {
            // Another wildcard may stand for it now.
            if facts::domain_of(desk.tx, &name).await?.is_none() {
                left.push(leading);
                break;
            }
        }
    }
    if !left.is_empty() {
        let still = "there still; such mail now goes where the DNS says";
        report.warn(sentence(left.iter(), still));
    }
    Ok(())
}

/// Whether one of the destinations lies in a domain of this name.
pub(super) fn into(leading: &Leading, name: &DomainPattern) -> bool {
    destinations_of(leading).iter().any(|to| name.matches(to.domain()))
}

/// What a list leads to when it is asked for by the primary name of its domain; where a stranger
/// decides, nobody knows.
fn destinations_of(leading: &Leading) -> Vec<Destination> {
    let destination = |template: &DestinationTemplate| match (
        &leading.localpart,
        &leading.domain,
        template.fixed(),
    ) {
        (_, _, Some(to)) => Some(to.clone()),
        (Some(_), _, None) if leading.kind == LeadingKind::Relocated => {
            Destination::parse(template.as_str()).ok()
        }
        (Some(localpart), Scope::Domain(domain), None) => {
            let asked = Address { localpart: localpart.clone(), domain: domain.clone() };
            template.expand(&asked).ok()
        }
        _ => None,
    };
    leading.destinations.iter().filter_map(destination).collect()
}

pub(super) fn sentence<'a>(
    leading: impl ExactSizeIterator<Item = &'a Leading>,
    to: &str,
) -> String {
    let count = leading.len();
    let named: Vec<_> = leading.take(MAX_NAMED).map(|one| format!("`{}`", name(one))).collect();
    let more = match count.saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let lead = if count == 1 { "leads" } else { "lead" };
    format!("{}{more} {lead} {to}", named.join(", "))
}

/// The address of what leads somewhere; a catch-all has only half of one.
fn name(leading: &Leading) -> String {
    match &leading.localpart {
        Some(localpart) => format!("{localpart}@{}", leading.domain.to_unicode()),
        None => format!("@{}", leading.domain.to_unicode()),
    }
}

impl Reference {
    /// Whether it is this entry.
    pub(super) fn is(&self, gid: Gid, localpart: &Localpart) -> bool {
        self.leading.gid == gid && self.leading.localpart.as_ref() == Some(localpart)
    }

    /// What leads there.
    pub(super) fn leading(&self) -> &Leading {
        &self.leading
    }

    /// Whether mail goes this way now.
    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        self.leading.enabled && self.leading.expires.is_none_or(|end| now < end)
    }

    /// Its address; a catch-all has only half of one.
    pub(super) fn name(&self) -> String {
        name(&self.leading)
    }

    /// The names of its domain by which it leads to an entry.
    pub(super) async fn names(
        &self,
        desk: Desk<'_, '_>,
        gid: Gid,
        entry: &Localpart,
    ) -> Result<Vec<DomainName>, AdminError> {
        let spellings = Spellings::load(desk.tx, gid).await?;
        let there = self.leading.destinations.iter().zip(&self.there);
        let there: Vec<_> = there.filter(|(_, there)| **there).map(|(one, _)| one).collect();
        let mut names = exact(&facts::names_of(desk.tx, self.leading.gid).await?);
        if there.iter().any(|template| template.fixed().is_some()) {
            return Ok(names);
        }
        let mut leading = Vec::new();
        for name in names.drain(..) {
            for template in &there {
                if let Some(to) = expanded(&self.leading, template, &name)
                    && spellings.at(desk, &to, entry).await?.is_some()
                {
                    leading.push(name);
                    break;
                }
            }
        }
        Ok(leading)
    }

    /// Its other destinations.
    fn others(&self) -> Vec<DestinationTemplate> {
        let all = self.leading.destinations.iter().zip(&self.there);
        all.filter(|(_, there)| !**there).map(|(template, _)| template.clone()).collect()
    }
}
