//! Writes what leads to an entry with other destinations.

use crate::admin::item::Item;
use crate::admin::references::Reference;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::{Destination, DestinationTemplate};
use crate::store::facts::LeadingKind;
use crate::store::inventory::{self, Filter};
use crate::store::write;

impl Reference {
    /// Gives it these destinations. None at all ends the forwards of an account.
    pub(super) async fn put(
        &self,
        desk: Desk<'_, '_>,
        list: &[DestinationTemplate],
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let gid = self.leading.gid;
        let changed = ChangeKind::Changed;
        match (self.leading.kind, &self.leading.localpart) {
            (LeadingKind::CatchAll, _) | (_, None) => {
                write::put_catchall(desk.tx, gid, list).await?;
                report.change(changed, Item::catchall(&self.leading.domain, list));
            }
            (LeadingKind::Account, Some(localpart)) => {
                write::set_forwards(desk.tx, gid, localpart, list).await?;
                for row in inventory::accounts(desk.tx, &Filter::one(gid, localpart)).await? {
                    report.change(changed, Item::account(&row, desk.now));
                }
            }
            (LeadingKind::Alias, Some(localpart)) => {
                write::put_alias(desk.tx, gid, localpart, list).await?;
                for row in inventory::aliases(desk.tx, &Filter::one(gid, localpart)).await? {
                    report.change(changed, Item::alias(&row, desk.now));
                }
            }
            (LeadingKind::Relocated, Some(localpart)) => {
                let to = list.first().and_then(|one| Destination::parse(one.as_str()).ok());
                if let Some(to) = to {
                    write::put_relocated(desk.tx, gid, localpart, &to).await?;
                }
                for row in inventory::relocated(desk.tx, &Filter::one(gid, localpart)).await? {
                    report.change(changed, Item::relocated(&row));
                }
            }
        }
        Ok(())
    }
}
