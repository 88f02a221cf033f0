//! Resolves a lookup: fetches the facts it needs from the directory and applies the rule.

use std::fmt::{Display, Write as _};
use std::sync::Arc;

use futures_util::future::{join_all, join3};

use crate::directory::{Directory, DirectoryError, EntryKey};
use crate::lookup::{Key, Table};
use crate::mail::{
    Address, Delimiters, Domain, DomainName, Entry, Gid, Localpart, Timestamp,
    rules::{self, Asked, Redirect, Standing},
};

/// A question: a table, a key, and the time it is asked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The table.
    pub table: Table,
    /// The key, understood.
    pub key: Key,
    /// When it is asked: switches and expiry dates depend on it.
    pub now: Timestamp,
}

/// An answer that exists; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(String);

/// Why there is no answer, not even "not found".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The facts cannot be had now.
    #[error(transparent)]
    Unavailable(#[from] DirectoryError),
    /// Following the address passes the limits that Postfix has, too.
    #[error("the expansion of this address passes 1000 destinations or 1000 levels")]
    TooManyDestinations,
}

/// Answers lookups from a [`Directory`].
#[derive(Clone, Debug)]
pub struct Resolver<D> {
    directory: D,
    delimiters: Delimiters,
}

/// The facts about an address.
#[derive(Clone, Debug)]
pub(super) struct Located {
    /// The domain it lies in.
    pub(super) domain: Arc<Domain>,
    /// What stands at it: an entry of the domain, or one that every domain has by default.
    pub(super) entry: Option<Arc<Entry>>,
    /// The base address and the extension, if the entry stands there.
    pub(super) base: Option<(Address, String)>,
    /// Whether the entry is a default alias.
    pub(super) is_default: bool,
    /// What stands at `+`, if that decides about the address.
    pub(super) plus: Option<Arc<Entry>>,
}

impl Value {
    /// Makes a value of a text; an empty one is no value, for Postfix takes it as a match in some
    /// places and as a configuration error in others.
    pub fn new(text: String) -> Option<Self> {
        (!text.is_empty()).then_some(Self(text))
    }

    /// The text as Postfix takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Value> for String {
    fn from(value: Value) -> Self {
        value.0
    }
}

impl<D: Directory> Resolver<D> {
    /// A resolver that asks this directory and splits addresses at these delimiters.
    pub fn new(directory: D, delimiters: Delimiters) -> Self {
        Self { directory, delimiters }
    }

    pub(super) fn directory(&self) -> &D {
        &self.directory
    }

    /// The delimiters at which extensions start.
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// Answers a lookup; `None` is a sure "not found".
    ///
    /// # Errors
    /// There is no answer now: the peer must ask again later.
    pub async fn resolve(&self, lookup: &Lookup) -> Result<Option<Value>, LookupError> {
        let text = match &lookup.key {
            Key::Domain(name) => self.resolve_domain(lookup.table, name).await?,
            Key::Address(address) => self.resolve_address(lookup, address).await?,
        };
        Ok(text.and_then(Value::new))
    }

    async fn resolve_domain(
        &self,
        table: Table,
        name: &DomainName,
    ) -> Result<Option<String>, LookupError> {
        let found = || Some("1".to_owned());
        Ok(match table {
            Table::VirtualMailboxDomains => {
                self.served(name).await?.filter(|d| d.has_mailboxes()).and_then(|_| found())
            }
            Table::RelayDomains => {
                self.routed(name).await?.filter(|d| d.is_relayed()).and_then(|_| found())
            }
            Table::TransportMaps => {
                let domain = self.routed(name).await?;
                domain.and_then(|d| d.transport.as_ref().map(ToString::to_string))
            }
            _ => None,
        })
    }

    async fn resolve_address(
        &self,
        lookup: &Lookup,
        address: &Address,
    ) -> Result<Option<String>, LookupError> {
        let now = lookup.now;
        match lookup.table {
            Table::VirtualAliasMaps => return self.virtual_alias(address, now).await,
            Table::SmtpdSenderLoginMaps => return self.sender_logins(address, now).await,
            Table::RelayDomains | Table::VirtualAliasDomains | Table::VirtualMailboxDomains => {
                return Ok(None);
            }
            _ => {}
        }
        let domain = match lookup.table {
            Table::RelayRecipientMaps | Table::TransportMaps => {
                self.routed(&address.domain).await?
            }
            _ => self.served(&address.domain).await?,
        };
        let Some(domain) = domain else { return Ok(None) };
        let located = self.locate_in(domain, address).await?;
        let (domain, entry) = (&located.domain, located.entry.as_deref());
        Ok(match lookup.table {
            Table::RecipientAccess => rules::recipient_access(entry, now),
            Table::RelayRecipientMaps => {
                rules::relay_recipient(domain, entry).then(|| "1".to_owned())
            }
            Table::RelocatedMaps => rules::relocated(entry).map(ToString::to_string),
            Table::TransportMaps => rules::transport(domain, entry, now),
            Table::VirtualGidMaps => rules::mailbox(entry).and(Some(domain.gid.0.to_string())),
            Table::VirtualMailboxMaps => rules::mailbox(entry),
            Table::VirtualUidMaps => match entry {
                Some(Entry::Account(account)) => Some(account.uid.0.to_string()),
                _ => None,
            },
            _ => None,
        })
    }

    /// The enabled domain of this name: a wildcard's, if the name itself is not known.
    pub(super) async fn served(
        &self,
        name: &DomainName,
    ) -> Result<Option<Arc<Domain>>, DirectoryError> {
        let domain = match self.directory.domain(name).await? {
            Some(domain) => Some(domain),
            None => self.wildcard(name).await?,
        };
        Ok(domain.filter(|domain| domain.enabled))
    }

    /// The alias domain that stands for all names below a parent of this one: the nearest, unless
    /// a relay domain is nearer, for that has its subdomains, too.
    async fn wildcard(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        let parents: Vec<DomainName> = name.parents().collect();
        let found = join_all(parents.iter().map(|parent| self.directory.wildcard(parent))).await;
        for (distance, found) in found.into_iter().enumerate() {
            let Some(wildcard) = found? else { continue };
            for nearer in parents.iter().take(distance) {
                if self.directory.domain(nearer).await?.is_some_and(|domain| domain.is_relayed()) {
                    return Ok(None);
                }
            }
            return Ok(Some(wildcard));
        }
        Ok(None)
    }

    /// The domain that decides about a name: itself, else a wildcard's, else the nearest parent
    /// that is relayed, as `parent_domain_matches_subdomains` has it for relay domains.
    async fn routed(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        // A disabled domain hides its parents: it is not to be relayed instead.
        if let Some(domain) = self.directory.domain(name).await? {
            return Ok(domain.enabled.then_some(domain));
        }
        if let Some(domain) = self.wildcard(name).await? {
            return Ok(domain.enabled.then_some(domain));
        }
        for parent in name.parents() {
            if let Some(domain) = self.directory.domain(&parent).await? {
                return Ok(domain.is_relayed().then_some(domain));
            }
        }
        Ok(None)
    }

    /// The facts about an address; `None` if its domain is not served here.
    pub(super) async fn locate(
        &self,
        address: &Address,
    ) -> Result<Option<Located>, DirectoryError> {
        match self.served(&address.domain).await? {
            Some(domain) => self.locate_in(domain, address).await.map(Some),
            None => Ok(None),
        }
    }

    /// What stands at `l+ext@d`, else at `l@d`, else at either in every domain by default; and
    /// what stands at `+@d`, if nothing does and there is no catch-all.
    pub(super) async fn locate_in(
        &self,
        domain: Arc<Domain>,
        address: &Address,
    ) -> Result<Located, DirectoryError> {
        let gid = domain.gid;
        let mut located =
            Located { domain, entry: None, base: None, is_default: false, plus: None };
        if !located.domain.name.matches(&address.domain) {
            // A subdomain of a relay domain: the parent's recipients are not its own.
            return Ok(located);
        }
        let key = EntryKey { gid, localpart: address.localpart.clone() };
        located.entry = self.directory.entry(&key).await?;
        if located.entry.is_none()
            && let Some((base, extension)) = address.split(&self.delimiters)
        {
            let key = EntryKey { gid, localpart: base.localpart.clone() };
            located.entry = self.directory.entry(&key).await?;
            if located.entry.is_some() {
                located.base = Some((base, extension.to_owned()));
            }
        }
        if located.entry.is_none() && located.domain.has_mailboxes() {
            self.locate_stranger(&mut located, address).await?;
        }
        Ok(located)
    }

    /// What takes mail for an address without an entry.
    async fn locate_stranger(
        &self,
        located: &mut Located,
        address: &Address,
    ) -> Result<(), DirectoryError> {
        let split = address.split(&self.delimiters);
        let base = split.as_ref().map(|(base, _)| base.localpart.clone());
        let gid = located.domain.gid;
        let plus = located.domain.catchall().is_empty().then(Localpart::plus);
        let found = join3(
            self.entry(Gid::DEFAULTS, Some(address.localpart.clone())),
            self.entry(Gid::DEFAULTS, base),
            self.entry(gid, plus),
        );
        let (whole, base, plus) = found.await;
        located.entry = whole?;
        if located.entry.is_none() {
            located.entry = base?;
            if located.entry.is_some() {
                located.base = split.map(|(base, extension)| (base, extension.to_owned()));
            }
        }
        located.is_default = located.entry.is_some();
        if !located.is_default {
            located.plus = plus?;
        }
        Ok(())
    }

    async fn entry(
        &self,
        gid: Gid,
        localpart: Option<Localpart>,
    ) -> Result<Option<Arc<Entry>>, DirectoryError> {
        match localpart {
            Some(localpart) => self.directory.entry(&EntryKey { gid, localpart }).await,
            None => Ok(None),
        }
    }

    /// One step of redirection from an address.
    pub(super) fn redirect(
        &self,
        address: &Address,
        located: &Located,
        now: Timestamp,
    ) -> Option<Redirect> {
        let base = located.base.as_ref().map(|(base, extension)| (base, extension.as_str()));
        let asked = Asked { address, base };
        let standing = match located.entry.as_deref() {
            Some(entry) => Standing::Entry(entry),
            None => Standing::Nothing { plus: located.plus.as_deref() },
        };
        rules::redirect(&located.domain, standing, asked, &self.delimiters, now)
    }

    async fn virtual_alias(
        &self,
        address: &Address,
        now: Timestamp,
    ) -> Result<Option<String>, LookupError> {
        let destinations = self.expand(address, now).await?;
        Ok(list(&destinations))
    }

    async fn sender_logins(
        &self,
        address: &Address,
        now: Timestamp,
    ) -> Result<Option<String>, LookupError> {
        let logins = self.owners(address, now).await?;
        Ok(list(&logins))
    }
}

impl Located {
    /// Whether an account stands at the address.
    pub(super) fn is_account(&self) -> bool {
        matches!(self.entry.as_deref(), Some(Entry::Account(_)))
    }

    /// The account's login: its address in the primary domain, without extension.
    pub(super) fn login(&self, address: &Address) -> Address {
        let localpart = match &self.base {
            Some((base, _)) => base.localpart.clone(),
            None => address.localpart.clone(),
        };
        Address { localpart, domain: self.domain.primary.clone() }
    }
}

/// A comma-separated list, as Postfix takes it.
fn list(addresses: &[impl Display]) -> Option<String> {
    let mut text = String::with_capacity(addresses.len() * 40);
    for address in addresses {
        let separator = if text.is_empty() { "" } else { "," };
        // Writing to a text cannot fail.
        let _ = write!(text, "{separator}{address}");
    }
    (!text.is_empty()).then_some(text)
}
