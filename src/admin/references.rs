//! What leads to an address: aliases, catch-alls, forwards, relocated users.

use crate::admin::item::Item;
use crate::admin::names::Names;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, Destination, DestinationTemplate, DomainName, Localpart};
use crate::store::facts::{self, Leading, LeadingKind, Named};
use crate::store::inventory::{self, Filter};
use crate::store::write;

/// Something that leads to an entry, and where else it leads.
pub(super) struct Reference {
    leading: Leading,
    others: Vec<DestinationTemplate>,
}

/// Names in a refusal are for reading.
const MAX_NAMED: usize = 5;

/// Everything that leads to an entry, in any spelling of its address.
pub(super) async fn to(
    desk: Desk<'_, '_>,
    domain: &Named,
    entry: &Address,
) -> Result<Vec<Reference>, AdminError> {
    let names = Names::load(desk.tx).await?;
    let of_domain = names.of(domain.gid);
    let mut references = Vec::new();
    for leading in facts::leading_to(desk.tx, Some(&entry.localpart), &of_domain).await? {
        let itself =
            leading.gid == domain.gid && leading.localpart.as_ref() == Some(&entry.localpart);
        if itself {
            continue;
        }
        let mut others = Vec::new();
        for template in &leading.destinations {
            let there = match expanded(&leading, template) {
                Some(to) => names.lies_at(desk, &to, domain.gid, &entry.localpart).await?,
                None => false,
            };
            if !there {
                others.push(template.clone());
            }
        }
        if others.len() < leading.destinations.len() {
            references.push(Reference { leading, others });
        }
    }
    Ok(references)
}

/// What a template leads to. Those of a catch-all lead anywhere, which nobody can prevent.
fn expanded(leading: &Leading, template: &DestinationTemplate) -> Option<Destination> {
    match (&leading.localpart, leading.kind) {
        // A new address has no placeholders.
        (_, LeadingKind::Relocated) => Destination::parse(template.as_str()).ok(),
        (Some(localpart), _) => {
            let address = Address { localpart: localpart.clone(), domain: leading.domain.clone() };
            template.expand(&address).ok()
        }
        (None, _) => template.fixed().cloned(),
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
    let mut left = facts::leading_to(desk.tx, None, names).await?;
    left.retain(|leading| names.iter().any(|name| into(leading, name)));
    if !left.is_empty() {
        let still = "there still; such mail now goes where the DNS says";
        report.warn(sentence(left.iter(), still));
    }
    Ok(())
}

/// Whether one of the destinations lies in a domain of this name.
pub(super) fn into(leading: &Leading, name: &DomainName) -> bool {
    let mut to = leading.destinations.iter().filter_map(|one| expanded(leading, one));
    to.any(|to| to.domain() == name)
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
    /// Has it lead to the entry no longer; what then leads nowhere, goes.
    pub(super) async fn remove(
        &self,
        desk: Desk<'_, '_>,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let gid = self.leading.gid;
        match (self.leading.kind, &self.leading.localpart) {
            (LeadingKind::CatchAll, _) | (_, None) => {
                let domain = &self.leading.domain;
                if self.others.is_empty() {
                    write::delete_catchall(desk.tx, gid).await?;
                    let was = Item::catchall(domain, &self.leading.destinations);
                    report.change(ChangeKind::Deleted, was);
                } else {
                    write::put_catchall(desk.tx, gid, &self.others).await?;
                    report.change(ChangeKind::Changed, Item::catchall(domain, &self.others));
                }
                Ok(())
            }
            (LeadingKind::Account, Some(localpart)) => {
                write::set_forwards(desk.tx, gid, localpart, &self.others).await?;
                let rows = inventory::accounts(desk.tx, &Filter::one(gid, localpart)).await?;
                for row in rows {
                    report.change(ChangeKind::Changed, Item::account(&row, desk.now));
                }
                if self.others.is_empty() {
                    report
                        .note(format!("mail for `{}` is forwarded no longer", name(&self.leading)));
                }
                Ok(())
            }
            (LeadingKind::Alias, Some(localpart)) => {
                self.remove_alias(desk, localpart, report).await
            }
            (LeadingKind::Relocated, Some(localpart)) => {
                let rows = inventory::relocated(desk.tx, &Filter::one(gid, localpart)).await?;
                write::delete_relocated(desk.tx, gid, localpart).await?;
                for row in rows {
                    report.change(ChangeKind::Deleted, Item::relocated(&row));
                }
                Ok(())
            }
        }
    }

    async fn remove_alias(
        &self,
        desk: Desk<'_, '_>,
        localpart: &Localpart,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let gid = self.leading.gid;
        let before = inventory::aliases(desk.tx, &Filter::one(gid, localpart)).await?;
        for mut row in before {
            if self.others.is_empty() {
                write::delete_alias(desk.tx, gid, localpart).await?;
                report.change(ChangeKind::Deleted, Item::alias(&row, desk.now));
                report.note(format!("alias `{}` had no other destination", name(&self.leading)));
            } else {
                write::put_alias(desk.tx, gid, localpart, &self.others).await?;
                row.destinations.clone_from(&self.others);
                report.change(ChangeKind::Changed, Item::alias(&row, desk.now));
            }
        }
        Ok(())
    }
}
