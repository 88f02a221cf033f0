//! Gives an account another address.

use crate::admin::account::{existing, fit, row};
use crate::admin::destinations::{self, Owner};
use crate::admin::item::{self, Item};
use crate::admin::limits::{self, Watch};
use crate::admin::names::{self, Names};
use crate::admin::references::{self, Move};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, Refusal, Rule};
use crate::store::details;
use crate::store::facts::{self, EntryKind, Named};
use crate::store::inventory::{self, AccountRow, Filter};
use crate::store::orders::{self, OldHome};
use crate::store::{update, write};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account rename alice@example.org alice.ahlers@example.org --keep-alias
  postcote admin account rename bob@example.org bob@example.net

Aliases, catch-alls, forwards and relocated users that lead to the old address
lead to the new one then. Mail moves with the account to another domain as soon
as its order is carried out; until then new mail waits.";

/// Gives an account another address, and has what leads to it follow.
#[derive(Clone, Debug, clap::Args)]
pub struct Rename {
    /// The address
    #[arg(value_name = "OLD")]
    old: Address,
    /// The new address, maybe in another primary domain
    #[arg(value_name = "NEW")]
    new: Address,
    /// Makes the old address an alias
    #[arg(long)]
    keep_alias: bool,
}

impl Rename {
    pub(super) fn what(&self) -> String {
        format!("cannot rename account `{}`", self.old.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("account rename");
        let (domain, account) = existing(desk, &self.old, what).await?;
        let target = names::home_of(desk, &self.new, what).await?;
        if self.old == self.new {
            report.note(format!("account `{}` is so already", self.old.to_unicode()));
            return Ok(report);
        }
        self.must_be_free(desk, &target, what).await?;
        if domain.gid != target.gid {
            let transport = account.transport.as_ref().or(target.transport.as_ref());
            fit(transport, &account.mailbox_format, what)?;
            limits::may_arrive(desk, &target, &account, what).await?;
        }
        let left = self.rewrite(desk, &domain, &target, &mut report).await?;
        self.move_to(desk, &account, &target, what, &mut report).await?;
        if self.keep_alias {
            self.keep(desk, &domain, what, &mut report).await?;
        } else {
            for one in left {
                report.warn(one);
            }
            self.tell_of_the_old(desk, &domain, &mut report).await?;
        }
        self.warn_of_password(desk, &account, &mut report).await?;
        Ok(report)
    }

    async fn must_be_free(
        &self,
        desk: Desk<'_, '_>,
        target: &Named,
        what: &str,
    ) -> Result<(), AdminError> {
        let what = format!("{what} to `{}`", self.new.to_unicode());
        let kind = EntryKind::Account;
        match names::only_for(desk, target.gid, &self.new, kind, &what).await? {
            Some(_) => Err(Refusal::new(Rule::AccountExists, what).into()),
            None => Ok(()),
        }
    }

    /// Has everything that leads to the old address lead to the new one; returns what cannot.
    async fn rewrite(
        &self,
        desk: Desk<'_, '_>,
        domain: &Named,
        target: &Named,
        report: &mut Report,
    ) -> Result<Vec<String>, AdminError> {
        let entry = Move {
            localpart: self.old.localpart.clone(),
            to: self.new.localpart.clone(),
            into: (domain.gid != target.gid).then(|| target.primary.clone()),
        };
        let old = self.old.to_unicode();
        let mut left = Vec::new();
        let mut unsaid = Report::new("");
        for reference in references::with_itself(desk, domain.gid, &self.old.localpart).await? {
            // The account itself is reported with its new address.
            let itself = reference.is(domain.gid, &self.old.localpart);
            let report = if itself { &mut unsaid } else { &mut *report };
            for template in reference.rewrite(desk, &entry, report).await? {
                left.push(format!(
                    "`{}` leads to `{template}`, which was `{old}`: mail for it will go elsewhere",
                    reference.name()
                ));
            }
        }
        references::rename_sender(desk, domain.gid, &entry, report).await?;
        Ok(left)
    }

    /// Moves the account itself, and orders that its mail follows.
    async fn move_to(
        &self,
        desk: Desk<'_, '_>,
        account: &AccountRow,
        target: &Named,
        what: &str,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let (uid, gid) = (account.uid, account.gid);
        update::rename_account(desk.tx, uid, target.gid, &self.new.localpart).await?;
        if gid != target.gid {
            let from = OldHome { gid, path: &account.home };
            orders::move_home(desk.tx, uid, from).await?;
        }
        let Some(now) = row(desk, target.gid, &self.new.localpart).await? else {
            return Ok(());
        };
        report.change(ChangeKind::Changed, Item::account(&now, desk.now));
        report.note(format!("`{}` becomes `{}`", self.old.to_unicode(), self.new.to_unicode()));
        if gid != target.gid {
            report.note(format!(
                "its mail moves from `{}` as soon as its order is carried out",
                account.home
            ));
        }
        for template in now.forwards.iter().flatten() {
            if template.expand(&self.old).ok() != template.expand(&self.new).ok() {
                let template = item::shown(template);
                report.warn(format!("`{template}` in its forwards means another address now"));
            }
        }
        if now.forwards.is_some() {
            let names = Names::load(desk.tx).await?;
            let owner = Owner::Entry(target.gid, &self.new.localpart);
            destinations::follow(desk, &names, &self.new, owner, what, report).await?;
        }
        Ok(())
    }

    async fn keep(
        &self,
        desk: Desk<'_, '_>,
        domain: &Named,
        what: &str,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let to = [self.new.clone().into()];
        let watch = Watch::begin(desk, domain.gid, &domain.primary).await?;
        write::put_alias(desk.tx, domain.gid, &self.old.localpart, &to).await?;
        watch.end(desk, what).await?;
        let filter = Filter::one(domain.gid, &self.old.localpart);
        for row in inventory::aliases(desk.tx, &filter).await? {
            report.change(ChangeKind::Added, Item::alias(&row, desk.now));
        }
        Ok(())
    }

    async fn tell_of_the_old(
        &self,
        desk: Desk<'_, '_>,
        domain: &Named,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let old = self.old.to_unicode();
        report.note(if facts::catchall(desk.tx, domain.gid).await?.is_empty() {
            format!("nobody is at `{old}` any more: mail for it will bounce")
        } else {
            format!("mail for `{old}` goes to the catch-all from now on")
        });
        Ok(())
    }

    async fn warn_of_password(
        &self,
        desk: Desk<'_, '_>,
        account: &AccountRow,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let details = details::account(desk.tx, account.uid).await?;
        if details.is_some_and(|one| one.password_scheme.starts_with("DIGEST-MD5")) {
            let new = self.new.to_unicode();
            report.warn(format!(
                "its password is stored with the old address in it (DIGEST-MD5) and no longer \
                 fits: set one with `postcote admin account password {new}`"
            ));
        }
        Ok(())
    }
}
