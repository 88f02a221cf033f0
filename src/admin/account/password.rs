//! Gives accounts another password.

use crate::admin::account::row;
use crate::admin::item::Item;
use crate::admin::password::NewPassword;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, PasswordSource, names};
use crate::mail::{Address, Refusal, Rule};
use crate::store::facts::EntryKind;
use crate::store::inventory::AccountRow;
use crate::store::password;

/// Gives an account another password.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "one")]
pub struct Password {
    /// The address
    #[arg(required = false, required_unless_present = "from")]
    pub(in crate::admin) address: Address,
    /// Where the password comes from.
    #[command(flatten)]
    pub(in crate::admin) password: PasswordSource,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account password alice@example.org
  postcote admin account password bob@example.org --random
  pass mail/alice | postcote admin account password alice@example.org --password-stdin
  postcote admin account password carol@example.org --hash '{SSHA}e/bQghi/1ZoabyUp3lyIjeicprH6TxaR'
  echo '{\"address\": \"bob@example.org\", \"random\": true}' | postcote admin account password --from -

A file of passwords is CSV, its first line naming the columns, or has a JSON object in each line.
The names are those of the options: address, and one of password (which is hashed), hash and
random (yes). Either all passwords are changed or none; every mistake is told with its line.";

impl Password {
    pub(super) fn what(&self) -> String {
        format!("cannot change the password of `{}`", self.address.to_unicode())
    }

    /// Whether there is such an account.
    pub(in crate::admin) async fn check(
        &self,
        desk: Desk<'_, '_>,
    ) -> Result<AccountRow, AdminError> {
        let what = self.what();
        let domain = names::home_of(desk, &self.address, &what).await?;
        names::must_be(desk, domain.gid, &self.address, EntryKind::Account, &what).await?;
        let row = row(desk, domain.gid, &self.address.localpart).await?;
        row.ok_or_else(|| Refusal::new(Rule::NoSuchAccount, what).into())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        new: Option<NewPassword>,
    ) -> Result<Report, AdminError> {
        let row = self.check(desk).await?;
        let new = new.ok_or_else(|| AdminError::bad_data("an account needs a password"))?;
        password::set(desk.tx, row.uid, &new.hash).await?;
        let mut report = Report::new("account password");
        report.change(ChangeKind::Changed, Item::account(&row, desk.now));
        new.tell(&self.address, &mut report);
        Ok(report)
    }
}
