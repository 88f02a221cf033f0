//! Which domain a name stands for, and what was probably meant by a name that stands for none.

use std::collections::HashMap;

use tokio_postgres::{Error, Transaction};

use crate::admin::{AdminError, Desk};
use crate::config::closest;
use crate::mail::{
    Address, Delimiters, Destination, DomainName, DomainPattern, Gid, Localpart, Refusal, Rule,
};
use crate::store::facts::{self, EntryKind, Named};

/// All names of all domains.
pub(super) struct Names {
    gids: HashMap<DomainPattern, Gid>,
    primaries: HashMap<Gid, DomainPattern>,
}

impl Names {
    pub(super) async fn load(tx: &Transaction<'_>) -> Result<Self, Error> {
        let mut names = Self { gids: HashMap::new(), primaries: HashMap::new() };
        for (name, gid, primary) in facts::names(tx).await? {
            if primary {
                names.primaries.insert(gid, name.clone());
            }
            names.gids.insert(name, gid);
        }
        Ok(names)
    }

    /// The domain that a name stands for, by itself or by the nearest wildcard.
    pub(super) fn gid(&self, name: &DomainName) -> Option<Gid> {
        let exact = self.gids.get(&DomainPattern::Exact(name.clone()));
        let below = |parent| self.gids.get(&DomainPattern::Below(parent));
        exact.or_else(|| name.parents().find_map(below)).copied()
    }

    /// The alias domains, in no order.
    pub(super) fn aliases(&self) -> impl Iterator<Item = &DomainPattern> {
        let is_primary =
            |name: &DomainPattern, gid: &Gid| self.primaries.get(gid).is_some_and(|p| p == name);
        self.gids.iter().filter(move |(name, gid)| !is_primary(name, gid)).map(|(name, _)| name)
    }

    /// Every name of a domain, in no order.
    pub(super) fn of(&self, domain: Gid) -> Vec<DomainPattern> {
        let of_domain = self.gids.iter().filter(|(_, gid)| **gid == domain);
        of_domain.map(|(name, _)| name.clone()).collect()
    }

    /// Whether an address lies at an entry: exactly there, or with an extension that is no entry
    /// itself.
    pub(super) async fn lies_at(
        &self,
        desk: Desk<'_, '_>,
        destination: &Destination,
        gid: Gid,
        localpart: &Localpart,
    ) -> Result<bool, Error> {
        let Some(address) = destination.to_address() else { return Ok(false) };
        if self.gid(&address.domain) != Some(gid) {
            return Ok(false);
        }
        if address.localpart == *localpart {
            return Ok(true);
        }
        let delimiters: &Delimiters = &desk.settings.delimiters;
        let based = address.localpart.split(delimiters).is_some_and(|(base, _)| base == *localpart);
        Ok(based && facts::entry(desk.tx, gid, &address.localpart).await?.is_none())
    }

    /// Whether a default alias takes mail for an address: its domain has mailboxes here, or is any
    /// domain, and nothing of its own stands there.
    pub(super) async fn lies_at_default(
        &self,
        desk: Desk<'_, '_>,
        address: &Address,
        localpart: &Localpart,
    ) -> Result<bool, AdminError> {
        let gid = match facts::domain_of(desk.tx, &address.domain).await? {
            Some(domain) if domain.relayed => return Ok(false),
            Some(domain) => domain.gid,
            None if address.domain == DomainName::any() => Gid::ANY,
            None => return Ok(false),
        };
        let base = address.split(&desk.settings.delimiters).map(|(base, _)| base.localpart);
        for one in [Some(&address.localpart), base.as_ref()].into_iter().flatten() {
            if facts::entry(desk.tx, gid, one).await?.is_some() {
                return Ok(false);
            }
        }
        if address.localpart == *localpart {
            return Ok(true);
        }
        let whole = facts::entry(desk.tx, Gid::DEFAULTS, &address.localpart).await?;
        Ok(base.as_ref() == Some(localpart) && whole.is_none())
    }
}

/// The domain of a name, which may be an alias domain's or stand below a wildcard.
pub(super) async fn served(
    desk: Desk<'_, '_>,
    name: &DomainName,
    what: &str,
) -> Result<Named, AdminError> {
    match facts::domain_of(desk.tx, name).await? {
        Some(named) => Ok(named),
        None => Err(no_such_domain(&Names::load(desk.tx).await?, name, what).into()),
    }
}

/// The domain of an address, which must be a primary one with mailboxes.
pub(super) async fn home_of(
    desk: Desk<'_, '_>,
    address: &Address,
    what: &str,
) -> Result<Named, AdminError> {
    let named = served(desk, &address.domain, what).await?;
    if named.is_alias() {
        let here = Address { domain: named.primary.clone(), ..address.clone() };
        return Err(alias_domain(&named, what)
            .advise(format!("use `{}`, which is the same", here.to_unicode()))
            .into());
    }
    with_mailboxes(named, what)
}

/// A domain unless its mail is relayed.
pub(super) fn with_mailboxes(named: Named, what: &str) -> Result<Named, AdminError> {
    if named.relayed { Err(Refusal::new(Rule::RelayDomain, what).into()) } else { Ok(named) }
}

/// Refuses an alias domain where only a primary one will do.
pub(super) fn alias_domain(named: &Named, what: &str) -> Refusal {
    let (name, primary) = (named.name.to_unicode(), named.primary.to_unicode());
    Refusal::new(Rule::IsAliasDomain, what)
        .because(format!("`{name}` is an alias domain of `{primary}`"))
        .advise(format!("use `{primary}`"))
}

/// Refuses a name that is not served, and guesses which one was meant.
pub(super) fn no_such_domain(names: &Names, name: &DomainName, what: &str) -> Refusal {
    let why = format!("domain `{}` is not served here", name.to_unicode());
    let refusal = Refusal::new(Rule::NoSuchDomain, what).because(why);
    guess(refusal, &name.to_unicode(), names.gids.keys().map(DomainPattern::to_unicode))
}

/// A name as a word of a command line.
pub(super) fn word(name: &DomainPattern) -> String {
    match name {
        DomainPattern::Exact(name) => name.to_unicode(),
        // The shell would look for files.
        DomainPattern::Below(_) => format!("'{}'", name.to_unicode()),
    }
}

/// Adds to the hint which one of those that exist was probably meant.
pub(super) fn guess(refusal: Refusal, meant: &str, known: impl Iterator<Item = String>) -> Refusal {
    let mut known: Vec<String> = known.collect();
    // The same guess every time, whatever the order of the rows.
    known.sort_unstable();
    let Some(close) = closest(meant, known.iter().map(String::as_str)) else { return refusal };
    let question = format!("did you mean `{close}`?");
    match &refusal.hint {
        Some(hint) => {
            let hint = format!("{question} {}", capital(hint));
            refusal.advise(hint)
        }
        None => refusal.advise(question),
    }
}

/// A hint that follows a question is a sentence.
fn capital(hint: &str) -> String {
    let mut chars = hint.chars();
    let first: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    first + chars.as_str()
}

/// Refuses an address at which another kind of entry stands.
pub(super) async fn only_for(
    desk: Desk<'_, '_>,
    gid: Gid,
    address: &Address,
    kind: EntryKind,
    what: &str,
) -> Result<Option<EntryKind>, AdminError> {
    let found = facts::entry(desk.tx, gid, &address.localpart).await?;
    match found {
        Some(other) if other != kind => {
            let refusal = Refusal::new(exists(other), what);
            Err(match noun(other) {
                Some(noun) => {
                    let address = address.to_unicode();
                    refusal.advise(format!(
                        "an address is one of account, alias, relocated; free it with \
                         `postcote admin {noun} delete {address}`"
                    ))
                }
                None => refusal,
            }
            .into())
        }
        found => Ok(found),
    }
}

/// Refuses when no entry of the kind stands at an address.
pub(super) async fn must_be(
    desk: Desk<'_, '_>,
    gid: Gid,
    address: &Address,
    kind: EntryKind,
    what: &str,
) -> Result<(), AdminError> {
    let rule = match kind {
        EntryKind::Account => Rule::NoSuchAccount,
        EntryKind::Alias | EntryKind::DefaultAlias => Rule::NoSuchAlias,
        EntryKind::RelayRecipient | EntryKind::Relocated => Rule::NoSuchRelocated,
    };
    match facts::entry(desk.tx, gid, &address.localpart).await? {
        Some(found) if found == kind => Ok(()),
        Some(other) => {
            let refusal = Refusal::new(rule, what);
            Err(match noun(other) {
                Some(noun) => refusal
                    .because(format!("what stands at this address is of kind `{noun}`"))
                    .advise(format!("see `postcote admin {noun} --help`")),
                None => refusal,
            }
            .into())
        }
        None => {
            let localparts = facts::localparts(desk.tx, gid, Some(kind)).await?;
            let known = localparts
                .into_iter()
                .map(|localpart| Address { localpart, domain: address.domain.clone() })
                .map(|address| address.to_unicode());
            Err(guess(Refusal::new(rule, what), &address.to_unicode(), known).into())
        }
    }
}

fn exists(kind: EntryKind) -> Rule {
    match kind {
        EntryKind::Account => Rule::AccountExists,
        EntryKind::Alias | EntryKind::DefaultAlias => Rule::AliasExists,
        EntryKind::RelayRecipient => Rule::AddressTaken,
        EntryKind::Relocated => Rule::RelocatedExists,
    }
}

/// The noun of `postcote admin` that manages a kind of entry.
fn noun(kind: EntryKind) -> Option<&'static str> {
    match kind {
        EntryKind::Account => Some("account"),
        EntryKind::Alias | EntryKind::DefaultAlias => Some("alias"),
        EntryKind::RelayRecipient => None,
        EntryKind::Relocated => Some("relocated"),
    }
}
