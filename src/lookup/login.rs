//! Finds the account that a login or a question about a user means.

use std::sync::Arc;

use crate::directory::{Directory, DirectoryError, EntryKey};
use crate::lookup::resolver::Resolver;
use crate::mail::policy::SendingLimits;
use crate::mail::{
    Account, Address, Domain, DomainKind, DomainName, Entry, Gid, Localpart, QuotaLimit, ServiceSet,
};

/// An account with what its domain says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundAccount {
    /// Its one name: the address in the primary domain.
    pub login: Address,
    /// The numeric group.
    pub gid: Gid,
    /// What it may use, be it its own or the domain's.
    pub services: ServiceSet,
    /// What it may hold, be it its own or the domain's.
    pub quota: QuotaLimit,
    /// What it may send, be it its own limits or the domain's for its accounts.
    pub sending: SendingLimits,
    /// What all accounts of its domain may send together.
    pub domain_sending: SendingLimits,
    /// The account itself.
    pub account: Arc<Account>,
}

impl<D: Directory> Resolver<D> {
    /// The address in the primary domain, whether anything stands there or not; the same again if
    /// its domain is not served here.
    ///
    /// # Errors
    /// The facts cannot be had now.
    pub async fn canonical(&self, address: &Address) -> Result<Address, DirectoryError> {
        let domain = self.primary(&address.domain).await?;
        Ok(Address { domain, localpart: address.localpart.clone() })
    }

    /// The primary name of a domain; the same again if it is not served here.
    ///
    /// # Errors
    /// The facts cannot be had now.
    pub async fn primary(&self, name: &DomainName) -> Result<DomainName, DirectoryError> {
        let domain = self.served(name).await?;
        Ok(domain.map_or_else(|| name.clone(), |domain| domain.primary.clone()))
    }

    /// The account at exactly this address, whose domain may be an alias domain.
    ///
    /// Nothing stands in for a login: no extension is split off, and aliases, catch-alls and
    /// accounts in disabled domains log nobody in.
    ///
    /// # Errors
    /// The facts cannot be had now; nothing follows about whether there is such an account.
    pub async fn account(&self, address: &Address) -> Result<Option<FoundAccount>, DirectoryError> {
        let Some(domain) = self.served(&address.domain).await? else { return Ok(None) };
        let key = EntryKey { gid: domain.gid, localpart: address.localpart.clone() };
        let entry = self.directory().entry(&key).await?;
        let Some(Entry::Account(account)) = entry.as_deref() else { return Ok(None) };
        Ok(FoundAccount::of(&address.localpart, &domain, account))
    }
}

impl FoundAccount {
    /// The account at a local part of a domain; `None` if that has no mailboxes.
    pub(super) fn of(
        localpart: &Localpart,
        domain: &Domain,
        account: &Arc<Account>,
    ) -> Option<Self> {
        let DomainKind::Mailbox { services, quota, .. } = &domain.kind else { return None };
        let said = |limits: &Option<Box<SendingLimits>>| limits.as_deref().copied();
        let own = said(&account.sending).unwrap_or_default();
        Some(Self {
            login: Address { localpart: localpart.clone(), domain: domain.primary.clone() },
            gid: domain.gid,
            services: account.services.unwrap_or(*services),
            quota: account.quota.unwrap_or(*quota),
            sending: own.over(said(&domain.sending.accounts).unwrap_or_default()),
            domain_sending: said(&domain.sending.whole).unwrap_or_default(),
            account: Arc::clone(account),
        })
    }
}
