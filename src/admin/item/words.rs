//! Things in words: as sentences and as rows of tables.

use crate::admin::item::{AccountItem, DomainItem, Item, Quota, SchemeItem};
use crate::mail::{DomainName, QuotaLimit};

impl Item {
    /// The thing in one sentence, with the numbers it was given.
    pub(in crate::admin) fn title_with_ids(&self) -> String {
        let title = self.title();
        match self {
            Self::Account(item) => format!("{title}, uid {}, home `{}`", item.uid, item.home),
            Self::Domain(item) => format!("{title}, gid {}", item.gid),
            _ => title,
        }
    }

    /// The thing in one sentence: what it is, its name, and where it leads to.
    pub(in crate::admin) fn title(&self) -> String {
        match self {
            Self::Account(item) => format!("account `{}`", item.address_unicode),
            Self::Address(item) => format!("address `{}`", item.address_unicode),
            Self::Alias(item) => {
                format!("alias `{}`, {}", item.address_unicode, leads_to(&item.shown))
            }
            Self::AliasDomain(item) => {
                format!("alias domain `{}` of `{}`", item.name_unicode, item.primary_unicode)
            }
            Self::Catchall(item) => {
                format!("catch-all of `{}`, {}", item.domain_unicode, leads_to(&item.shown))
            }
            Self::Domain(item) => format!("domain `{}`", item.name_unicode),
            Self::PasswordHash(item) => item.title(),
            Self::PasswordScheme(item) => item.title(),
            Self::Relocated(item) => format!(
                "relocated user `{}`, now at `{}`",
                item.address_unicode, item.new_address_unicode
            ),
        }
    }

    /// The headings of a table of such things; none if each is printed as lines.
    pub(in crate::admin) fn headings(&self) -> &'static [&'static str] {
        match self {
            Self::Account(_) => &["ADDRESS", "UID", "STATE", "QUOTA", "NAME"],
            Self::Address(_) => &["ADDRESS", "KIND"],
            Self::Alias(_) => &["ADDRESS", "STATE", "DESTINATIONS"],
            Self::AliasDomain(_) => &["ALIAS DOMAIN", "PRIMARY DOMAIN"],
            Self::Catchall(_) => &["DOMAIN", "DESTINATIONS"],
            Self::Domain(_) => &["DOMAIN", "GID", "STATE", "ACCOUNTS", "ALIASES", "ALIAS DOMAINS"],
            Self::PasswordHash(_) => &[],
            Self::PasswordScheme(_) => SchemeItem::HEADINGS,
            Self::Relocated(_) => &["ADDRESS", "NEW ADDRESS"],
        }
    }

    /// Its row in that table.
    pub(in crate::admin) fn cells(&self) -> Vec<String> {
        match self {
            Self::Account(item) => vec![
                item.address_unicode.clone(),
                item.uid.to_string(),
                item.state(),
                item.quota.as_ref().map_or_else(|| "domain's".to_owned(), Quota::to_text),
                item.name.clone().unwrap_or_default(),
            ],
            Self::Address(item) => vec![item.address_unicode.clone(), item.entry.to_owned()],
            Self::Alias(item) => {
                vec![item.address_unicode.clone(), item.state.to_owned(), item.shown.join(", ")]
            }
            Self::AliasDomain(item) => {
                vec![item.name_unicode.clone(), item.primary_unicode.clone()]
            }
            Self::Catchall(item) => vec![item.domain_unicode.clone(), item.shown.join(", ")],
            Self::Domain(item) => vec![
                item.name_unicode.clone(),
                item.gid.to_string(),
                item.state().to_owned(),
                item.accounts.to_string(),
                item.aliases.to_string(),
                item.alias_domains.iter().map(|name| human(name)).collect::<Vec<_>>().join(", "),
            ],
            Self::PasswordHash(item) => item.lines(),
            Self::PasswordScheme(item) => item.cells(),
            Self::Relocated(item) => {
                vec![item.address_unicode.clone(), item.new_address_unicode.clone()]
            }
        }
    }
}

impl AccountItem {
    fn state(&self) -> String {
        if self.state != "suspended" {
            return self.state.to_owned();
        }
        let switches =
            [("login", self.may_login), ("receive", self.may_receive), ("send", self.may_send)];
        let off = switches.into_iter().filter(|(_, on)| !on).map(|(name, _)| name);
        format!("no {}", off.collect::<Vec<_>>().join(", "))
    }
}

impl DomainItem {
    fn state(&self) -> &'static str {
        match (self.enabled, self.class.as_str()) {
            (false, _) => "disabled",
            (true, "relay") => "relayed",
            (true, _) => "active",
        }
    }
}

impl Quota {
    fn to_text(&self) -> String {
        QuotaLimit { bytes: self.bytes, messages: self.messages }.to_string()
    }
}

/// A stored name as people read it.
fn human(name: &str) -> String {
    DomainName::parse(name).map_or_else(|_| name.to_owned(), |name| name.to_unicode())
}

/// All destinations if they fit into a line, else how many.
fn leads_to(destinations: &[String]) -> String {
    match destinations {
        [] => "to nowhere".to_owned(),
        [_, _, _, _, ..] => format!("to {} destinations", destinations.len()),
        few => {
            let quoted: Vec<_> = few.iter().map(|to| format!("`{to}`")).collect();
            format!("to {}", quoted.join(", "))
        }
    }
}
