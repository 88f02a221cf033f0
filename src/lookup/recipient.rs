//! Finds what stands behind a recipient, for questions about whole messages.

use std::sync::Arc;

use crate::directory::{Directory, DirectoryError};
use crate::lookup::expansion::Follow;
use crate::lookup::login::FoundAccount;
use crate::lookup::resolver::{LookupError, Resolver};
use crate::mail::{Address, Destination, Domain, Entry, Timestamp};

/// A recipient whose domain is served here.
#[derive(Clone, Debug)]
pub struct FoundRecipient {
    /// The domain.
    pub domain: Arc<Domain>,
    /// What stands at the address, with or without its extension.
    pub entry: Option<Arc<Entry>>,
}

/// Where mail for a recipient ends.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// The accounts, each once.
    pub accounts: Vec<FoundAccount>,
    /// Addresses that are not mailboxes here: they are elsewhere, or nobody has them.
    pub elsewhere: Vec<Destination>,
    /// Why some addresses on the way are not known now, if so: these may not be all ends.
    pub unknown: Option<DirectoryError>,
}

impl Ends {
    /// Whether mail goes anywhere but to the accounts.
    pub fn has_others(&self) -> bool {
        !self.elsewhere.is_empty() || self.unknown.is_some()
    }
}

impl<D: Directory> Resolver<D> {
    /// Whether the domain is served here, under whatever name.
    ///
    /// # Errors
    /// The facts cannot be had now.
    pub async fn is_local(&self, address: &Address) -> Result<bool, DirectoryError> {
        Ok(self.served(&address.domain).await?.is_some_and(|domain| domain.has_mailboxes()))
    }

    /// What stands at an address; `None` if its domain is not served here.
    ///
    /// # Errors
    /// The facts cannot be had now.
    pub async fn recipient(
        &self,
        address: &Address,
    ) -> Result<Option<FoundRecipient>, DirectoryError> {
        let located = self.locate(address).await?;
        Ok(located.map(|located| FoundRecipient { domain: located.domain, entry: located.entry }))
    }

    /// Where mail for an address ends, through aliases, forwards and catch-alls.
    ///
    /// # Errors
    /// The facts about the address itself cannot be had now, or it leads to too many others.
    pub async fn ends(&self, address: &Address, now: Timestamp) -> Result<Ends, LookupError> {
        let mut ends = Ends::default();
        let Some(located) = self.locate(address).await? else {
            ends.elsewhere.push(address.clone().into());
            return Ok(ends);
        };
        let walk = self.walk(address, located, now, Follow::Mail).await?;
        for (address, node) in walk.in_order(address) {
            ends.unknown = ends.unknown.or_else(|| node.unknown.clone());
            // What is too long for an address of ours is no node.
            let far = node.onward.iter().filter(|one| one.to_address().is_none());
            ends.elsewhere.extend(far.cloned());
            if !node.is_end {
                continue;
            }
            let located = node.located.as_ref();
            let account = located.and_then(|located| match located.entry.as_deref() {
                Some(Entry::Account(account)) => {
                    let login = located.login(address);
                    FoundAccount::of(&login.localpart, &located.domain, account)
                }
                _ => None,
            });
            match account {
                Some(account) if ends.accounts.iter().any(|one| one.login == account.login) => {}
                Some(account) => ends.accounts.push(account),
                None => ends.elsewhere.push(address.clone().into()),
            }
        }
        Ok(ends)
    }
}
