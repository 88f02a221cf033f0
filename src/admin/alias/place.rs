//! Where an alias stands: in a domain, or by default in every one.

use crate::admin::destinations::Owner;
use crate::admin::names;
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, DomainName, EntryAddress, Gid, Localpart, Refusal, Rule};
use crate::store::facts::{self, EntryKind, Named};
use crate::store::inventory::{self, AliasRow, Filter};

/// The place of an alias.
pub(super) struct Place<'a> {
    pub(super) address: &'a EntryAddress,
    pub(super) gid: Gid,
    /// Its domain, unless it is a default alias.
    pub(super) domain: Option<Named>,
}

impl<'a> Place<'a> {
    /// The place of an address, which must lie in a primary domain with mailboxes.
    pub(super) async fn of(
        desk: Desk<'_, '_>,
        address: &'a EntryAddress,
        what: &str,
    ) -> Result<Self, AdminError> {
        Ok(match address {
            EntryAddress::Default(_) => Self { address, gid: Gid::DEFAULTS, domain: None },
            EntryAddress::At(at) => {
                let domain = names::home_of(desk, at, what).await?;
                Self { address, gid: domain.gid, domain: Some(domain) }
            }
        })
    }

    /// The place of an alias that exists, and the alias.
    pub(super) async fn existing(
        desk: Desk<'_, '_>,
        address: &'a EntryAddress,
        what: &str,
    ) -> Result<(Self, AliasRow), AdminError> {
        let place = Self::of(desk, address, what).await?;
        if let EntryAddress::At(at) = address {
            names::must_be(desk, place.gid, at, EntryKind::Alias, what).await?;
        }
        if let Some(row) = place.row(desk).await? {
            return Ok((place, row));
        }
        let refusal = Refusal::new(Rule::NoSuchAlias, what);
        let known = facts::localparts(desk.tx, Gid::DEFAULTS, None).await?;
        let known = known.into_iter().map(|one| EntryAddress::Default(one).to_string());
        Err(names::guess(refusal, &address.to_string(), known).into())
    }

    /// The alias that stands there.
    pub(super) async fn row(&self, desk: Desk<'_, '_>) -> Result<Option<AliasRow>, AdminError> {
        let filter = Filter::one(self.gid, self.localpart());
        Ok(inventory::aliases(desk.tx, &filter).await?.pop())
    }

    pub(super) fn localpart(&self) -> &'a Localpart {
        self.address.localpart()
    }

    /// The address to follow: its own, or in a domain that has nothing of its own.
    pub(super) fn start(&self) -> Address {
        match self.address {
            EntryAddress::At(address) => address.clone(),
            EntryAddress::Default(localpart) => {
                Address { localpart: localpart.clone(), domain: DomainName::any() }
            }
        }
    }

    pub(super) fn owner(&self) -> Owner<'a> {
        match self.address {
            EntryAddress::At(address) => Owner::Entry(self.gid, &address.localpart),
            EntryAddress::Default(localpart) => Owner::Default(localpart),
        }
    }
}
