//! Everything about a domain, as `domain show` tells it.

use serde::Serialize;

use crate::admin::item::sending_limits::{Of, SendingLimit};
use crate::admin::item::sheet::{Fact, fact};
use crate::admin::item::usage::{Used, share};
use crate::admin::item::words::{few, human};
use crate::admin::item::{DomainItem, Item};
use crate::admin::sending::Effective;
use crate::mail::{QuotaLimit, exact_size};
use crate::store::details::DomainDetails;
use crate::store::grants::GrantRow;
use crate::store::inventory::DomainRow;

/// What only `domain show` tells of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DomainFacts {
    /// How much it may have; `null` is no limit.
    limits: Limits,
    /// What the quota limits of its accounts add up to; those without a limit count as nothing.
    total_quota: u64,
    /// Whether one of its accounts has no quota limit.
    has_unlimited_accounts: bool,
    /// What its accounts hold together; `null` if Dovecot has never told.
    used: Option<Used>,
    catchall_destinations: i64,
    /// What all its accounts may send together.
    sending_limits: Vec<SendingLimit>,
    /// What each of its accounts may send, unless that says otherwise.
    account_sending_limits: Vec<SendingLimit>,
    #[serde(skip)]
    sending_shown: Vec<String>,
    /// Who may use which addresses of it as the sender.
    sender_grants: Vec<Grant>,
    created: String,
}

/// Addresses that were granted, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Grant {
    addresses: String,
    login: String,
    #[serde(skip)]
    shown: String,
}

/// What was found out about how a domain sends.
pub(in crate::admin) struct DomainSends {
    pub(in crate::admin) whole: Vec<Effective>,
    pub(in crate::admin) accounts: Vec<Effective>,
    pub(in crate::admin) grants: Vec<GrantRow>,
}

/// How much a domain may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Limits {
    accounts: Option<u64>,
    aliases: Option<u64>,
    alias_domains: Option<u64>,
    destinations: Option<u64>,
    total_quota: Option<u64>,
}

impl Item {
    /// A domain with everything that was found out about it.
    pub(in crate::admin) fn domain_sheet(
        row: &DomainRow,
        details: &DomainDetails,
        sends: &DomainSends,
    ) -> Self {
        let mut item = Self::domain(row);
        if let Self::Domain(domain) = &mut item {
            domain.facts = Some(Box::new(DomainFacts::new(details, sends)));
        }
        item
    }
}

impl DomainFacts {
    fn new(details: &DomainDetails, sends: &DomainSends) -> Self {
        let limits = details.limits;
        Self {
            limits: Limits {
                accounts: limits.accounts,
                aliases: limits.aliases,
                alias_domains: limits.alias_domains,
                destinations: limits.destinations,
                total_quota: limits.total_quota,
            },
            total_quota: details.total_quota,
            has_unlimited_accounts: details.has_unlimited,
            used: details.usage.map(|usage| Used::new(usage, QuotaLimit::default())),
            catchall_destinations: details.catchall,
            sending_limits: SendingLimit::list(&sends.whole),
            account_sending_limits: SendingLimit::list(&sends.accounts),
            sending_shown: sends.shown(),
            sender_grants: sends.grants.iter().map(Grant::new).collect(),
            created: details.created.to_string(),
        }
    }

    /// What the limits of the accounts add up to, if that can be said.
    fn total(&self) -> Option<String> {
        let limit = self.limits.total_quota;
        if self.has_unlimited_accounts {
            return limit.map(|limit| format!("unlimited, of {}", exact_size(limit)));
        }
        let of = limit.unwrap_or_default();
        let total =
            share(exact_size(self.total_quota), limit.map(exact_size), self.total_quota, of);
        (self.total_quota > 0 || limit.is_some()).then_some(total)
    }
}

impl DomainSends {
    /// The limits as lines of a sheet.
    fn shown(&self) -> Vec<String> {
        let whole = SendingLimit::lines(&self.whole, Of::Another);
        let each = SendingLimit::lines(&self.accounts, Of::Another);
        let whole = whole.into_iter().map(|line| format!("{line}, all accounts together"));
        whole.chain(each.into_iter().map(|line| format!("{line}, each account"))).collect()
    }
}

impl Grant {
    fn new(row: &GrantRow) -> Self {
        Self {
            addresses: row.addresses.to_string(),
            login: row.login.to_string(),
            shown: format!("{} to {}", row.addresses.to_unicode(), row.login.to_unicode()),
        }
    }
}

impl DomainItem {
    /// Everything about the domain.
    pub(super) fn sheet(&self) -> Vec<Fact> {
        let Some(facts) = &self.facts else { return Vec::new() };
        let counted = |count: u64, limit: Option<u64>| {
            let most = limit.map(|limit| limit.to_string());
            share(count.to_string(), most, count, limit.unwrap_or_default())
        };
        let names: Vec<_> = self.alias_domains.iter().map(|name| human(name)).collect();
        let limits = &facts.limits;
        let alias_domains = std::iter::once(counted(names.len() as u64, limits.alias_domains))
            .chain(few(&names, true));
        let transport = self.transport.clone().unwrap_or_else(|| "as in main.cf".to_owned());
        let services = match self.services.as_slice() {
            [] => "none".to_owned(),
            some => some.join(", "),
        };
        let a_label = (self.name != self.name_unicode).then_some(&self.name);
        let relayed = self.class == "relay";
        let grants: Vec<_> = facts.sender_grants.iter().map(|one| one.shown.clone()).collect();
        vec![
            fact("DOMAIN", [&self.name_unicode].into_iter().chain(a_label)),
            fact("STATE", [self.state()]),
            fact("GID", [self.gid]),
            fact("DIRECTORY", (!relayed).then_some(&self.directory)),
            fact("TRANSPORT", [transport]),
            fact("SERVICES", (!relayed).then_some(services)),
            fact("QUOTA", (!relayed).then(|| format!("{} for each account", self.quota.to_text()))),
            fact("TOTAL QUOTA", facts.total()),
            fact("USED", facts.used.iter().flat_map(Used::shown)),
            fact("ALIAS DOMAINS", alias_domains),
            fact("ACCOUNTS", [counted(self.accounts.unsigned_abs(), limits.accounts)]),
            fact("ALIASES", [counted(self.aliases.unsigned_abs(), limits.aliases)]),
            fact("RELOCATED", [self.relocated]),
            fact("RELAY RECIPIENTS", relayed.then_some(self.relay_recipients)),
            fact(
                "CATCH-ALL",
                [match facts.catchall_destinations {
                    0 => "none".to_owned(),
                    1 => "1 destination".to_owned(),
                    many => format!("{many} destinations"),
                }],
            ),
            fact("DESTINATIONS", limits.destinations.map(|limit| format!("at most {limit} each"))),
            fact("SENDING LIMITS", &facts.sending_shown),
            fact("SENDER GRANTS", few(&grants, true)),
            fact("NOTE", &self.note),
            fact("CREATED", [&facts.created]),
        ]
    }
}
