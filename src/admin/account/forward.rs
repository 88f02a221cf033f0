//! Sends mail for an account on.

use crate::admin::account::{existing, row};
use crate::admin::destinations::{self, Owner};
use crate::admin::item::Item;
use crate::admin::names::Names;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::spellings::Spellings;
use crate::admin::{AdminError, Desk, limits};
use crate::mail::{Address, DestinationTemplate};
use crate::store::inventory::AccountRow;
use crate::store::update;

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account forward alice@example.org alice@elsewhere.example
  postcote admin account forward bob@example.org alice@example.org --no-copy
  postcote admin account forward dave@example.org --off";

/// Sends mail for an account on, to these destinations and no others.
#[derive(Clone, Debug, clap::Args)]
pub struct Forward {
    /// The address
    address: Address,
    /// Where its mail goes, as well
    #[arg(required_unless_present = "off", value_name = "DESTINATION")]
    destinations: Vec<DestinationTemplate>,
    /// Keeps no copy in the mailbox
    #[arg(long)]
    no_copy: bool,
    /// Sends nothing on any more
    #[arg(long, conflicts_with_all = ["destinations", "no_copy"])]
    off: bool,
}

impl Forward {
    pub(super) fn what(&self) -> String {
        format!("cannot forward account `{}`", self.address.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("account forward");
        let (domain, account) = existing(desk, &self.address, what).await?;
        let before = account.forwards.clone().unwrap_or_default();
        let names = Names::load(desk.tx).await?;
        let list = self.list(desk, &names, &account, &mut report).await?;
        let keep_copy = self.off || !self.no_copy;
        let same_copy = list.is_empty() || account.keep_copy == keep_copy;
        if list == before && same_copy {
            report.note(format!("account `{}` is so already", self.address.to_unicode()));
            return Ok(report);
        }
        destinations::not_too_many(before.len(), list.len(), what)?;
        limits::may_have_destinations(desk, &domain, before.len(), list.len(), what).await?;
        update::forward_account(desk.tx, account.uid, &list, keep_copy).await?;
        if !list.is_empty() {
            let owner = Owner::Entry(domain.gid, &self.address.localpart);
            destinations::follow(desk, &names, &self.address, owner, what, &mut report).await?;
        }
        if let Some(row) = row(desk, domain.gid, &self.address.localpart).await? {
            report.change(ChangeKind::Changed, Item::account(&row, desk.now));
        }
        Ok(report)
    }

    /// The destinations to store. The account's own address only says that it keeps a copy.
    async fn list(
        &self,
        desk: Desk<'_, '_>,
        names: &Names,
        account: &AccountRow,
        report: &mut Report,
    ) -> Result<Vec<DestinationTemplate>, AdminError> {
        let own = Spellings::load(desk.tx, account.gid).await?.of(&account.address.localpart);
        let is_own = |template: &&DestinationTemplate| {
            let to = template.expand(&account.address).ok().and_then(|to| to.to_address());
            to.is_some_and(|to| own.contains(&to))
        };
        let (itself, others): (Vec<_>, Vec<_>) = self.destinations.iter().partition(is_own);
        if let Some(template) = itself.first() {
            if self.no_copy {
                let why = format!("`{template}` is the account itself, which keeps no copy then");
                return Err(AdminError::bad_data(why).hint("leave it or `--no-copy` out"));
            }
            if others.is_empty() {
                let why = format!("`{template}` is the account itself, where its mail is anyway");
                return Err(AdminError::bad_data(why).hint("end forwarding with `--off`"));
            }
        }
        let mut list = Vec::new();
        let others: Vec<_> = others.into_iter().cloned().collect();
        destinations::extend(&mut list, names, &others, report)?;
        Ok(list)
    }
}
