//! What people type as their login, and the address it means.

use core::net::IpAddr;
use std::collections::BTreeMap;

use crate::mail::{Address, AddressError, DomainName};

/// How a login name becomes an address.
///
/// A name is cut at its first separator. One without belongs to the domain of the local address
/// that the client came to, else to the domain of its prefix (`shop-joe` is joe of `shop`'s
/// domain), else to the default domain.
///
/// ```
/// use postcote::mail::{DomainName, LoginNames};
/// let names = LoginNames::new("@:").with_default(DomainName::parse("example.org")?);
/// assert_eq!(names.address("Joe:example.com", None)?.to_string(), "joe@example.com");
/// assert_eq!(names.address("joe", None)?.to_string(), "joe@example.org");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginNames {
    separators: Box<str>,
    default: Option<DomainName>,
    by_local_address: BTreeMap<IpAddr, DomainName>,
    by_prefix: BTreeMap<Box<str>, DomainName>,
}

/// Why a login name is the name of no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginNameError {
    /// A name without a domain, and nothing says which is meant.
    #[error("a login without a domain, and no default domain is set")]
    NoDomain,
    /// Not an address.
    #[error(transparent)]
    Address(#[from] AddressError),
}

impl LoginNames {
    /// Names that are cut at these characters, each of them one separator.
    pub fn new(separators: &str) -> Self {
        Self {
            separators: separators.into(),
            default: None,
            by_local_address: BTreeMap::new(),
            by_prefix: BTreeMap::new(),
        }
    }

    /// The domain of names without one.
    #[must_use]
    pub fn with_default(mut self, domain: DomainName) -> Self {
        self.default = Some(domain);
        self
    }

    /// The domain of names without one, from clients that came to this address.
    #[must_use]
    pub fn with_local_address(mut self, address: IpAddr, domain: DomainName) -> Self {
        self.by_local_address.insert(address.to_canonical(), domain);
        self
    }

    /// The domain that `PREFIX-name` belongs to.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str, domain: DomainName) -> Self {
        self.by_prefix.insert(prefix.to_lowercase().into(), domain);
        self
    }

    /// The address that a name means; its domain may be an alias domain still.
    ///
    /// `local` is the address that the client connected to, `lip` in Dovecot's words.
    ///
    /// # Errors
    /// It cannot be the name of any account.
    pub fn address(&self, name: &str, local: Option<IpAddr>) -> Result<Address, LoginNameError> {
        if let Some((localpart, domain)) = self.cut(name) {
            return Ok(Address::parse(&format!("{localpart}@{domain}"))?);
        }
        let (localpart, domain) = self.bare(name, local).ok_or(LoginNameError::NoDomain)?;
        Ok(Address::parse(&format!("{localpart}@{domain}"))?)
    }

    /// Cuts at the first separator outside quotation marks.
    fn cut<'a>(&self, name: &'a str) -> Option<(&'a str, &'a str)> {
        let (mut quoted, mut escaped) = (false, false);
        for (at, c) in name.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' if at == 0 || quoted => quoted = !quoted,
                _ if !quoted && self.separators.contains(c) => {
                    return Some((name.get(..at)?, name.get(at + c.len_utf8()..)?));
                }
                _ => {}
            }
        }
        None
    }

    fn bare<'a>(&self, name: &'a str, local: Option<IpAddr>) -> Option<(&'a str, &DomainName)> {
        let here = local.and_then(|local| self.by_local_address.get(&local.to_canonical()));
        if let Some(domain) = here {
            return Some((name, domain));
        }
        // Prefixes and names may both have dashes: the longest prefix that is known wins.
        for (at, _) in name.rmatch_indices('-') {
            let prefix = name.get(..at)?.to_lowercase();
            if let Some(domain) = self.by_prefix.get(prefix.as_str()) {
                return Some((name.get(at + 1..)?, domain));
            }
        }
        self.default.as_ref().map(|domain| (name, domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(name: &str) -> DomainName {
        DomainName::parse(name).unwrap()
    }

    #[test]
    fn names_mean_addresses() {
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        let plain = LoginNames::new("@");
        let full = LoginNames::new("@:%")
            .with_default(domain("example.org"))
            .with_local_address(ip("192.0.2.1"), domain("one.example"))
            .with_local_address(ip("2001:db8::2"), domain("two.example"))
            .with_prefix("shop", domain("shop.example"))
            .with_prefix("shop-old", domain("old.example"));
        let table = [
            (&plain, "joe@example.com", None, Some("joe@example.com"), "plain"),
            (&plain, "Joe@Bücher.Example", None, Some("joe@xn--bcher-kva.example"), "folded"),
            (&plain, "joe:example.com", None, None, "no separator of this site"),
            (&plain, "joe", None, None, "no domain"),
            (&plain, "", None, None, "nothing"),
            (&plain, "@example.com", None, None, "no name"),
            (&plain, "joe@", None, None, "no domain behind the separator"),
            (&plain, "a@b@c", None, None, "two separators"),
            (&plain, "\"a@b\"@example.com", None, Some("\"a@b\"@example.com"), "quoted"),
            (&plain, "\"a\\\"@b\"@example.com", None, Some("\"a\\\"@b\"@example.com"), "escaped"),
            (&full, "joe:example.com", None, Some("joe@example.com"), "other separators"),
            (&full, "joe%example.com", None, Some("joe@example.com"), "other separators"),
            (&full, "joe:x@example.com", None, None, "the first separator counts"),
            (&full, "joe", None, Some("joe@example.org"), "default domain"),
            (&full, "joe", Some("192.0.2.1"), Some("joe@one.example"), "local address"),
            (&full, "joe", Some("::ffff:192.0.2.1"), Some("joe@one.example"), "mapped address"),
            (&full, "joe", Some("2001:db8::2"), Some("joe@two.example"), "IPv6"),
            (&full, "joe", Some("192.0.2.9"), Some("joe@example.org"), "another local address"),
            (
                &full,
                "joe@example.com",
                Some("192.0.2.1"),
                Some("joe@example.com"),
                "its own domain",
            ),
            (&full, "shop-joe", None, Some("joe@shop.example"), "prefix"),
            (&full, "Shop-Joe", None, Some("joe@shop.example"), "prefix, folded"),
            (&full, "shop-old-joe", None, Some("joe@old.example"), "the longest prefix"),
            (&full, "shop-a-b", None, Some("a-b@shop.example"), "a name with a dash"),
            (&full, "shop-joe", Some("192.0.2.1"), Some("shop-joe@one.example"), "address first"),
            (&full, "shop-", None, None, "a prefix without a name"),
            (&full, "other-joe", None, Some("other-joe@example.org"), "no prefix"),
        ];
        for (names, name, local, expected, why) in table {
            let got = names.address(name, local.map(ip)).ok().map(|address| address.to_string());
            assert_eq!(got.as_deref(), expected, "{name} at {local:?}: {why}");
        }
    }
}
