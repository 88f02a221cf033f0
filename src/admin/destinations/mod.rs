//! Lists of destinations: how they are spelled, what is added and taken away, what stands there,
//! and whether mail would run in a circle.

mod circle;
mod recheck;
mod target;

use crate::admin::names::Names;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, item};
use crate::mail::{Address, DestinationTemplate, DomainName, Gid, Localpart, Refusal, Rule};
use crate::store::facts::{self, Named};

pub(super) use circle::{Owner, follow, leads_back, warn_of_circle};
pub(super) use recheck::{recheck, start};
pub(super) use target::{Target, target, targets};

/// Postfix's `virtual_alias_expansion_limit`.
pub(super) const MAX_DESTINATIONS: usize = 1000;

/// Spells a destination as it is stored: domains in A-labels, local parts folded where we know
/// that their host folds them, because it is us.
pub(super) fn spelled(
    names: &Names,
    template: &DestinationTemplate,
) -> Result<DestinationTemplate, AdminError> {
    if let Some(destination) = template.fixed()
        && names.gid(destination.domain()).is_some()
        && let Some(address) = destination.to_address()
    {
        return Ok(address.into());
    }
    template.to_canonical().map_err(|reason| {
        AdminError::bad_data(format!("`{template}` cannot be a destination: {reason}"))
    })
}

/// Adds to a list what it does not have yet, and says what it has.
pub(super) fn extend(
    list: &mut Vec<DestinationTemplate>,
    names: &Names,
    given: &[DestinationTemplate],
    report: &mut Report,
) -> Result<(), AdminError> {
    let mut have = Vec::with_capacity(list.len() + given.len());
    for template in list.iter() {
        have.push(spelled(names, template)?);
    }
    for template in given {
        let template = spelled(names, template)?;
        if have.contains(&template) {
            report.note(format!("`{}` is a destination already", item::shown(&template)));
        } else {
            have.push(template.clone());
            list.push(template);
        }
    }
    Ok(())
}

/// Refuses a list that is longer than Postfix expands.
pub(super) fn not_too_many(before: usize, after: usize, what: &str) -> Result<(), AdminError> {
    if after <= MAX_DESTINATIONS {
        return Ok(());
    }
    Err(Refusal::new(Rule::TooManyDestinations, what)
        .because(format!(
            "it has {before} destinations and would have {after}, and Postfix expands an address \
             to at most {MAX_DESTINATIONS}"
        ))
        .advise("use a mailing list manager for so many recipients")
        .into())
}

/// Takes from a list what is given, and says what it never had.
pub(super) fn remove(
    list: &mut Vec<DestinationTemplate>,
    names: &Names,
    given: &[DestinationTemplate],
    what: &str,
    report: &mut Report,
) -> Result<(), AdminError> {
    let before = list.len();
    let mut unknown = Vec::new();
    for template in given {
        let template = spelled(names, template)?;
        let has = list.len();
        list.retain(|one| *one != template && spelled(names, one).ok().as_ref() != Some(&template));
        if list.len() == has {
            unknown.push(item::shown(&template));
        }
    }
    if list.len() == before {
        let unknown: Vec<_> = unknown.iter().map(|one| format!("`{one}`")).collect();
        let why = format!("its mail is not sent on to {}", unknown.join(", "));
        let refusal = Refusal::new(Rule::NoSuchDestination, what).because(why);
        let has: Vec<_> = list.iter().map(|one| format!("`{}`", item::shown(one))).collect();
        let hint = match has.len() {
            0..=10 => format!("it is sent on to {}", has.join(", ")),
            many => format!("it is sent on to {many} other destinations"),
        };
        return Err(refusal.advise(hint).into());
    }
    for one in unknown {
        report.note(format!("`{one}` was no destination"));
    }
    Ok(())
}

/// Whether no entry takes mail for an address of a domain, and no default alias, so that its
/// catch-all does.
pub(super) async fn is_stranger(
    desk: Desk<'_, '_>,
    gid: Gid,
    address: &Address,
) -> Result<bool, AdminError> {
    let base = address.split(&desk.settings.delimiters).map(|(base, _)| base.localpart);
    for gid in [gid, Gid::DEFAULTS] {
        for localpart in [Some(&address.localpart), base.as_ref()].into_iter().flatten() {
            if facts::entry(desk.tx, gid, localpart).await?.is_some() {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Refuses destinations of whoever takes mail for strangers of a domain that are strangers there
/// themselves: their mail would come back.
pub(super) async fn not_strangers(
    desk: Desk<'_, '_>,
    names: &Names,
    domain: &Named,
    list: &[DestinationTemplate],
    what: &str,
) -> Result<(), AdminError> {
    let stranger = stranger(desk, domain.gid, &domain.primary).await?;
    for template in list {
        let to = template.expand(&stranger).ok().and_then(|to| to.to_address());
        let Some(to) = to.filter(|to| names.gid(&to.domain) == Some(domain.gid)) else { continue };
        if is_stranger(desk, domain.gid, &to).await? {
            let shown = item::shown(template);
            return Err(Refusal::new(Rule::Loop, what)
                .because(format!("nobody is at `{shown}`, so its mail would come back"))
                .advise("add an account or an alias of this address first")
                .into());
        }
    }
    Ok(())
}

/// An address of a domain at which nobody is, to see what becomes of its mail.
pub(super) async fn stranger(
    desk: Desk<'_, '_>,
    gid: Gid,
    primary: &DomainName,
) -> Result<Address, AdminError> {
    for number in 0_u32.. {
        let text = format!("stranger{number}");
        let Ok(localpart) = Localpart::from_internal(&text) else { break };
        let address = Address { localpart, domain: primary.clone() };
        if is_stranger(desk, gid, &address).await? {
            return Ok(address);
        }
    }
    Err(AdminError::bad_data("every address of the domain is taken"))
}
