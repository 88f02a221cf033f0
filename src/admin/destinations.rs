//! Lists of destinations: how they are spelled, what is added and taken away, and whether mail
//! would run in a circle.

use std::collections::BTreeSet;

use crate::admin::names::Names;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, item};
use crate::lookup::explain::{Explanation, explain};
use crate::lookup::{LookupError, Resolver};
use crate::mail::{Address, DestinationTemplate, Gid, Localpart, Refusal, Rule};
use crate::store::facts;
use crate::store::pending::PendingDirectory;

/// Postfix's `virtual_alias_expansion_limit`.
pub(super) const MAX_DESTINATIONS: usize = 1000;

/// Warnings are for reading.
const MAX_WARNINGS: usize = 20;

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

/// What stands behind the addresses of an entry: the entry itself, or a catch-all.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    Entry(Gid, &'a Localpart),
    Catchall(Gid),
}

/// Follows an address through what is written now, refuses a circle through its owner, and warns
/// of destinations that do not exist. Circles elsewhere are not this command's doing, unless mail
/// could go nowhere else.
pub(super) async fn follow(
    desk: Desk<'_, '_>,
    names: &Names,
    address: &Address,
    owner: Owner<'_>,
    what: &str,
    report: &mut Report,
) -> Result<(), AdminError> {
    let story = story(desk, address, what).await?;
    for circle in &story.loops {
        for text in circle {
            let Ok(address) = Address::parse(text) else { continue };
            if owns(desk, names, owner, &address).await? {
                return Err(Refusal::new(Rule::Loop, what)
                    .because(format!("mail would run in a circle: {}", drawn(circle)))
                    .into());
            }
        }
    }
    if story.ends.is_empty() && story.dangling.is_empty() {
        let address = address.to_unicode();
        return Err(Refusal::new(Rule::Loop, what)
            .because(format!("mail for `{address}` would lead nowhere but back"))
            .into());
    }
    warn_of_strangers(&story, address, owner, report);
    Ok(())
}

/// Warns of destinations that do not exist. Where a catch-all keeps the local part, those of
/// strangers hardly ever do.
fn warn_of_strangers(
    story: &Explanation,
    address: &Address,
    owner: Owner<'_>,
    report: &mut Report,
) {
    let dangling: BTreeSet<_> = story.dangling.iter().collect();
    let mut shown: Vec<_> =
        dangling.into_iter().filter_map(|text| Address::parse(text).ok()).collect();
    if matches!(owner, Owner::Catchall(_)) {
        shown.retain(|one| one.localpart != address.localpart);
    }
    for one in shown.iter().take(MAX_WARNINGS) {
        report.warn(format!("nobody is at `{}`: mail for it will bounce", one.to_unicode()));
    }
    if shown.len() > MAX_WARNINGS {
        report.warn(format!("and {} more like this", shown.len() - MAX_WARNINGS));
    }
}

/// A circle as a line; the middle of a long one is left out.
fn drawn(circle: &[String]) -> String {
    const ENDS: usize = 3;
    let quoted = |texts: &[String]| {
        texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(" → ")
    };
    match (circle.first_chunk::<ENDS>(), circle.last_chunk::<ENDS>()) {
        (Some(first), Some(last)) if circle.len() > 2 * ENDS => {
            let between = circle.len() - 2 * ENDS;
            format!("{} → ({between} more) → {}", quoted(first), quoted(last))
        }
        _ => quoted(circle),
    }
}

async fn story(
    desk: Desk<'_, '_>,
    address: &Address,
    what: &str,
) -> Result<Explanation, AdminError> {
    let directory = PendingDirectory::open(desk.tx).await?;
    let resolver = Resolver::new(directory, desk.settings.delimiters.clone());
    match explain(&resolver, &address.to_string(), desk.now).await {
        Ok(story) => Ok(story),
        Err(LookupError::TooManyDestinations) => Err(Refusal::new(Rule::TooManyDestinations, what)
            .because(
                "with all that its destinations lead to, it passes 1000 destinations or \
                          1000 levels, and Postfix follows no further",
            )
            .into()),
        Err(LookupError::Unavailable(error)) => {
            Err(AdminError::bad_data(format!("the destinations cannot be followed: {error}")))
        }
    }
}

async fn owns(
    desk: Desk<'_, '_>,
    names: &Names,
    owner: Owner<'_>,
    address: &Address,
) -> Result<bool, AdminError> {
    match owner {
        Owner::Entry(gid, localpart) => {
            Ok(names.lies_at(desk, &address.clone().into(), gid, localpart).await?)
        }
        Owner::Catchall(gid) => {
            Ok(names.gid(&address.domain) == Some(gid) && is_stranger(desk, gid, address).await?)
        }
    }
}

/// Whether no entry takes mail for an address of a domain, so that its catch-all does.
pub(super) async fn is_stranger(
    desk: Desk<'_, '_>,
    gid: Gid,
    address: &Address,
) -> Result<bool, AdminError> {
    if facts::entry(desk.tx, gid, &address.localpart).await?.is_some() {
        return Ok(false);
    }
    match address.split(&desk.settings.delimiters) {
        Some((base, _)) => Ok(facts::entry(desk.tx, gid, &base.localpart).await?.is_none()),
        None => Ok(true),
    }
}
