//! Deletes aliases and shortens them.

use crate::admin::alias::place::Place;
use crate::admin::item::Item;
use crate::admin::names::Names;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, destinations, references};
use crate::mail::{DestinationTemplate, EntryAddress};
use crate::store::write;

pub(super) const HELP: &str = "\
Examples:
  postcote admin alias delete team@example.org dave@example.org
  postcote admin alias delete news@example.org
  postcote admin alias delete half-price@example.org --dry-run";

/// Deletes an alias, or shortens it.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The address of the alias, or NAME@* of a default alias
    pub(super) address: EntryAddress,
    /// Only these of its destinations; an alias left without any is deleted
    #[arg(value_name = "DESTINATION")]
    destinations: Vec<DestinationTemplate>,
}

impl Delete {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("alias delete");
        let (place, mut alias) = Place::existing(desk, &self.address, what).await?;
        let gone = Item::alias(&alias, desk.now);
        if !self.destinations.is_empty() {
            let names = Names::load(desk.tx).await?;
            let list = &mut alias.destinations;
            destinations::remove(list, &names, &self.destinations, what, &mut report)?;
            if !list.is_empty() {
                write::put_alias(desk.tx, place.gid, place.localpart(), list).await?;
                report.change(ChangeKind::Changed, Item::alias(&alias, desk.now));
                return Ok(report);
            }
            report.note("no destination is left");
        }
        match &self.address {
            EntryAddress::Default(localpart) => {
                write::delete_alias(desk.tx, place.gid, localpart).await?;
                report.change(ChangeKind::Deleted, gone);
            }
            EntryAddress::At(address) => {
                let references = references::to(desk, place.gid, &address.localpart).await?;
                write::delete_alias(desk.tx, place.gid, &address.localpart).await?;
                report.change(ChangeKind::Deleted, gone);
                references::warn(&references, &mut report);
                destinations::warn_of_circle(desk, address, what, &mut report).await?;
            }
        }
        Ok(report)
    }
}
