//! Shows how much may be sent.

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::admin::sending::effective::{effective, layers};
use crate::admin::sending::target::{Found, Whose};
use crate::admin::{AdminError, Desk};
use crate::mail::policy::{Sent, Span};
use crate::store::sending::Holder;
use crate::store::sent;

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin limits show bob@example.org
  postcote admin limits show example.org --accounts
  postcote admin limits show alice@example.org --app-password laptop

Of each limit the nearest that says something counts: the account's own, its
domain's for each account, `account-limits` in [policy] of the configuration. What
the accounts of a domain send together has limits of its own, by default
`domain-limits`, and so has an app password, `app-password-limits`.

What was used of a limit is what all hosts have written back, some seconds ago.";

/// Shows limits.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    #[command(flatten)]
    pub(super) whose: Whose,
}

impl Show {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let found = self.whose.find(desk, what).await?;
        Ok(Report::sheet("limits show", item(desk, &found).await?))
    }
}

/// The limits of something, as they are now.
pub(super) async fn item(desk: Desk<'_, '_>, found: &Found) -> Result<Item, AdminError> {
    let layers = layers(desk, &found.holder, found.domain.gid).await?;
    let own = layers.first().map(|(_, own)| *own).unwrap_or_default();
    let used = used(desk, &found.holder).await?;
    let address = found.account.as_ref().map(|account| &account.address);
    Ok(Item::sending_limits(
        address,
        &found.domain.primary,
        &found.holder,
        &own,
        &effective(&layers),
        used,
    ))
}

/// What was sent within the hour and the day, as far as all hosts have written it back; `None` of
/// each account of a domain.
async fn used(desk: Desk<'_, '_>, holder: &Holder) -> Result<Option<[Sent; 2]>, AdminError> {
    if let Holder::AccountsOf(_) = holder {
        return Ok(None);
    }
    let subjects = sent::subjects_of(desk.tx, holder).await?;
    let since = Span::ALL.map(|span| desk.settings.windowing.since(span, desk.now));
    let totals = sent::totals(desk.tx, None, &subjects, since).await?;
    let [hour, day] = since;
    let used = |total: &sent::Total| {
        let [of_hour, of_day] = &total.windows;
        [of_hour.used(hour), of_day.used(day)]
    };
    Ok(Some(totals.first().map(used).unwrap_or_default()))
}
