//! Deletes accounts.

use crate::admin::account::existing;
use crate::admin::item::Item;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, references};
use crate::mail::{Address, Refusal, Rule};
use crate::store::orders;
use crate::store::write;

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account delete erin@example.org
  postcote admin account delete bob@example.org --force --delete-directory";

/// Deletes an account.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The address
    address: Address,
    /// Deletes it from aliases, catch-alls, forwards and relocated users that lead to it, too
    #[arg(long)]
    force: bool,
    /// Order the deletion of its mail
    #[arg(long = "delete-directory")]
    with_mail: bool,
}

impl Delete {
    pub(super) fn what(&self) -> String {
        format!("cannot delete account `{}`", self.address.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let address = &self.address;
        let (domain, row) = existing(desk, address, what).await?;
        let mut report = Report::new("account delete");
        let references = references::to(desk, domain.gid, &address.localpart).await?;
        if !self.force && !references.is_empty() {
            return Err(Refusal::new(Rule::AccountInUse, what)
                .because(references::reason(&references))
                .advise("delete it there, too, with `--force`")
                .into());
        }
        orders::withdraw(desk.tx, domain.gid, Some(row.uid)).await?;
        if self.with_mail {
            orders::delete(desk.tx, &[row.uid]).await?;
            report.note(format!("`{}` goes as soon as its order is carried out", row.home));
        } else {
            report.note(format!("its mail stays in `{}`", row.home));
        }
        write::delete_account(desk.tx, row.uid).await?;
        report.change(ChangeKind::Deleted, Item::account(&row, desk.now));
        for reference in &references {
            reference.remove(desk, &mut report).await?;
        }
        Ok(report)
    }
}
