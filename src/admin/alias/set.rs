//! Changes what an alias is, but not where it leads.

use crate::admin::alias::place::Place;
use crate::admin::alias::senders::{Senders, senders};
use crate::admin::item::Item;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Expiry};
use crate::mail::EntryAddress;
use crate::store::inventory::AliasRow;
use crate::store::write::{self, AliasChange};

pub(super) const HELP: &str = "\
Examples:
  postcote admin alias set news@example.org --disable --note 'back in May'
  postcote admin alias set news@example.org --enable --expires 2030-12-31
  postcote admin alias set news@example.org --no-expires --no-note
  postcote admin alias set team@example.org --senders members,alice@example.net
  postcote admin alias set team@example.org --senders anybody

Nobody takes mail for an alias that is disabled or has ended, not even a
catch-all. `authenticated` may write to it are those who have logged in, `domain`
those with an account of its domain, `members` those it leads to; of a default
alias the domain is the one that was asked for. The policy service holds to it.";

/// Changes an alias.
#[derive(Clone, Debug, clap::Args)]
pub struct Set {
    /// The address of the alias, or NAME@* of a default alias
    pub(super) address: EntryAddress,
    #[command(flatten)]
    change: Changed,
}

/// What changes.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = true)]
#[expect(clippy::struct_excessive_bools, reason = "options, as they are given")]
struct Changed {
    /// Takes mail for it again
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Takes no mail for it
    #[arg(long)]
    disable: bool,
    /// When it ends: 2030-12-31 (at the beginning of that day, UTC) or 2030-12-31T18:00:00Z
    #[arg(long, value_name = "DATE", conflicts_with = "no_expires")]
    expires: Option<Expiry>,
    /// It does not end
    #[arg(long)]
    no_expires: bool,
    /// A remark
    #[arg(long, value_name = "TEXT", conflicts_with = "no_note")]
    note: Option<String>,
    /// No remark
    #[arg(long)]
    no_note: bool,
    /// Who may write to it: authenticated, domain, members or addresses, separated by commas, or
    /// `anybody`
    #[arg(long, value_name = "LIST", value_parser = senders)]
    senders: Option<Senders>,
}

impl Set {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("alias set");
        let (place, before) = Place::existing(desk, &self.address, what).await?;
        let change = AliasChange::from(&self.change);
        if is_so(&before, &change) {
            report.note("it is so already");
            return Ok(report);
        }
        if change.expires.flatten().is_some_and(|end| end <= desk.now) {
            report.warn("it has ended already");
        }
        if let Some(senders) = &self.change.senders {
            senders.warn(desk, &mut report).await?;
        }
        write::set_alias(desk.tx, place.gid, place.localpart(), &change).await?;
        if let Some(row) = place.row(desk).await? {
            report.change(ChangeKind::Changed, Item::alias(&row, desk.now));
        }
        Ok(report)
    }
}

impl From<&Changed> for AliasChange {
    fn from(given: &Changed) -> Self {
        let expires = given.expires.map(|expiry| expiry.0);
        Self {
            enabled: (given.enable || given.disable).then_some(given.enable),
            expires: (given.no_expires || expires.is_some()).then_some(expires),
            note: (given.no_note || given.note.is_some()).then(|| given.note.clone()),
            senders: given.senders.clone().map(|Senders(list)| list),
        }
    }
}

fn is_so(row: &AliasRow, change: &AliasChange) -> bool {
    change.enabled.is_none_or(|enabled| enabled == row.enabled)
        && change.expires.is_none_or(|expires| expires == row.expires)
        && change.note.as_ref().is_none_or(|note| *note == row.note)
        && change.senders.as_ref().is_none_or(|senders| *senders == row.senders)
}
