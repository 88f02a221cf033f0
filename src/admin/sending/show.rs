//! Shows how much may be sent.

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::admin::sending::effective::{effective, layers};
use crate::admin::sending::target::{Found, Whose};
use crate::admin::{AdminError, Desk};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin limits show bob@example.org
  postcote admin limits show example.org --accounts
  postcote admin limits show alice@example.org --app-password laptop

Of each limit the nearest that says something counts: the account's own, its
domain's for each account, `account-limits` in [policy] of the configuration. What
the accounts of a domain send together has limits of its own, by default
`domain-limits`, and so has an app password, `app-password-limits`.";

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
    let address = found.account.as_ref().map(|account| &account.address);
    Ok(Item::sending_limits(
        address,
        &found.domain.primary,
        &found.holder,
        &own,
        &effective(&layers),
    ))
}
