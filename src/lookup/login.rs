//! Finds the account that a login or a question about a user means.

use std::sync::Arc;

use crate::directory::{Directory, DirectoryError, EntryKey};
use crate::lookup::resolver::Resolver;
use crate::mail::{Account, Address, DomainKind, Entry, Gid, QuotaLimit, ServiceSet};

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
        let mut canonical = address.clone();
        if let Some(domain) = self.served(&address.domain).await? {
            canonical.domain = domain.primary.clone();
        }
        Ok(canonical)
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
        let DomainKind::Mailbox { services, quota, .. } = &domain.kind else { return Ok(None) };
        let key = EntryKey { gid: domain.gid, localpart: address.localpart.clone() };
        let entry = self.directory().entry(&key).await?;
        let Some(Entry::Account(account)) = entry.as_deref() else { return Ok(None) };
        let login =
            Address { localpart: address.localpart.clone(), domain: domain.primary.clone() };
        Ok(Some(FoundAccount {
            login,
            gid: domain.gid,
            services: account.services.unwrap_or(*services),
            quota: account.quota.unwrap_or(*quota),
            account: Arc::clone(account),
        }))
    }
}
