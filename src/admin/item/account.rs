//! Everything about an account, as `account show` tells it.

use serde::Serialize;

use crate::admin::item::sending_limits::{Of, SendingLimit};
use crate::admin::item::sheet::{Fact, fact};
use crate::admin::item::usage::Used;
use crate::admin::item::words::few;
use crate::admin::item::{AccountItem, Item, Quota, services};
use crate::admin::references::Reference;
use crate::admin::sending::Effective;
use crate::mail::{Address, DomainName, Scheme, Timestamp, human_size};
use crate::store::details::{AccountDetails, Login, PendingOrder};
use crate::store::grants::GrantRow;
use crate::store::inventory::AccountRow;

/// What only `account show` tells of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountFacts {
    /// Its address by every name of its domain, the primary one first.
    addresses: Vec<String>,
    addresses_unicode: Vec<String>,
    /// What counts in the end, and whose setting that is: `account`, `domain`, or, for the
    /// transport, `default`: what main.cf says.
    effective_services: Vec<&'static str>,
    services_from: &'static str,
    effective_quota: Quota,
    quota_from: &'static str,
    effective_transport: Option<String>,
    transport_from: &'static str,
    /// What it holds; `null` if Dovecot has never told.
    used: Option<Used>,
    last_logins: Vec<LastLogin>,
    /// The addresses that it may send as; `@domain` for all that a catch-all takes.
    sends_as: Vec<String>,
    sends_as_unicode: Vec<String>,
    /// Whether that is all of them; there may be very many.
    sends_as_complete: bool,
    /// What was granted to it beside those; `*` stands for any text.
    granted_senders: Vec<String>,
    granted_senders_unicode: Vec<String>,
    /// The limits of sending that count, those of its domain for all accounts together apart.
    sending_limits: Vec<SendingLimit>,
    #[serde(skip)]
    sending_limits_shown: Vec<String>,
    led_to_by: Vec<Lead>,
    orders: Vec<AccountOrder>,
    password_scheme: String,
    /// Why the scheme of its password is weak; `null` if it is not.
    password_weakness: Option<&'static str>,
    created: String,
    changed: String,
    /// Bytes on disk, if that was asked for and could be found out.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_usage: Option<u64>,
}

/// A login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct LastLogin {
    service: String,
    at: String,
    remote: Option<String>,
}

/// Something that leads to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Lead {
    /// `account`, `alias`, `catchall` or `relocated`.
    entry: &'static str,
    /// Its address, of a catch-all `@domain`.
    address: String,
    address_unicode: String,
    /// Whether mail goes that way now.
    active: bool,
}

/// Work on its home that is not done yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct AccountOrder {
    id: i64,
    order: String,
    state: String,
    attempts: i32,
    created: String,
    new_home: Option<String>,
    last_error: Option<String>,
}

/// What was found out about an account.
pub(in crate::admin) struct Found {
    pub(in crate::admin) details: AccountDetails,
    pub(in crate::admin) addresses: Vec<Address>,
    pub(in crate::admin) references: Vec<Reference>,
    /// Addresses, and domains with their `@`.
    pub(in crate::admin) sends_as: Vec<Sender>,
    pub(in crate::admin) sends_as_complete: bool,
    pub(in crate::admin) granted: Vec<GrantRow>,
    pub(in crate::admin) sending: Vec<Effective>,
    pub(in crate::admin) disk_usage: Option<u64>,
}

/// What an account may send as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Sender {
    Address(Address),
    /// Any address of a domain at which nothing stands.
    Strangers(DomainName),
}

impl Sender {
    fn text(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Strangers(domain) => format!("@{domain}"),
        }
    }

    fn unicode(&self) -> String {
        match self {
            Self::Address(address) => address.to_unicode(),
            Self::Strangers(domain) => format!("@{}", domain.to_unicode()),
        }
    }
}

impl Item {
    /// An account with everything that was found out about it.
    pub(in crate::admin) fn account_sheet(row: &AccountRow, found: &Found, now: Timestamp) -> Self {
        let mut item = Self::account(row, now);
        if let Self::Account(account) = &mut item {
            account.facts = Some(Box::new(AccountFacts::new(row, found, now)));
        }
        item
    }
}

impl AccountFacts {
    fn new(row: &AccountRow, found: &Found, now: Timestamp) -> Self {
        let Found { details, .. } = found;
        let own = |is_own: bool| if is_own { "account" } else { "domain" };
        let quota = row.quota.unwrap_or(details.domain_quota);
        let transport = row.transport.as_ref().or(details.domain_transport.as_ref());
        Self {
            addresses: found.addresses.iter().map(ToString::to_string).collect(),
            addresses_unicode: found.addresses.iter().map(Address::to_unicode).collect(),
            effective_services: services(row.services.unwrap_or(details.domain_services)),
            services_from: own(row.services.is_some()),
            effective_quota: quota.into(),
            quota_from: own(row.quota.is_some()),
            effective_transport: transport.map(ToString::to_string),
            transport_from: if transport.is_some() {
                own(row.transport.is_some())
            } else {
                "default"
            },
            used: details.usage.map(|usage| Used::new(usage, quota)),
            last_logins: details.logins.iter().map(LastLogin::new).collect(),
            sends_as: found.sends_as.iter().map(Sender::text).collect(),
            sends_as_unicode: found.sends_as.iter().map(Sender::unicode).collect(),
            sends_as_complete: found.sends_as_complete,
            granted_senders: found.granted.iter().map(|row| row.addresses.to_string()).collect(),
            granted_senders_unicode: found
                .granted
                .iter()
                .map(|row| row.addresses.to_unicode())
                .collect(),
            sending_limits: SendingLimit::list(&found.sending),
            sending_limits_shown: SendingLimit::lines(&found.sending, Of::Account),
            led_to_by: found.references.iter().map(|one| Lead::new(one, now)).collect(),
            orders: details.orders.iter().map(AccountOrder::new).collect(),
            password_scheme: details.password_scheme.clone(),
            password_weakness: weakness(&details.password_scheme),
            created: details.created.to_string(),
            changed: details.changed.to_string(),
            disk_usage: found.disk_usage,
        }
    }
}

/// Why a scheme is weak, whatever encoding is written behind it.
fn weakness(scheme: &str) -> Option<&'static str> {
    let name = scheme.split('.').next().unwrap_or(scheme);
    Scheme::parse(name).ok().and_then(Scheme::weakness)
}

impl LastLogin {
    fn new(login: &Login) -> Self {
        Self {
            service: login.service.clone(),
            at: login.at.to_string(),
            remote: login.remote.clone(),
        }
    }

    fn shown(&self) -> String {
        match &self.remote {
            Some(remote) => format!("{} at {} from {remote}", self.service, self.at),
            None => format!("{} at {}", self.service, self.at),
        }
    }
}

impl Lead {
    fn new(reference: &Reference, now: Timestamp) -> Self {
        let leading = reference.leading();
        let localpart = leading.localpart.as_ref().map(ToString::to_string).unwrap_or_default();
        Self {
            entry: leading.kind.as_str(),
            address: format!("{localpart}@{}", leading.domain),
            address_unicode: format!("{localpart}@{}", leading.domain.to_unicode()),
            active: reference.is_active(now),
        }
    }

    fn shown(&self) -> String {
        let off = if self.active { "" } else { ", off" };
        format!("{} ({}{off})", self.address_unicode, self.entry)
    }
}

impl AccountOrder {
    fn new(order: &PendingOrder) -> Self {
        Self {
            id: order.id,
            order: order.kind.clone(),
            state: order.state.clone(),
            attempts: order.attempts,
            created: order.created.to_string(),
            new_home: order.new_home.clone(),
            last_error: order.last_error.clone(),
        }
    }

    fn shown(&self) -> String {
        let to = self.new_home.as_ref().map(|home| format!(" to {home}")).unwrap_or_default();
        let why = match &self.last_error {
            Some(why) => format!(", tried {} times: {why}", self.attempts),
            None => String::new(),
        };
        format!("{} {}{to}, ordered at {}{why}", self.state, self.order, self.created)
    }
}

impl AccountItem {
    /// Everything about the account, or what a table has of it.
    pub(super) fn sheet(&self) -> Vec<Fact> {
        let Some(facts) = &self.facts else { return Vec::new() };
        let from = |value: String, from: &str| match from {
            "account" => format!("{value} (own)"),
            "domain" => format!("{value} (its domain's)"),
            _ => value,
        };
        let services = match facts.effective_services.as_slice() {
            [] => "none".to_owned(),
            some => some.join(", "),
        };
        let transport = facts.effective_transport.clone();
        let transport = transport.unwrap_or_else(|| "as in main.cf".to_owned());
        let password = match facts.password_weakness {
            Some(why) => format!("{} (weak: {why})", facts.password_scheme),
            None => facts.password_scheme.clone(),
        };
        vec![
            fact("ADDRESS", &facts.addresses_unicode),
            fact("NAME", &self.name),
            fact("STATE", self.state_at_length()),
            fact("EXPIRES", &self.expires),
            fact("UID", [self.uid]),
            fact("GID", [self.gid]),
            fact("HOME", [&self.home]),
            fact("MAIL", [format!("{}:~/{}", self.mailbox_format, self.mailbox_root)]),
            fact("DISK USAGE", facts.disk_usage.map(human_size)),
            fact("PASSWORD", [password]),
            fact("TRANSPORT", [from(transport, facts.transport_from)]),
            fact("SERVICES", [from(services, facts.services_from)]),
            fact("QUOTA", [from(facts.effective_quota.to_text(), facts.quota_from)]),
            fact("USED", facts.used.iter().flat_map(Used::shown)),
            fact("LAST LOGIN", facts.last_logins.iter().map(LastLogin::shown)),
            fact("FORWARDS", self.forwards_at_length()),
            fact("SENDS AS", few(&facts.sends_as_unicode, facts.sends_as_complete)),
            fact("GRANTED", few(&facts.granted_senders_unicode, true)),
            fact("SENDING LIMITS", &facts.sending_limits_shown),
            fact(
                "LED TO BY",
                few(&facts.led_to_by.iter().map(Lead::shown).collect::<Vec<_>>(), true),
            ),
            fact("ORDERS", facts.orders.iter().map(AccountOrder::shown)),
            fact("NOTE", &self.note),
            fact("CREATED", [&facts.created]),
            fact("CHANGED", [&facts.changed]),
        ]
    }
}
