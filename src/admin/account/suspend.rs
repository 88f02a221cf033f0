//! Switches off and on what an account may do.

use crate::admin::account::{existing, row};
use crate::admin::item::Item;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Expiry};
use crate::mail::{Address, Timestamp};
use crate::store::inventory::AccountRow;
use crate::store::update::{self, AccountSwitches};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account suspend bob@example.org --reason 'Bob has left the company'
  postcote admin account suspend alice@example.org --only login,send --until 2030-12-31

Mail for an account that may not receive is refused with the reason; without
one its mailbox is said to be disabled.";

pub(super) const RESUME: &str = "\
Examples:
  postcote admin account resume carol@example.org
  postcote admin account resume bob@example.org --only receive";

/// Switches off what an account may do.
#[derive(Clone, Debug, clap::Args)]
pub struct Suspend {
    /// The address
    address: Address,
    /// Only this, separated by commas; all three unless given
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SWITCH")]
    only: Vec<Switch>,
    /// Why, as senders of mail are told; an earlier reason stays unless given
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// When it turns on again by itself; an earlier date stays unless given
    #[arg(long, value_name = "DATE")]
    until: Option<Expiry>,
}

/// Switches it on again.
#[derive(Clone, Debug, clap::Args)]
pub struct Resume {
    /// The address
    address: Address,
    /// Only this, separated by commas; all three unless given
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SWITCH")]
    only: Vec<Switch>,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Switch {
    /// Read mail, and whatever else needs a login
    Login,
    /// Get mail
    Receive,
    /// Send mail
    Send,
}

/// In the order of [`AccountSwitches::may`].
const ALL: [Switch; 3] = [Switch::Login, Switch::Receive, Switch::Send];

impl Suspend {
    pub(super) fn what(&self) -> String {
        format!("cannot suspend account `{}`", self.address.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        if let Some(Expiry(until)) = self.until.filter(|until| until.0 <= desk.now) {
            let why = format!("`--until {until}` is over, so nothing would be off");
            return Err(AdminError::bad_data(why).hint("give a date to come, or none"));
        }
        let (_, account) = existing(desk, &self.address, what).await?;
        let before = switches(&account);
        let mut after = in_force(before.clone(), desk.now);
        for (on, switch) in after.may.iter_mut().zip(ALL) {
            *on = *on && !(self.only.is_empty() || self.only.contains(&switch));
        }
        after.reason = self.reason.clone().or(after.reason);
        after.until = self.until.map(|until| until.0).or(after.until);
        put(desk, &account, (&before, &after), Report::new("account suspend")).await
    }
}

impl Resume {
    pub(super) fn what(&self) -> String {
        format!("cannot resume account `{}`", self.address.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let (_, account) = existing(desk, &self.address, what).await?;
        let before = switches(&account);
        let mut after = in_force(before.clone(), desk.now);
        for (on, switch) in after.may.iter_mut().zip(ALL) {
            *on = *on || self.only.is_empty() || self.only.contains(&switch);
        }
        if !after.may.contains(&false) {
            (after.reason, after.until) = (None, None);
        }
        let mut report = Report::new("account resume");
        if let Some(end) = account.expires.filter(|end| *end <= desk.now) {
            let address = self.address.to_unicode();
            report.warn(format!(
                "it ended at {end}: have it go on with `postcote admin account set {address} \
                 --no-expires`"
            ));
        }
        put(desk, &account, (&before, &after), report).await
    }
}

fn switches(account: &AccountRow) -> AccountSwitches {
    AccountSwitches {
        may: account.may,
        reason: account.suspend_reason.clone(),
        until: account.suspended_until,
    }
}

/// What is off now: nothing once the date has passed.
fn in_force(switches: AccountSwitches, now: Timestamp) -> AccountSwitches {
    match switches.until {
        Some(until) if until <= now => {
            AccountSwitches { may: [true; 3], reason: None, until: None }
        }
        _ => switches,
    }
}

async fn put(
    desk: Desk<'_, '_>,
    account: &AccountRow,
    (before, after): (&AccountSwitches, &AccountSwitches),
    mut report: Report,
) -> Result<Report, AdminError> {
    if before == after {
        report.note(format!("account `{}` is so already", account.address.to_unicode()));
        return Ok(report);
    }
    update::switch_account(desk.tx, account.uid, after).await?;
    if let Some(row) = row(desk, account.gid, &account.address.localpart).await? {
        report.change(ChangeKind::Changed, Item::account(&row, desk.now));
    }
    Ok(report)
}
