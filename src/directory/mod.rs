//! The questions everything is answered from, below those who ask and those who answer.
//!
//! Askers ([`lookup`](crate::lookup)) know only this trait. It is answered by PostgreSQL
//! ([`store`](crate::store)), by the cache in front of it ([`cache`](crate::cache)), and by
//! fixtures in tests.

use std::sync::Arc;

use crate::mail::{Domain, DomainName, DomainPattern, Entry, Gid, Localpart};

/// Names an entry: the domain it hangs on, whatever name that was asked by, and the local part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntryKey {
    /// The domain.
    pub gid: Gid,
    /// The local part, canonical.
    pub localpart: Localpart,
}

/// Where the facts come from. "Not there" is `Ok(None)`; an error always means "cannot know now".
pub trait Directory: Send + Sync {
    /// The domain of exactly this name, primary or alias.
    ///
    /// # Errors
    /// The facts cannot be had now; nothing follows about whether the domain exists.
    fn domain(
        &self,
        name: &DomainName,
    ) -> impl Future<Output = Result<Option<Arc<Domain>>, DirectoryError>> + Send;

    /// The alias domain that stands for the names below this one, as `*.example.org` does.
    ///
    /// # Errors
    /// The facts cannot be had now; nothing follows about whether there is one.
    fn wildcard(
        &self,
        parent: &DomainName,
    ) -> impl Future<Output = Result<Option<Arc<Domain>>, DirectoryError>> + Send;

    /// The entry at an address of a domain.
    ///
    /// # Errors
    /// The facts cannot be had now; nothing follows about whether the entry exists.
    fn entry(
        &self,
        key: &EntryKey,
    ) -> impl Future<Output = Result<Option<Arc<Entry>>, DirectoryError>> + Send;
}

impl<D: Directory> Directory for Arc<D> {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        D::domain(self, name).await
    }

    async fn wildcard(&self, parent: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        D::wildcard(self, parent).await
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        D::entry(self, key).await
    }
}

/// The facts cannot be had now. There is no way from here to "not found".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DirectoryError {
    /// What went wrong, for the operator and, shortened, for the peer's log.
    pub reason: Arc<str>,
}

impl DirectoryError {
    /// An error with this reason.
    pub fn new(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into() }
    }
}

/// Something that was cached may have changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The domain that is known as this.
    Domain(DomainPattern),
    /// The entry at this address.
    Entry(EntryKey),
    /// Anything at all.
    Everything,
}
