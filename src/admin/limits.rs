//! The limits of domains, held inside the transaction that writes.
//!
//! Administrators take turns, so what was counted stays true until the commit.

use crate::admin::{AdminError, Desk};
use crate::mail::rules::{Limits, Usage};
use crate::mail::{DomainName, Gid, QuotaLimit};
use crate::store::facts::Named;
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

    /// Refuses one more account, before it is written.
    fn account(&self, quota: QuotaLimit, what: &str) -> Result<(), AdminError> {
        let after = self.before.plus_account(quota);
        Ok(self.limits.check(&self.primary, self.before, after, what)?)
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
    watch.account(quota.unwrap_or(domain.quota), what)
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
