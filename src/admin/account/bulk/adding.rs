//! Adds the accounts of a file.

use crate::admin::account::add;
use crate::admin::account::bulk::Verb;
use crate::admin::account::bulk::check::{self, Homes, Suspects};
use crate::admin::account::bulk::mistakes::Mistakes;
use crate::admin::account::bulk::row::Row;
use crate::admin::account::fit;
use crate::admin::item::Item;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::PasswordHash;
use crate::store::bulk::{self, BATCH, Home};
use crate::store::write::NewAccount;
use crate::store::{inventory, orders};
use crate::telemetry::progress::Progress;

/// Whether each account may be added; says where.
pub(super) async fn check(
    desk: Desk<'_, '_>,
    rows: &[Row],
    mistakes: &mut Mistakes,
) -> Result<Homes, AdminError> {
    check::twice(rows, mistakes);
    let homes = check::homes(desk, rows).await?;
    let format = desk.settings.accounts.mailbox_format.as_str();
    let mut suspects = Suspects::new();
    for (position, row) in rows.iter().enumerate() {
        let home = homes.get(&row.address.domain);
        let fits = home.is_some_and(|home| {
            let transport = row.wants.transport.as_ref().or(home.transport.as_ref());
            fit(transport, format, "").is_ok()
        });
        if !fits {
            suspects.insert(position);
        }
    }
    for batch in check::batches(rows, &homes) {
        let taken = bulk::taken(desk.tx, &batch.gids, &batch.localparts).await?;
        suspects.extend(taken.into_iter().filter_map(|taken| batch.positions.get(taken)));
    }
    check::explain(desk, Verb::Add, rows, &suspects, mistakes).await?;
    check::limits(desk, rows, &homes, mistakes).await?;
    Ok(homes)
}

/// Makes all of them, and orders their mailboxes.
pub(super) async fn write(
    desk: Desk<'_, '_>,
    rows: &[Row],
    homes: &Homes,
    hashes: &[PasswordHash],
    report: &mut Report,
) -> Result<(), AdminError> {
    let ended = rows.iter().filter(|row| row.wants.expires.is_some_and(|end| end.0 <= desk.now));
    match ended.count() {
        0 => {}
        ended => report.warn(format!("{ended} of {} accounts have ended already", rows.len())),
    }
    let progress = Progress::begin("adding accounts", rows.len());
    for (rows, hashes) in rows.chunks(BATCH).zip(hashes.chunks(BATCH)) {
        let new = |(row, hash): (&Row, _)| {
            homes.get(&row.address.domain).map(|home| account(desk, row, home, hash))
        };
        let accounts: Vec<_> = rows.iter().zip(hashes).filter_map(new).collect();
        let uids = bulk::insert_accounts(desk.tx, &accounts).await?;
        orders::create(desk.tx, &uids).await?;
        for row in inventory::accounts_of(desk.tx, &uids).await? {
            report.change(ChangeKind::Added, Item::account(&row, desk.now));
        }
        progress.advance(rows.len());
    }
    Ok(())
}

fn account(desk: Desk<'_, '_>, row: &Row, home: &Home, hash: &PasswordHash) -> NewAccount {
    let wants = &row.wants;
    NewAccount {
        gid: home.gid,
        localpart: row.address.localpart.clone(),
        password: hash.clone(),
        name: wants.name.clone(),
        note: wants.note.clone(),
        format: desk.settings.accounts.mailbox_format,
        root: desk.settings.accounts.mailbox_root.clone(),
        services: wants.services,
        quota: add::quota(wants.quota, wants.messages, home.quota),
        transport: wants.transport.clone(),
        expires: wants.expires.map(|expiry| expiry.0),
    }
}
