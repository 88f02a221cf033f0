//! Things in words: as sentences and as rows of tables.

use crate::admin::item::{
    AccountItem, AppPasswordItem, DomainItem, Item, Quota, SchemeItem, SenderGrantItem,
    SendingLimitsItem, shown,
};
use crate::mail::{DestinationTemplate, DomainPattern, QuotaLimit};

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
                let to = leads_to(&item.shown);
                format!("alias `{}`, {to}{}", item.address_unicode, item.restriction())
            }
            Self::AliasDomain(item) => {
                format!("alias domain `{}` of `{}`", item.name_unicode, item.primary_unicode)
            }
            Self::AppPassword(item) => item.title(),
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
            Self::SenderGrant(item) => item.title(),
            Self::SendingLimits(item) => item.title(),
        }
    }

    /// The headings of a table of such things; none if each is printed as lines.
    pub(in crate::admin) fn headings(&self) -> &'static [&'static str] {
        match self {
            Self::Account(_) => &["ADDRESS", "UID", "STATE", "QUOTA", "NAME"],
            Self::Address(_) => &["ADDRESS", "KIND"],
            Self::Alias(_) => &["ADDRESS", "STATE", "DESTINATIONS"],
            Self::AliasDomain(_) => &["ALIAS DOMAIN", "PRIMARY DOMAIN"],
            Self::AppPassword(_) => AppPasswordItem::HEADINGS,
            Self::Catchall(_) => &["DOMAIN", "DESTINATIONS"],
            Self::Domain(_) => &["DOMAIN", "GID", "STATE", "ACCOUNTS", "ALIASES", "ALIAS DOMAINS"],
            Self::PasswordHash(_) => &[],
            Self::PasswordScheme(_) => SchemeItem::HEADINGS,
            Self::Relocated(_) => &["ADDRESS", "NEW ADDRESS"],
            Self::SenderGrant(_) => SenderGrantItem::HEADINGS,
            Self::SendingLimits(_) => SendingLimitsItem::HEADINGS,
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
            Self::AppPassword(item) => item.cells(),
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
            Self::SenderGrant(item) => item.cells(),
            Self::SendingLimits(item) => item.cells(),
        }
    }
}

impl AccountItem {
    fn state(&self) -> String {
        if self.state != "suspended" {
            return self.state.to_owned();
        }
        format!("no {}", self.off().join(", "))
    }

    /// The switches that are off.
    fn off(&self) -> Vec<&'static str> {
        let switches =
            [("login", self.may_login), ("receive", self.may_receive), ("send", self.may_send)];
        switches.into_iter().filter(|(_, on)| !on).map(|(name, _)| name).collect()
    }

    /// The state with its reason and its end.
    pub(super) fn state_at_length(&self) -> Vec<String> {
        let until = match &self.suspended_until {
            Some(until) if self.state == "suspended" => format!(" until {until}"),
            _ => String::new(),
        };
        let state = format!("{}{until}", self.state());
        let reason = self.suspend_reason.clone().filter(|_| self.state == "suspended");
        std::iter::once(state).chain(reason).collect()
    }

    /// Where its mail goes, and whether a copy stays.
    pub(super) fn forwards_at_length(&self) -> Vec<String> {
        let Some(to) = &self.forwards else { return Vec::new() };
        let to = to.iter().map(|one| human_destination(one));
        let copy = if self.keep_copy { "and keeps a copy" } else { "and keeps no copy" };
        to.chain([copy.to_owned()]).collect()
    }
}

impl DomainItem {
    pub(super) fn state(&self) -> &'static str {
        match (self.enabled, self.class.as_str()) {
            (false, _) => "disabled",
            (true, "relay") => "relayed",
            (true, _) => "active",
        }
    }
}

impl Quota {
    pub(super) fn to_text(&self) -> String {
        QuotaLimit { bytes: self.bytes, messages: self.messages }.to_string()
    }
}

/// A stored destination as people read it.
fn human_destination(text: &str) -> String {
    DestinationTemplate::parse(text).map_or_else(|_| text.to_owned(), |to| shown(&to))
}

/// Lists on a sheet are for reading.
const MAX_SHOWN: usize = 20;

/// The first ones of a list, and how many more there are.
pub(super) fn few(list: &[String], is_complete: bool) -> Vec<String> {
    let more = match list.len().saturating_sub(MAX_SHOWN) {
        0 if is_complete => None,
        0 => Some("and more".to_owned()),
        more if is_complete => Some(format!("and {more} more")),
        more => Some(format!("and more than {more} more")),
    };
    list.iter().take(MAX_SHOWN).cloned().chain(more).collect()
}

/// A stored name as people read it.
pub(super) fn human(name: &str) -> String {
    DomainPattern::parse(name).map_or_else(|_| name.to_owned(), |name| name.to_unicode())
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
