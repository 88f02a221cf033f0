//! Sets what a domain has, and how much of it.

use crate::admin::account;
use crate::admin::domain::{existing, messages};
use crate::admin::item::Item;
use crate::admin::limits::Watch;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::rules::Limits;
use crate::mail::{
    DomainName, Gid, QuotaLimit, Refusal, Rule, ServiceSet, Transport, counted, exact_size,
    parse_size,
};
use crate::store::details;
use crate::store::inventory::{self, DomainRow};
use crate::store::limits;
use crate::store::update::{self, DomainSettings, Inherited};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin domain set example.org --quota 2g --messages 50000
  postcote admin domain set example.org --services imap,smtp --reset-accounts
  postcote admin domain set example.org --max-accounts 50 --max-total-quota none";

/// Sets what a domain has.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("settings").required(true).multiple(true))]
pub struct Set {
    /// The primary name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
    /// Where its mail goes, as in transport(5)
    #[arg(long, group = "settings")]
    transport: Option<Transport>,
    /// Where main.cf says
    #[arg(long, conflicts_with = "transport", group = "settings")]
    no_transport: bool,
    /// What each of its accounts may hold: 500m, 2g; 0 is unlimited
    #[arg(long, value_name = "SIZE", value_parser = parse_size, group = "settings")]
    quota: Option<u64>,
    /// How many messages each of its accounts may hold; 0 is unlimited
    #[arg(long, value_name = "N", value_parser = messages(), group = "settings")]
    messages: Option<u64>,
    /// What its accounts may be used for: smtp,pop3,imap,sieve or none
    #[arg(long, value_parser = ServiceSet::parse, group = "settings")]
    services: Option<ServiceSet>,
    /// A remark
    #[arg(long, value_name = "TEXT", group = "settings")]
    note: Option<String>,
    /// No remark
    #[arg(long, conflicts_with = "note", group = "settings")]
    no_note: bool,
    /// Has its accounts follow it again: in the transport, quota and services that are set by the
    /// same command, or else in all three
    #[arg(long, group = "settings")]
    reset_accounts: bool,
    /// How many accounts it may have, or `none`: any number
    #[arg(long, value_name = "N", value_parser = count, group = "settings")]
    max_accounts: Option<Limit>,
    /// How many aliases it may have, or `none`
    #[arg(long, value_name = "N", value_parser = count, group = "settings")]
    max_aliases: Option<Limit>,
    /// How many alias domains it may have, or `none`
    #[arg(long, value_name = "N", value_parser = count, group = "settings")]
    max_alias_domains: Option<Limit>,
    /// How many destinations one alias, one account's forwards or its catch-all may have, or `none`
    #[arg(long, value_name = "N", value_parser = count, group = "settings")]
    max_destinations: Option<Limit>,
    /// What the quota limits of its accounts may add up to, or `none`
    #[arg(long, value_name = "SIZE", value_parser = size, group = "settings")]
    max_total_quota: Option<Limit>,
}

/// A limit, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit(Option<u64>);

/// Why a text is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum LimitError {
    #[error("a limit is a whole number, or `none`")]
    Count,
    #[error("a size is a whole number with an optional unit b, k, m, g or t, or `none`")]
    Size,
}

fn count(text: &str) -> Result<Limit, LimitError> {
    limit(text, || text.parse().ok().filter(|count| i64::try_from(*count).is_ok()))
        .ok_or(LimitError::Count)
}

fn size(text: &str) -> Result<Limit, LimitError> {
    limit(text, || parse_size(text).ok()).ok_or(LimitError::Size)
}

fn limit(text: &str, number: impl Fn() -> Option<u64>) -> Option<Limit> {
    if text.eq_ignore_ascii_case("none") {
        return Some(Limit(None));
    }
    number().map(|number| Limit(Some(number)))
}

impl Set {
    pub(super) fn what(&self) -> String {
        format!("cannot change domain `{}`", self.name.to_unicode())
    }

    pub(super) async fn perform(
        self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("domain set");
        let (domain, row) = existing(desk, &self.name, what).await?;
        let gid = row.gid;
        let before = DomainSettings {
            transport: row.transport.clone(),
            services: row.services,
            quota: row.quota,
            note: row.note.clone(),
        };
        let (limits, _) = limits::of(desk.tx, gid).await?;
        let (after, new_limits) = (self.applied(before.clone()), self.limited(limits));
        let changed = after != before || new_limits != limits;
        if new_limits != limits {
            update::limit_domain(desk.tx, gid, &new_limits).await?;
        }
        // What it had already it keeps under a new limit, but it has no more of it.
        let watch = Watch::begin(desk, gid, &domain.primary).await?;
        if after != before {
            update::set_domain(desk.tx, gid, &after).await?;
        }
        let reset = self.reset(desk, gid).await?;
        watch.end(desk, what).await?;
        self.check_transport(desk, gid, after.transport.as_ref(), what).await?;
        if !changed && reset == 0 {
            report.note(format!("domain `{}` is so already", self.name.to_unicode()));
            return Ok(report);
        }
        for row in inventory::domains(desk.tx, &[gid]).await? {
            report.change(ChangeKind::Changed, Item::domain(&row));
        }
        if reset > 0 {
            let follow = if reset == 1 { "follows" } else { "follow" };
            report.note(format!("{} {follow} it again", counted(reset, "account")));
        }
        if new_limits != limits {
            warn_of_excess(desk, &row, limits, new_limits, &mut report).await?;
        }
        Ok(report)
    }

    /// What the domain has with these options.
    fn applied(&self, was: DomainSettings) -> DomainSettings {
        DomainSettings {
            transport: self.transport.clone().or(was.transport).filter(|_| !self.no_transport),
            services: self.services.unwrap_or(was.services),
            quota: QuotaLimit {
                bytes: self.quota.unwrap_or(was.quota.bytes),
                messages: self.messages.unwrap_or(was.quota.messages),
            },
            note: self.note.clone().or(was.note).filter(|_| !self.no_note),
        }
    }

    fn limited(&self, was: Limits) -> Limits {
        let put = |limit: Option<Limit>, was| limit.map_or(was, |limit| limit.0);
        Limits {
            accounts: put(self.max_accounts, was.accounts),
            aliases: put(self.max_aliases, was.aliases),
            alias_domains: put(self.max_alias_domains, was.alias_domains),
            destinations: put(self.max_destinations, was.destinations),
            total_quota: put(self.max_total_quota, was.total_quota),
        }
    }

    async fn reset(&self, desk: Desk<'_, '_>, gid: Gid) -> Result<u64, AdminError> {
        if !self.reset_accounts {
            return Ok(0);
        }
        let given = Inherited {
            quota: self.quota.is_some() || self.messages.is_some(),
            services: self.services.is_some(),
            transport: self.transport.is_some() || self.no_transport,
        };
        let all = Inherited { quota: true, services: true, transport: true };
        let what = if given == Inherited::default() { all } else { given };
        Ok(update::reset_accounts(desk.tx, gid, what).await?)
    }

    /// Refuses a transport that cannot deliver to the mailboxes that there are, or will be.
    async fn check_transport(
        &self,
        desk: Desk<'_, '_>,
        gid: Gid,
        transport: Option<&Transport>,
        what: &str,
    ) -> Result<(), AdminError> {
        if self.transport.is_none() && !self.reset_accounts {
            return Ok(());
        }
        account::fit(transport, desk.settings.accounts.mailbox_format.as_str(), what)?;
        if account::fit(transport, "", what).is_err() {
            let others = details::without_maildir(desk.tx, gid).await?.unsigned_abs();
            if others > 0 {
                let accounts = counted(others, "account");
                return Err(Refusal::new(Rule::TransportUnfit, what)
                    .because(format!(
                        "virtual(8) delivers to maildir only, and {accounts} would get its mail \
                         from it that {} no maildir",
                        if others == 1 { "has" } else { "have" }
                    ))
                    .into());
            }
        }
        Ok(())
    }
}

/// Warns of limits that are exceeded already: nothing is taken away, and nothing can be added.
async fn warn_of_excess(
    desk: Desk<'_, '_>,
    row: &DomainRow,
    was: Limits,
    now: Limits,
    report: &mut Report,
) -> Result<(), AdminError> {
    let alias_domains = row.alias_domains.len() as u64;
    let counts = [
        (was.accounts, now.accounts, row.accounts.unsigned_abs(), "account"),
        (was.aliases, now.aliases, row.aliases.unsigned_abs(), "alias"),
        (was.alias_domains, now.alias_domains, alias_domains, "alias domain"),
    ];
    for (was, now, has, noun) in counts {
        if was != now && now.is_some_and(|limit| limit < has) {
            let them = if has == 1 { "it" } else { "them" };
            report.warn(format!("it has {} already, and keeps {them}", counted(has, noun)));
        }
    }
    if was.total_quota != now.total_quota
        && let Some(limit) = now.total_quota
        && let Some(details) = details::domain(desk.tx, row.gid).await?
    {
        if details.has_unlimited {
            report.warn("it has accounts without a quota limit, and keeps them");
        } else if details.total_quota > limit {
            let sum = exact_size(details.total_quota);
            report.warn(format!("the quota limits of its accounts add up to {sum} already"));
        }
    }
    Ok(())
}
