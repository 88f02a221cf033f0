//! Changes the passwords of the accounts of a file.

use crate::admin::account::bulk::Verb;
use crate::admin::account::bulk::check::{self, Suspects};
use crate::admin::account::bulk::mistakes::Mistakes;
use crate::admin::account::bulk::row::Row;
use crate::admin::item::Item;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::{PasswordHash, Uid};
use crate::store::bulk::{self, BATCH};
use crate::store::inventory;
use crate::telemetry::progress::Progress;

/// Whether each account exists; says which uid it has.
pub(super) async fn check(
    desk: Desk<'_, '_>,
    rows: &[Row],
    mistakes: &mut Mistakes,
) -> Result<Vec<Uid>, AdminError> {
    check::twice(rows, mistakes);
    let homes = check::homes(desk, rows).await?;
    let mut uids: Vec<Option<Uid>> = vec![None; rows.len()];
    for batch in check::batches(rows, &homes) {
        for (found, uid) in bulk::uids(desk.tx, &batch.gids, &batch.localparts).await? {
            let slot = batch.positions.get(found).and_then(|position| uids.get_mut(*position));
            if let Some(slot) = slot {
                *slot = Some(uid);
            }
        }
    }
    let missing = uids.iter().enumerate().filter(|(_, uid)| uid.is_none());
    let suspects: Suspects = missing.map(|(position, _)| position).collect();
    check::explain(desk, Verb::Password, rows, &suspects, mistakes).await?;
    Ok(uids.into_iter().flatten().collect())
}

/// Stores all of them.
pub(super) async fn write(
    desk: Desk<'_, '_>,
    uids: &[Uid],
    hashes: &[PasswordHash],
    report: &mut Report,
) -> Result<(), AdminError> {
    let progress = Progress::begin("changing passwords", uids.len());
    for (uids, hashes) in uids.chunks(BATCH).zip(hashes.chunks(BATCH)) {
        bulk::set_passwords(desk.tx, uids, hashes).await?;
        for row in inventory::accounts_of(desk.tx, uids).await? {
            report.change(ChangeKind::Changed, Item::account(&row, desk.now));
        }
        progress.advance(uids.len());
    }
    Ok(())
}
