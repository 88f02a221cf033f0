//! What leads to an account: aliases, catch-alls, forwards, relocated users.

use crate::admin::item::Item;
use crate::admin::names::Names;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, Destination, DestinationTemplate, Localpart};
use crate::store::inventory::{self, Filter, Leading, LeadingKind, Named};
use crate::store::write;

/// Something that leads to an account, and where else it leads.
pub(super) struct Reference {
    leading: Leading,
    others: Vec<DestinationTemplate>,
}

/// Names in a refusal are for reading.
const MAX_NAMED: usize = 5;

/// Everything that leads to an account, in any spelling of its address.
pub(super) async fn to(
    desk: Desk<'_, '_>,
    domain: &Named,
    account: &Address,
) -> Result<Vec<Reference>, AdminError> {
    let names = Names::load(desk.tx).await?;
    let of_domain = names.of(domain.gid);
    let mut references = Vec::new();
    for leading in inventory::leading_to(desk.tx, &of_domain).await? {
        let itself =
            leading.gid == domain.gid && leading.localpart.as_ref() == Some(&account.localpart);
        if itself {
            continue;
        }
        let mut others = Vec::new();
        for template in &leading.destinations {
            let there = match expanded(&leading, template) {
                Some(to) => names.lies_at(desk, &to, domain.gid, &account.localpart).await?,
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

/// What a template leads to. Those of a catch-all lead anywhere, which no account can prevent.
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

/// Why an account cannot go.
pub(super) fn reason(references: &[Reference]) -> String {
    let named: Vec<_> =
        references.iter().take(MAX_NAMED).map(|one| format!("`{}`", one.name())).collect();
    let more = match references.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let lead = if references.len() == 1 { "leads" } else { "lead" };
    format!("{}{more} {lead} to it", named.join(", "))
}

impl Reference {
    fn name(&self) -> String {
        let domain = self.leading.domain.to_unicode();
        match &self.leading.localpart {
            Some(localpart) => format!("{localpart}@{domain}"),
            None => format!("@{domain}"),
        }
    }

    /// Has it lead to the account no longer; what then leads nowhere, goes.
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
                    report.note(format!("mail for `{}` is forwarded no longer", self.name()));
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
                report.note(format!("alias `{}` had no other destination", self.name()));
            } else {
                write::put_alias(desk.tx, gid, localpart, &self.others).await?;
                row.destinations.clone_from(&self.others);
                report.change(ChangeKind::Changed, Item::alias(&row, desk.now));
            }
        }
        Ok(())
    }
}
