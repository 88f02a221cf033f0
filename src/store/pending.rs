//! The directory as it will be when a transaction commits, with everything switched on.
//!
//! Whoever writes must not make a circle that starts to turn when a disabled alias is enabled, or
//! when a suspension ends; so nothing counts as off here. [`DomainName::any`] is a mailbox domain
//! with nothing of its own.

use std::sync::Arc;

use tokio_postgres::{Error, Statement, Transaction};

use crate::directory::{Directory, DirectoryError, EntryKey};
use crate::mail::{
    Domain, DomainKind, DomainName, DomainPattern, DomainSending, Entry, Gid, QuotaLimit,
    ServiceSet, Switches,
};
use crate::store::connect::chain;
use crate::store::read;

/// Answers from inside an open transaction.
pub struct PendingDirectory<'a, 'tx> {
    tx: &'a Transaction<'tx>,
    domains: Statement,
    entries: Statement,
}

impl<'a, 'tx> PendingDirectory<'a, 'tx> {
    /// A directory over this transaction.
    ///
    /// # Errors
    /// The database failed.
    pub async fn open(tx: &'a Transaction<'tx>) -> Result<Self, Error> {
        Ok(Self {
            tx,
            domains: tx.prepare(include_str!("sql/domains.sql")).await?,
            entries: tx.prepare(include_str!("sql/entries.sql")).await?,
        })
    }

    async fn known_as(&self, name: DomainPattern) -> Result<Option<Arc<Domain>>, DirectoryError> {
        if name.is(&DomainName::any()) {
            return Ok(Some(Arc::new(any())));
        }
        let names = std::slice::from_ref(&name);
        let rows = read::domains(self.tx.client(), &self.domains, names).await;
        let Some(domain) = rows.map_err(failed)?.remove(&name).transpose()? else {
            return Ok(None);
        };
        Ok(Some(Arc::new(Domain { enabled: true, ..Domain::clone(&domain) })))
    }
}

impl Directory for PendingDirectory<'_, '_> {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.known_as(DomainPattern::Exact(name.clone())).await
    }

    async fn wildcard(&self, parent: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.known_as(DomainPattern::Below(parent.clone())).await
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        let keys = std::slice::from_ref(key);
        let rows = read::entries(self.tx.client(), &self.entries, keys).await;
        let Some(entry) = rows.map_err(failed)?.remove(key).transpose()? else { return Ok(None) };
        let mut entry = Entry::clone(&entry);
        match &mut entry {
            Entry::Account(account) => {
                let account = Arc::make_mut(account);
                account.switches = Switches::default();
                account.expires = None;
                account.moving_until = None;
            }
            Entry::Alias(alias) => {
                alias.enabled = true;
                alias.expires = None;
            }
            Entry::Relocated(_) | Entry::RelayRecipient => {}
        }
        Ok(Some(Arc::new(entry)))
    }
}

/// A mailbox domain without anything of its own, to see what it has by default.
fn any() -> Domain {
    let name = DomainName::any();
    Domain {
        name: name.clone().into(),
        primary: name,
        gid: Gid::ANY,
        enabled: true,
        transport: None,
        kind: DomainKind::Mailbox {
            catchall: Vec::new(),
            services: ServiceSet::ALL,
            quota: QuotaLimit::default(),
        },
        sending: DomainSending::default(),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn failed(error: Error) -> DirectoryError {
    DirectoryError::new(format!("the database failed: {}", chain(&error)))
}
