//! Shows everything about an alias.

use crate::admin::alias::place::Place;
use crate::admin::item::{AliasDetails, Item};
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, destinations};
use crate::mail::EntryAddress;
use crate::store::facts;

/// Shows an alias.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The address of the alias, or NAME@* of a default alias
    pub(super) address: EntryAddress,
}

impl Show {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let (place, row) = Place::existing(desk, &self.address, what).await?;
        let asked = match &self.address {
            EntryAddress::At(address) => Some(address),
            EntryAddress::Default(_) => None,
        };
        let targets = destinations::targets(desk, &row.destinations, asked).await?;
        // All names but the primary one.
        let names = match asked {
            Some(_) => facts::names_of(desk.tx, place.gid).await?.into_iter().skip(1).collect(),
            None => Vec::new(),
        };
        let except = match asked {
            Some(_) => Vec::new(),
            None => facts::entries_at(desk.tx, place.localpart()).await?,
        };
        let details = AliasDetails::new(&row, &targets, &names, &except);
        Ok(Report::sheet("alias show", Item::whole_alias(&row, desk.now, details)))
    }
}
