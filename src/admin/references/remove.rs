//! Takes what leads to an entry away with it.

use crate::admin::item::Item;
use crate::admin::references::{Reference, name};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::store::facts::LeadingKind;
use crate::store::inventory::{self, Filter};
use crate::store::write;

impl Reference {
    /// Has it lead to the entry no longer; what then leads nowhere, goes.
    pub(in crate::admin) async fn remove(
        &self,
        desk: Desk<'_, '_>,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let others = self.others();
        if !others.is_empty() {
            return self.put(desk, &others, report).await;
        }
        let gid = self.leading.gid;
        match (self.leading.kind, &self.leading.localpart) {
            (LeadingKind::CatchAll, _) | (_, None) => {
                write::delete_catchall(desk.tx, gid).await?;
                let was = Item::catchall(&self.leading.domain, &self.leading.destinations);
                report.change(ChangeKind::Deleted, was);
            }
            (LeadingKind::Account, Some(_)) => {
                self.put(desk, &others, report).await?;
                report.note(format!("mail for `{}` is forwarded no longer", name(&self.leading)));
            }
            (LeadingKind::Alias, Some(localpart)) => {
                let rows = inventory::aliases(desk.tx, &Filter::one(gid, localpart)).await?;
                write::delete_alias(desk.tx, gid, localpart).await?;
                for row in rows {
                    report.change(ChangeKind::Deleted, Item::alias(&row, desk.now));
                    let name = name(&self.leading);
                    report.note(format!("alias `{name}` had no other destination"));
                }
            }
            (LeadingKind::Relocated, Some(localpart)) => {
                let rows = inventory::relocated(desk.tx, &Filter::one(gid, localpart)).await?;
                write::delete_relocated(desk.tx, gid, localpart).await?;
                for row in rows {
                    report.change(ChangeKind::Deleted, Item::relocated(&row));
                }
            }
        }
        Ok(())
    }
}
