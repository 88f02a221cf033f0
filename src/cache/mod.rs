//! The directory from memory: what was asked once is known until a change says otherwise.
//!
//! Nothing here ages. An answer stays true until the change feed names its key, and stays an
//! answer when the database is gone. Two rules keep it honest:
//!
//! - *A load that began before a change is not kept after it.* `shelf.rs` decides that under one
//!   lock that loads and changes both take, and hits never.
//! - *Unsure is never no.* What has changed, or may have, is loaded again, and what was known of it
//!   is still served if that fails; what was unknown is not served, for it may exist by now.

mod front;
mod shelf;

use std::sync::Arc;

use crate::directory::{Change, Directory, DirectoryError, EntryKey};
use crate::mail::{Domain, DomainName, DomainPattern, Entry};
use crate::telemetry::metrics::{self, Cached};
use shelf::Shelf;

/// A [`Directory`] that remembers what another one answered.
pub struct CachedDirectory<D> {
    inner: Arc<D>,
    domains: Shelf<DomainName, Domain>,
    wildcards: Shelf<DomainName, Domain>,
    entries: Shelf<EntryKey, Entry>,
}

/// How much is remembered.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Entries, domains and wildcards that exist, each.
    pub known: u64,
    /// Keys that do not exist. They have their own room, so that guessing evicts other guesses and
    /// never a mailbox.
    pub unknown: u64,
}

impl<D: Directory + 'static> CachedDirectory<D> {
    /// An empty cache in front of `inner`.
    pub fn new(inner: D, capacity: Capacity) -> Self {
        Self {
            inner: Arc::new(inner),
            domains: Shelf::new(capacity, Cached::Domain),
            wildcards: Shelf::new(capacity, Cached::Wildcard),
            entries: Shelf::new(capacity, Cached::Entry),
        }
    }

    /// Makes what a change has touched unverified.
    pub fn apply(&self, change: &Change) {
        match change {
            Change::Domain(DomainPattern::Exact(name)) => self.domains.doubt(name),
            Change::Domain(DomainPattern::Below(parent)) => self.wildcards.doubt(parent),
            Change::Entry(key) => self.entries.doubt(key),
            Change::Everything => self.distrust(),
        }
    }

    /// Marks everything as unverified: changes may have been missed.
    pub fn distrust(&self) {
        self.domains.distrust();
        self.wildcards.distrust();
        self.entries.distrust();
    }

    /// Says whether "does not exist" is still to be believed; not when the database has been out
    /// of sight for long.
    pub fn believe_unknown(&self, believe: bool) {
        self.domains.believe_unknown(believe);
        self.wildcards.believe_unknown(believe);
        self.entries.believe_unknown(believe);
    }

    /// Publishes how much is remembered, and lets the cache tidy up.
    pub fn report(&self) {
        for (cached, known, unknown) in [
            (Cached::Domain, self.domains.known_len(), self.domains.unknown_len()),
            (Cached::Entry, self.entries.known_len(), self.entries.unknown_len()),
            (Cached::Wildcard, self.wildcards.known_len(), self.wildcards.unknown_len()),
        ] {
            metrics::cache_entries(cached).set(known);
            metrics::cache_unknown(cached).set(unknown);
        }
    }
}

impl<D: Directory + 'static> Directory for CachedDirectory<D> {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        let load = |name: DomainName| {
            let inner = Arc::clone(&self.inner);
            async move { inner.domain(&name).await }
        };
        self.domains.get(name, load).await
    }

    async fn wildcard(&self, parent: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        let load = |parent: DomainName| {
            let inner = Arc::clone(&self.inner);
            async move { inner.wildcard(&parent).await }
        };
        self.wildcards.get(parent, load).await
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        let load = |key: EntryKey| {
            let inner = Arc::clone(&self.inner);
            async move { inner.entry(&key).await }
        };
        self.entries.get(key, load).await
    }
}

#[cfg(test)]
mod tests;
