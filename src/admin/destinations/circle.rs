//! Follows an address through what is written now: no circle, and nobody missing at the end.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use crate::admin::names::Names;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, destinations};
use crate::config::closest;
use crate::lookup::trace::{Trace, trace};
use crate::lookup::{LookupError, Resolver};
use crate::mail::{Address, DomainName, EntryAddress, Gid, Localpart, Refusal, Rule};
use crate::store::facts;
use crate::store::pending::PendingDirectory;

/// Warnings are for reading.
const MAX_WARNINGS: usize = 20;

/// What stands behind the addresses of an entry: the entry itself, a catch-all, or a default
/// alias in whatever domain.
#[derive(Clone, Copy)]
pub(in crate::admin) enum Owner<'a> {
    Entry(Gid, &'a Localpart),
    Catchall(Gid),
    Default(&'a Localpart),
}

/// Follows an address through what is written now, refuses a circle through its owner, and warns
/// of destinations that do not exist. Circles elsewhere are not this command's doing, unless mail
/// could go nowhere else.
pub(in crate::admin) async fn follow(
    desk: Desk<'_, '_>,
    names: &Names,
    address: &Address,
    owner: Owner<'_>,
    what: &str,
    report: &mut Report,
) -> Result<(), AdminError> {
    let traced = leads_back(desk, names, address, owner, what).await?;
    if traced.ends.is_empty() && traced.dangling.is_empty() {
        let address = shown(address);
        return Err(Refusal::new(Rule::Loop, what)
            .because(format!("mail for `{address}` would lead nowhere but back"))
            .into());
    }
    if let Owner::Entry(gid, localpart) = owner
        && *localpart == Localpart::plus()
        && facts::catchall(desk.tx, gid).await?.is_empty()
    {
        // It takes mail for strangers, who must not come back to it either.
        let stranger = destinations::stranger(desk, gid, &address.domain).await?;
        leads_back(desk, names, &stranger, owner, what).await?;
    }
    warn_of_strangers(desk, names, &traced, address, owner, report).await
}

/// Follows an address, and refuses a circle through an owner.
pub(in crate::admin) async fn leads_back(
    desk: Desk<'_, '_>,
    names: &Names,
    address: &Address,
    owner: Owner<'_>,
    what: &str,
) -> Result<Trace, AdminError> {
    let traced = traced(desk, address, what).await?;
    for circle in &traced.loops {
        for address in circle {
            if owns(desk, names, owner, address).await? {
                return Err(Refusal::new(Rule::Loop, what)
                    .because(format!("mail would run in a circle: {}", drawn(circle)))
                    .into());
            }
        }
    }
    Ok(traced)
}

/// Warns if mail for an address would run in a circle, now that something is gone from there.
pub(in crate::admin) async fn warn_of_circle(
    desk: Desk<'_, '_>,
    address: &Address,
    what: &str,
    report: &mut Report,
) -> Result<(), AdminError> {
    // Only this one: it was there before if the address is not on it.
    for circle in traced(desk, address, what).await?.loops {
        if circle.contains(address) {
            report.warn(format!("mail runs in a circle now: {}", drawn(&circle)));
        }
    }
    Ok(())
}

/// Warns of destinations that do not exist. Where a catch-all keeps the local part, those of
/// strangers hardly ever do.
async fn warn_of_strangers(
    desk: Desk<'_, '_>,
    names: &Names,
    traced: &Trace,
    address: &Address,
    owner: Owner<'_>,
    report: &mut Report,
) -> Result<(), AdminError> {
    let mut missing: BTreeSet<_> = traced.dangling.iter().collect();
    if matches!(owner, Owner::Catchall(_)) {
        missing.retain(|one| one.localpart != address.localpart);
    }
    let mut known = Known::default();
    for one in missing.iter().take(MAX_WARNINGS) {
        let question = match known.close_to(desk, names, one).await? {
            Some(meant) => format!("; did you mean `{}`?", meant.to_unicode()),
            None => String::new(),
        };
        let elsewhere = if one.domain == DomainName::any() {
            " in domains that have no such address of their own"
        } else {
            ""
        };
        let one = shown(one);
        report.warn(format!("nobody is at `{one}`: mail for it will bounce{elsewhere}{question}"));
    }
    if missing.len() > MAX_WARNINGS {
        report.warn(format!("and {} more like this", missing.len() - MAX_WARNINGS));
    }
    Ok(())
}

/// Local parts of domains, each read once.
#[derive(Default)]
struct Known(HashMap<Gid, Vec<Localpart>>);

impl Known {
    /// The address that was probably meant by one that does not exist.
    async fn close_to(
        &mut self,
        desk: Desk<'_, '_>,
        names: &Names,
        missing: &Address,
    ) -> Result<Option<Address>, AdminError> {
        let Some(gid) = names.gid(&missing.domain) else { return Ok(None) };
        if let Entry::Vacant(place) = self.0.entry(gid) {
            place.insert(facts::localparts(desk.tx, gid, None).await?);
        }
        let localparts = self.0.get(&gid).into_iter().flatten();
        let close = closest(missing.localpart.as_str(), localparts.clone().map(Localpart::as_str));
        let meant = close.and_then(|text| localparts.clone().find(|one| one.as_str() == text));
        Ok(meant.map(|one| Address { localpart: one.clone(), domain: missing.domain.clone() }))
    }
}

/// A circle as a line; the middle of a long one is left out.
fn drawn(circle: &[Address]) -> String {
    const ENDS: usize = 3;
    let quoted = |some: &[Address]| {
        some.iter().map(|one| format!("`{}`", shown(one))).collect::<Vec<_>>().join(" → ")
    };
    match (circle.first_chunk::<ENDS>(), circle.last_chunk::<ENDS>()) {
        (Some(first), Some(last)) if circle.len() > 2 * ENDS => {
            let between = circle.len() - 2 * ENDS;
            format!("{} → ({between} more) → {}", quoted(first), quoted(last))
        }
        _ => quoted(circle),
    }
}

/// An address as people read it; that of any domain stands for those of all.
fn shown(address: &Address) -> String {
    if address.domain == DomainName::any() {
        return EntryAddress::Default(address.localpart.clone()).to_string();
    }
    address.to_unicode()
}

async fn traced(desk: Desk<'_, '_>, address: &Address, what: &str) -> Result<Trace, AdminError> {
    let directory = PendingDirectory::open(desk.tx).await?;
    let resolver = Resolver::new(directory, desk.settings.delimiters.clone());
    match trace(&resolver, address, desk.now).await {
        Ok(traced) => Ok(traced),
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

/// Whether mail for an address is the owner's business.
async fn owns(
    desk: Desk<'_, '_>,
    names: &Names,
    owner: Owner<'_>,
    address: &Address,
) -> Result<bool, AdminError> {
    match owner {
        Owner::Entry(gid, localpart) => {
            if names.lies_at(desk, &address.clone().into(), gid, localpart).await? {
                return Ok(true);
            }
            let plus =
                *localpart == Localpart::plus() && facts::catchall(desk.tx, gid).await?.is_empty();
            Ok(plus && is_stranger(desk, names, gid, address).await?)
        }
        Owner::Catchall(gid) => is_stranger(desk, names, gid, address).await,
        Owner::Default(localpart) => names.lies_at_default(desk, address, localpart).await,
    }
}

async fn is_stranger(
    desk: Desk<'_, '_>,
    names: &Names,
    gid: Gid,
    address: &Address,
) -> Result<bool, AdminError> {
    Ok(names.gid(&address.domain) == Some(gid)
        && destinations::is_stranger(desk, gid, address).await?)
}
