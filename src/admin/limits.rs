//! The limits of domains, held inside the transaction that writes.
//!
//! Administrators take turns, so what was counted stays true until the commit.

use crate::admin::{AdminError, Desk};
use crate::mail::rules::{Limits, Usage};
use crate::mail::{DomainName, Gid, QuotaLimit, Refusal, Rule};
use crate::store::facts::Named;
use crate::store::inventory::AccountRow;
use crate::store::limits;

/// A domain that is about to be changed: how it stood before.
pub(super) struct Watch {
    gid: Gid,
    primary: DomainName,
    limits: Limits,
    before: Usage,
}

impl Watch {
    /// Sees how a domain stands, to compare it with what the command makes of it.
    pub(super) async fn begin(
        desk: Desk<'_, '_>,
        gid: Gid,
        primary: &DomainName,
    ) -> Result<Self, AdminError> {
        let (limits, before) = limits::of(desk.tx, gid).await?;
        Ok(Self { gid, primary: primary.clone(), limits, before })
    }

    /// Refuses what was written since, if the domain has more now than it may. A limit that was
    /// written since counts already.
    pub(super) async fn end(self, desk: Desk<'_, '_>, what: &str) -> Result<(), AdminError> {
        let (limits, after) = limits::of(desk.tx, self.gid).await?;
        // What was not limited was not counted.
        let limits = Limits {
            accounts: self.limits.accounts.and(limits.accounts),
            aliases: self.limits.aliases.and(limits.aliases),
            alias_domains: self.limits.alias_domains.and(limits.alias_domains),
            total_quota: self.limits.total_quota.and(limits.total_quota),
            destinations: None,
        };
        Ok(limits.check(&self.primary, self.before, after, what)?)
    }

    /// Refuses accounts with these quota limits, before they are written; says which of them is
    /// the first without room, and what it takes to have room for all.
    pub(super) fn accounts(
        &self,
        quotas: impl IntoIterator<Item = QuotaLimit>,
        what: &str,
    ) -> Result<(), (usize, Refusal)> {
        let check = |after| self.limits.check(&self.primary, self.before, after, what);
        let (mut after, mut first) = (self.before, None);
        for (position, quota) in quotas.into_iter().enumerate() {
            after = after.plus_account(quota);
            if first.is_none() && check(after).is_err() {
                first = Some(position);
            }
        }
        check(after).map_err(|refusal| (first.unwrap_or_default(), refusal))
    }
}

/// Refuses an account that a domain has no room for; without a quota of its own it has the
/// domain's.
pub(super) async fn may_add_account(
    desk: Desk<'_, '_>,
    domain: &Named,
    quota: Option<QuotaLimit>,
    what: &str,
) -> Result<(), AdminError> {
    let watch = Watch::begin(desk, domain.gid, &domain.primary).await?;
    let quota = quota.unwrap_or(domain.quota);
    watch.accounts([quota], what).map_err(|(_, refusal)| refusal.into())
}

/// Refuses an account that a domain has no room for, with its forwards, when it comes from another
/// one.
pub(super) async fn may_arrive(
    desk: Desk<'_, '_>,
    domain: &Named,
    account: &AccountRow,
    what: &str,
) -> Result<(), AdminError> {
    may_add_account(desk, domain, account.quota, what).await.map_err(|error| match error {
        AdminError::Refused(refusal)
            if refusal.rule == Rule::QuotaLimit
                && account.quota.unwrap_or(domain.quota).bytes == 0 =>
        {
            let address = account.address.to_unicode();
            let hint = format!(
                "give it a limit first with `postcote admin account set {address} --quota SIZE`"
            );
            refusal.advise(hint).into()
        }
        other => other,
    })?;
    let forwards = account.forwards.as_ref().map_or(0, Vec::len);
    let (limits, _) = limits::of(desk.tx, domain.gid).await?;
    Ok(limits.check_arriving(&domain.primary, forwards, what)?)
}

/// Refuses a list of destinations that becomes longer than an address of the domain may have.
pub(super) async fn may_have_destinations(
    desk: Desk<'_, '_>,
    domain: &Named,
    before: usize,
    after: usize,
    what: &str,
) -> Result<(), AdminError> {
    let (limits, _) = limits::of(desk.tx, domain.gid).await?;
    Ok(limits.check_destinations(&domain.primary, before, after, what)?)
}
