//! What `postcote vmm` does without being told: `[vmm]`, which keeps what a vmm.cfg said.

use serde::{Deserialize, Serialize};

use crate::config::text::{self, BadValue, Written};
use crate::mail::{ServiceSet, Transport, parse_size};

/// What the vmm commands do without being told: `[vmm]`. Nothing else looks here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, named as vmm had them")]
pub struct Vmm {
    /// Whether `domainadd` makes the account postmaster@, too.
    pub auto_postmaster: bool,
    /// Whether passwords are made up instead of being asked for.
    pub random_password: bool,
    /// Whether `domaindelete` always takes everything in the domain with it.
    pub force_deletion: bool,
    /// Whether `userdelete` deletes the mail, too.
    pub delete_account_directory: bool,
    /// Whether `domaindelete` deletes the mail, too.
    pub delete_domain_directory: bool,
    /// Whether `userinfo` always measures the disk usage.
    pub disk_usage: bool,
    /// Where mail for new domains goes; nothing leaves it to Postfix.
    #[serde(with = "text")]
    pub domain_transport: Option<Transport>,
    /// What each account of a new domain may hold.
    #[serde(with = "text")]
    pub domain_quota: Size,
    /// How many messages each account of a new domain may hold; 0 is unlimited.
    pub domain_messages: u32,
    /// What the accounts of a new domain may be used for.
    #[serde(with = "text")]
    pub domain_services: ServiceSet,
}

impl Default for Vmm {
    fn default() -> Self {
        Self {
            auto_postmaster: true,
            random_password: false,
            force_deletion: false,
            delete_account_directory: false,
            delete_domain_directory: false,
            disk_usage: false,
            domain_transport: None,
            domain_quota: Size::default(),
            domain_messages: 0,
            domain_services: ServiceSet::ALL,
        }
    }
}

/// Bytes, 0 for no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub u64);

impl Written for Size {
    const FORM: &'static str = "a size as text, such as \"2g\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let bad = |error| BadValue::new(format!("`{text}` is no size: {error}"));
        parse_size(text).map(Self).map_err(bad)
    }

    fn write(&self) -> String {
        let units = [(40, "t"), (30, "g"), (20, "m"), (10, "k")];
        let exact = units.into_iter().find(|(shift, _)| self.0 >> shift << shift == self.0);
        match exact {
            Some((shift, unit)) if self.0 > 0 => format!("{}{unit}", self.0 >> shift),
            _ => self.0.to_string(),
        }
    }
}

impl Written for ServiceSet {
    const FORM: &'static str = "a text such as \"imap,smtp\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let bad = |error| BadValue::new(format!("`{text}` is no set of services: {error}"));
        Self::parse(text).map_err(|error| bad(error).hint("write `none` for the empty set"))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for Option<Transport> {
    const FORM: &'static str = "a text such as \"lmtp:unix:private/dovecot-lmtp\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        if text.is_empty() {
            return Ok(None);
        }
        let bad = |error| BadValue::new(format!("`{text}` is no transport: {error}"));
        Transport::parse(text).map(Some).map_err(bad)
    }

    fn write(&self) -> String {
        self.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_the_same() {
        for (bytes, text) in [(0, "0"), (1, "1"), (1024, "1k"), (3 << 30, "3g"), (1500, "1500")] {
            assert_eq!(Size(bytes).write(), text);
            assert_eq!(Size::read(text), Ok(Size(bytes)));
        }
        for text in ["", "lmtp:unix:private/X"] {
            assert_eq!(Option::<Transport>::read(text).unwrap().write(), text);
        }
        assert!(Option::<Transport>::read("dovecot").is_err());
    }
}
