//! Things as they are reported: what JSON shows of them, and the columns of their tables.
//!
//! The JSON shape is stable: fields are added, never changed. Addresses and names are in A-labels,
//! with a field `…_unicode` beside each for people; times are RFC 3339 in UTC; sizes are bytes,
//! 0 for no limit; `null` is "not set", which for services, quota and transport of an account
//! means that the domain decides. What only `show` knows is absent from lists.

mod account;
mod alias;
mod alias_domain;
mod app_password;
mod catchall;
mod domain;
mod password;
mod relocated;
mod sender_grant;
mod sending_limits;
pub(super) mod sheet;
mod target;
mod usage;
mod words;

use serde::Serialize;

use crate::mail::{
    Destination, DestinationTemplate, DomainName, EntryAddress, QuotaLimit, Service, ServiceSet,
    Timestamp,
};
use crate::store::facts::EntryKind;
use crate::store::inventory::{AccountRow, DomainRow};

pub(super) use alias::AliasDetails;
pub use alias::AliasItem;
pub(super) use alias_domain::AliasDomainDetails;
pub use alias_domain::AliasDomainItem;
pub use app_password::AppPasswordItem;
pub use catchall::CatchallItem;
pub use relocated::RelocatedItem;
pub use sender_grant::SenderGrantItem;
pub use sending_limits::SendingLimitsItem;

pub use account::AccountFacts;
pub use domain::DomainFacts;
pub(super) use domain::DomainSends;
pub use password::{HashItem, SchemeItem};

pub(super) use account::{Found, Sender};

/// One thing, told apart in JSON by the field `kind`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Item {
    /// A mailbox.
    Account(Box<AccountItem>),
    /// An address and what stands there.
    Address(AddressItem),
    /// Another name for one or more addresses.
    Alias(AliasItem),
    /// Another name for a domain.
    AliasDomain(AliasDomainItem),
    /// A password for one program or device.
    AppPassword(AppPasswordItem),
    /// Who gets mail for strangers.
    Catchall(CatchallItem),
    /// A domain.
    Domain(Box<DomainItem>),
    /// What would be stored of a password.
    PasswordHash(HashItem),
    /// A way to hash passwords.
    PasswordScheme(Box<SchemeItem>),
    /// Somebody who has moved.
    Relocated(RelocatedItem),
    /// The right of an account to use addresses as the sender.
    SenderGrant(SenderGrantItem),
    /// How much something may send.
    SendingLimits(SendingLimitsItem),
}

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, shown as they are")]
pub struct AccountItem {
    address: String,
    address_unicode: String,
    uid: u32,
    gid: u32,
    name: Option<String>,
    note: Option<String>,
    home: String,
    mailbox_format: String,
    mailbox_root: String,
    services: Option<Vec<&'static str>>,
    quota: Option<Quota>,
    transport: Option<String>,
    state: &'static str,
    may_login: bool,
    may_receive: bool,
    may_send: bool,
    suspend_reason: Option<String>,
    suspended_until: Option<String>,
    expires: Option<String>,
    forwards: Option<Vec<String>>,
    keep_copy: bool,
    #[serde(flatten)]
    facts: Option<Box<AccountFacts>>,
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Quota {
    bytes: u64,
    messages: u64,
}

/// An address and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddressItem {
    address: String,
    address_unicode: String,
    entry: &'static str,
}

/// A domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DomainItem {
    name: String,
    name_unicode: String,
    gid: u32,
    class: String,
    enabled: bool,
    transport: Option<String>,
    services: Vec<&'static str>,
    quota: Quota,
    directory: String,
    note: Option<String>,
    alias_domains: Vec<String>,
    accounts: i64,
    aliases: i64,
    relocated: i64,
    relay_recipients: i64,
    catchall: bool,
    #[serde(flatten)]
    facts: Option<Box<DomainFacts>>,
}

impl Item {
    pub(super) fn account(row: &AccountRow, now: Timestamp) -> Self {
        let [may_login, may_receive, may_send] = row.may;
        let waiting = row.suspended_until.is_none_or(|until| now < until);
        let state = if row.expires.is_some_and(|end| end <= now) {
            "expired"
        } else if row.may.contains(&false) && waiting {
            "suspended"
        } else {
            "active"
        };
        Self::Account(Box::new(AccountItem {
            address: row.address.to_string(),
            address_unicode: row.address.to_unicode(),
            uid: row.uid.0,
            gid: row.gid.0,
            name: row.name.clone(),
            note: row.note.clone(),
            home: row.home.clone(),
            mailbox_format: row.mailbox_format.clone(),
            mailbox_root: row.mailbox_root.clone(),
            services: row.services.map(services),
            quota: row.quota.map(Into::into),
            transport: row.transport.as_ref().map(ToString::to_string),
            state,
            may_login,
            may_receive,
            may_send,
            suspend_reason: row.suspend_reason.clone(),
            suspended_until: row.suspended_until.map(|time| time.to_string()),
            expires: row.expires.map(|time| time.to_string()),
            forwards: row.forwards.as_ref().map(|to| texts(to)),
            keep_copy: row.keep_copy,
            facts: None,
        }))
    }

    pub(super) fn address(address: &EntryAddress, entry: EntryKind) -> Self {
        Self::Address(AddressItem {
            address: address.to_string(),
            address_unicode: address.to_unicode(),
            entry: entry.as_str(),
        })
    }

    pub(super) fn domain(row: &DomainRow) -> Self {
        Self::Domain(Box::new(DomainItem {
            name: row.name.to_string(),
            name_unicode: row.name.to_unicode(),
            gid: row.gid.0,
            class: row.kind.clone(),
            enabled: row.enabled,
            transport: row.transport.as_ref().map(ToString::to_string),
            services: services(row.services),
            quota: row.quota.into(),
            directory: row.directory.clone(),
            note: row.note.clone(),
            alias_domains: row.alias_domains.iter().map(ToString::to_string).collect(),
            accounts: row.accounts,
            aliases: row.aliases,
            relocated: row.relocated,
            relay_recipients: row.relay_recipients,
            catchall: row.has_catchall,
            facts: None,
        }))
    }
}

impl From<QuotaLimit> for Quota {
    fn from(limit: QuotaLimit) -> Self {
        Self { bytes: limit.bytes, messages: limit.messages }
    }
}

fn services(set: ServiceSet) -> Vec<&'static str> {
    set.iter().map(Service::as_str).collect()
}

fn texts(templates: &[DestinationTemplate]) -> Vec<String> {
    templates.iter().map(ToString::to_string).collect()
}

/// A destination as people read it, placeholders included.
pub(super) fn shown(template: &DestinationTemplate) -> String {
    let text = template.as_str();
    match (template.fixed(), text.rsplit_once('@')) {
        (None, Some((localpart, domain))) => {
            let label = |label| match DomainName::parse(label) {
                Ok(name) => name.to_unicode(),
                Err(_) => label.to_owned(),
            };
            let labels: Vec<_> = domain.split('.').map(label).collect();
            format!("{localpart}@{}", labels.join("."))
        }
        (Some(destination), _) => unicode(destination),
        (None, None) => text.to_owned(),
    }
}

pub(super) fn unicode(destination: &Destination) -> String {
    let text = destination.to_string();
    match text.rsplit_once('@') {
        Some((localpart, _)) => format!("{localpart}@{}", destination.domain().to_unicode()),
        None => text,
    }
}
