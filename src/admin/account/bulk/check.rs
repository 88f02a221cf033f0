//! What a file and the database say about the rows of a file, by a few statements for all of them.
//!
//! A statement for all rows finds which are refused; why, the check for one account says, so both
//! speak with one voice. Of those that would not be shown only the number counts.

use std::collections::{BTreeSet, HashMap};

use crate::admin::account::add::{self, may_add};
use crate::admin::account::bulk::Verb;
use crate::admin::account::bulk::mistakes::{Mistake, Mistakes, SHOWN};
use crate::admin::account::bulk::row::Row;
use crate::admin::account::existing;
use crate::admin::limits::Watch;
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, DomainName, Gid, Localpart};
use crate::store::bulk::{self, BATCH, Home};

/// The domains of a file that can have accounts, by their primary names.
pub(super) type Homes = HashMap<DomainName, Home>;

/// Rows that are refused, by their position.
pub(super) type Suspects = BTreeSet<usize>;

/// Finds the domains.
pub(super) async fn homes(desk: Desk<'_, '_>, rows: &[Row]) -> Result<Homes, AdminError> {
    let mut names: Vec<_> = rows.iter().map(|row| &row.address.domain).collect();
    names.sort_unstable();
    names.dedup();
    let homes = bulk::homes(desk.tx, &names).await?;
    Ok(homes.into_iter().map(|home| (home.name.clone(), home)).collect())
}

/// Some rows by their positions, as the database knows their addresses.
pub(super) struct Batch<'a> {
    pub(super) positions: Vec<usize>,
    pub(super) gids: Vec<Gid>,
    pub(super) localparts: Vec<&'a Localpart>,
}

/// The rows whose domain is known, in pieces for one statement each.
pub(super) fn batches<'a>(rows: &'a [Row], homes: &Homes) -> impl Iterator<Item = Batch<'a>> {
    (0..).step_by(BATCH).zip(rows.chunks(BATCH)).map(|(first, rows)| {
        let mut batch = Batch { positions: Vec::new(), gids: Vec::new(), localparts: Vec::new() };
        for (position, Row { address, .. }) in (first..).zip(rows) {
            if let Some(home) = homes.get(&address.domain) {
                batch.positions.push(position);
                batch.gids.push(home.gid);
                batch.localparts.push(&address.localpart);
            }
        }
        batch
    })
}

/// Finds addresses that stand in the file more than once.
pub(super) fn twice(rows: &[Row], mistakes: &mut Mistakes) {
    let mut lines: HashMap<&Address, u64> = HashMap::with_capacity(rows.len());
    for row in rows {
        if let Some(first) = lines.get(&row.address) {
            let about = format!("`{}`", row.address.to_unicode());
            let why = format!("this address stands in line {first}, too");
            mistakes.push(Mistake::new(row.line, why).about(about));
        } else {
            lines.insert(&row.address, row.line);
        }
    }
}

/// Finds domains without room for all of their accounts, and tells each at the first that is too
/// many.
pub(super) async fn limits(
    desk: Desk<'_, '_>,
    rows: &[Row],
    homes: &Homes,
    mistakes: &mut Mistakes,
) -> Result<(), AdminError> {
    for home in homes.values().filter(|home| home.limited) {
        let rows: Vec<_> = rows.iter().filter(|row| row.address.domain == home.name).collect();
        let watch = Watch::begin(desk, home.gid, &home.name).await?;
        let quotas = rows.iter().map(|row| {
            let wants = &row.wants;
            add::quota(wants.quota, wants.messages, home.quota).unwrap_or(home.quota)
        });
        if let Err((first, refusal)) = watch.accounts(quotas, "")
            && let Some(row) = rows.get(first)
        {
            let about = format!("`{}`", row.address.to_unicode());
            mistakes.push(Mistake::refused(row.line, about, refusal));
        }
    }
    Ok(())
}

/// Notes why rows are refused, as the check for one account says it.
pub(super) async fn explain(
    desk: Desk<'_, '_>,
    verb: Verb,
    rows: &[Row],
    suspects: &Suspects,
    mistakes: &mut Mistakes,
) -> Result<(), AdminError> {
    for row in suspects.iter().take(SHOWN).filter_map(|position| rows.get(*position)) {
        let about = format!("`{}`", row.address.to_unicode());
        let outcome = match verb {
            Verb::Add => {
                may_add(desk, &row.address, row.wants.transport.as_ref(), "").await.map(drop)
            }
            Verb::Password => existing(desk, &row.address, "").await.map(drop),
        };
        mistakes.push(match outcome {
            Err(AdminError::Refused(refusal)) => Mistake::refused(row.line, about, refusal),
            Err(AdminError::BadData { why, .. }) => Mistake::new(row.line, why).about(about),
            Err(other) => return Err(other),
            // Plain SQL waits for nobody.
            Ok(()) => Mistake::new(row.line, "somebody else has just changed it")
                .about(about)
                .hint("run the command again"),
        });
    }
    mistakes.and_more(suspects.len().saturating_sub(SHOWN));
    Ok(())
}
