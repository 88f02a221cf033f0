//! Has aliases that name somebody among those who may write to them name the new address.

use crate::admin::item::Item;
use crate::admin::references::Move;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::policy::{AllowedSender, LocalpartPattern, SenderPattern};
use crate::mail::{DomainName, DomainPattern, Gid};
use crate::store::facts;
use crate::store::inventory::{self, Filter};
use crate::store::senders::{self, Guarded};
use crate::store::write::{self, AliasChange};

/// An account gets another address: whoever names it, by any name of its domain, names the new one.
pub(in crate::admin) async fn rename_sender(
    desk: Desk<'_, '_>,
    gid: Gid,
    entry: &Move,
    report: &mut Report,
) -> Result<(), AdminError> {
    let (old, new) = (LocalpartPattern::from(&entry.localpart), LocalpartPattern::from(&entry.to));
    let names = facts::names_of(desk.tx, gid).await?;
    let former: Vec<_> = names.iter().filter_map(exact).map(|domain| one(&old, domain)).collect();
    for guarded in senders::naming(desk.tx, &former).await? {
        let renamed = |sender: &AllowedSender| match sender {
            AllowedSender::Pattern(known) if former.contains(sender) => {
                one(&new, entry.into.as_ref().unwrap_or(&known.domain))
            }
            other => other.clone(),
        };
        put(desk, &guarded, renamed, report).await?;
    }
    Ok(())
}

/// A domain gets another name: whoever names addresses of it, names those of the new one.
pub(in crate::admin) async fn rename_domain_of_senders(
    desk: Desk<'_, '_>,
    old: &DomainName,
    new: &DomainName,
    report: &mut Report,
) -> Result<(), AdminError> {
    for guarded in senders::naming_domain(desk.tx, old).await? {
        let renamed = |sender: &AllowedSender| match sender {
            AllowedSender::Pattern(known) if known.domain == *old => one(&known.localpart, new),
            other => other.clone(),
        };
        put(desk, &guarded, renamed, report).await?;
    }
    Ok(())
}

fn exact(name: &DomainPattern) -> Option<&DomainName> {
    match name {
        DomainPattern::Exact(name) => Some(name),
        DomainPattern::Below(_) => None,
    }
}

fn one(localpart: &LocalpartPattern, domain: &DomainName) -> AllowedSender {
    let (localpart, domain) = (localpart.clone(), domain.clone());
    AllowedSender::Pattern(SenderPattern { localpart, domain })
}

async fn put(
    desk: Desk<'_, '_>,
    guarded: &Guarded,
    renamed: impl Fn(&AllowedSender) -> AllowedSender,
    report: &mut Report,
) -> Result<(), AdminError> {
    let mut list: Vec<AllowedSender> = Vec::with_capacity(guarded.senders.len());
    for sender in guarded.senders.iter().map(renamed) {
        if !list.contains(&sender) {
            list.push(sender);
        }
    }
    if list == guarded.senders {
        return Ok(());
    }
    let (gid, localpart) = (guarded.gid, &guarded.localpart);
    let change = AliasChange { senders: Some(Some(list)), ..AliasChange::default() };
    write::set_alias(desk.tx, gid, localpart, &change).await?;
    for row in inventory::aliases(desk.tx, &Filter::one(gid, localpart)).await? {
        report.change(ChangeKind::Changed, Item::alias(&row, desk.now));
    }
    Ok(())
}
