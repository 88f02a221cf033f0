//! What leads to an address: aliases, catch-alls, forwards, relocated users.

mod put;
mod remove;
mod rewrite;

use std::collections::HashMap;

use tokio_postgres::{Error, Transaction};

use crate::admin::report::Report;
use crate::admin::spellings::Spellings;
use crate::admin::{AdminError, Desk};
use crate::mail::{
    Address, Destination, DestinationTemplate, DomainName, Gid, Localpart, Timestamp,
};
use crate::store::facts::{self, Leading, LeadingKind};

pub(super) use rewrite::Move;

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
    let mut owners = Owners::default();
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
#[derive(Default)]
struct Owners(HashMap<Gid, Vec<DomainName>>);

impl Owners {
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
            None => facts::names_of(tx, leading.gid).await?,
        };
        self.0.entry(leading.gid).or_insert_with(|| names.clone());
        let expand = |localpart: &Localpart, domain: &DomainName| {
            let asked = Address { localpart: localpart.clone(), domain: domain.clone() };
            template.expand(&asked).ok()
        };
        let strangers: Vec<_> = ["stranger1", "stranger2"]
            .into_iter()
            .filter_map(|text| Localpart::from_internal(text).ok())
            .collect();
        let mut all = Vec::new();
        for name in &names {
            let to = match (&leading.localpart, strangers.as_slice()) {
                (Some(localpart), _) => expand(localpart, name),
                (None, [one, other]) => {
                    expand(one, name).filter(|to| Some(to) == expand(other, name).as_ref())
                }
                (None, _) => None,
            };
            all.extend(to.filter(|to| !all.contains(to)));
        }
        Ok(all)
    }
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
    names: &[DomainName],
    report: &mut Report,
) -> Result<(), AdminError> {
    let mut left = facts::leading_into(desk.tx, names).await?;
    left.retain(|leading| names.iter().any(|name| into(leading, name)));
    if !left.is_empty() {
        let still = "there still; such mail now goes where the DNS says";
        report.warn(sentence(left.iter(), still));
    }
    Ok(())
}

/// Whether one of the destinations lies in a domain of this name.
pub(super) fn into(leading: &Leading, name: &DomainName) -> bool {
    leading.destinations.iter().any(|template| match (&leading.localpart, template.fixed()) {
        (_, Some(to)) => to.domain() == name,
        (Some(localpart), None) if leading.kind != LeadingKind::Relocated => {
            let asked = Address { localpart: localpart.clone(), domain: leading.domain.clone() };
            template.expand(&asked).is_ok_and(|to| to.domain() == name)
        }
        (Some(_), None) => {
            Destination::parse(template.as_str()).is_ok_and(|to| to.domain() == name)
        }
        (None, None) => false,
    })
}

fn sentence<'a>(leading: impl ExactSizeIterator<Item = &'a Leading>, to: &str) -> String {
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
    fn is(&self, gid: Gid, localpart: &Localpart) -> bool {
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

    /// Its other destinations.
    fn others(&self) -> Vec<DestinationTemplate> {
        let all = self.leading.destinations.iter().zip(&self.there);
        all.filter(|(_, there)| !**there).map(|(template, _)| template.clone()).collect()
    }
}
