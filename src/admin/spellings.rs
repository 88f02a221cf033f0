//! Which addresses mean an entry: those of any name of its domain, with or without an extension.

use tokio_postgres::{Error, Transaction};

use crate::admin::Desk;
use crate::mail::{Address, Destination, DomainName, Gid, Localpart};
use crate::store::facts;

/// The names of one domain.
pub(super) struct Spellings {
    gid: Gid,
    names: Vec<DomainName>,
}

impl Spellings {
    /// Reads the names of a domain, and of no other: there may be many.
    pub(super) async fn load(tx: &Transaction<'_>, gid: Gid) -> Result<Self, Error> {
        Ok(Self { gid, names: facts::names_of(tx, gid).await? })
    }

    /// The names, the primary one first.
    pub(super) fn names(&self) -> &[DomainName] {
        &self.names
    }

    /// The address of a local part by each name.
    pub(super) fn of(&self, localpart: &Localpart) -> Vec<Address> {
        let address =
            |name: &DomainName| Address { localpart: localpart.clone(), domain: name.clone() };
        self.names.iter().map(address).collect()
    }

    /// The address that a destination is here, if it lies at an entry: exactly there, or with an
    /// extension that is no entry itself.
    pub(super) async fn at(
        &self,
        desk: Desk<'_, '_>,
        destination: &Destination,
        localpart: &Localpart,
    ) -> Result<Option<Address>, Error> {
        if !self.names.contains(destination.domain()) {
            return Ok(None);
        }
        let Some(address) = destination.to_address() else { return Ok(None) };
        if address.localpart == *localpart {
            return Ok(Some(address));
        }
        let base = address.localpart.split(&desk.settings.delimiters);
        let extended = base.is_some_and(|(base, _)| base == *localpart)
            && facts::entry(desk.tx, self.gid, &address.localpart).await?.is_none();
        Ok(extended.then_some(address))
    }
}
