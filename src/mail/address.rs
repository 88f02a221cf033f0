//! A mail address: local part and domain, both canonical.

use std::fmt;

use crate::mail::localpart::{external, internal};
use crate::mail::{Delimiters, DomainName, DomainNameError, Localpart, LocalpartError};

/// An address with one canonical form, so that equality means the same mailbox.
///
/// `Display` writes it as RFC 5322 does, quoted where needed, with the domain in A-labels.
///
/// ```
/// use postcote::mail::Address;
/// let address = Address::parse("\"A b\"@Bücher.example")?;
/// assert_eq!(address.to_string(), "\"a b\"@xn--bcher-kva.example");
/// assert_eq!(Address::parse("a b@xn--bcher-kva.example")?, address);
/// # Ok::<(), postcote::mail::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The part before the `@`.
    pub localpart: Localpart,
    /// The part behind it.
    pub domain: DomainName,
}

/// Why a text is not a mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`.
    #[error("an address has the form `localpart@domain`")]
    NoAt,
    /// There is more than one `@` outside quotation marks.
    #[error("an address has one `@`; quote a local part that contains another")]
    TwoAts,
    /// The local part breaks a rule.
    #[error(transparent)]
    Localpart(#[from] LocalpartError),
    /// The domain breaks a rule.
    #[error(transparent)]
    Domain(#[from] DomainNameError),
}

impl Address {
    /// Reads an address in either spelling of its local part, quoted or not.
    ///
    /// # Errors
    /// Says which rule the text breaks. No such address can exist.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let (localpart, domain) = split(text)?;
        Ok(Self {
            domain: DomainName::parse(domain)?,
            localpart: Localpart::from_internal(&internal(localpart)?)?,
        })
    }

    /// Splits off the extension: the address without it, and `+ext` with its delimiter.
    pub fn split<'a>(&'a self, delimiters: &Delimiters) -> Option<(Address, &'a str)> {
        let (localpart, extension) = self.localpart.split(delimiters)?;
        Some((Address { localpart, domain: self.domain.clone() }, extension))
    }

    /// The address as people read it, with a Unicode domain.
    pub fn to_unicode(&self) -> String {
        format!("{}@{}", self.localpart, self.domain.to_unicode())
    }
}

/// Cuts at the last `@`; an earlier one is legal only inside a quoted local part.
pub(super) fn split(text: &str) -> Result<(&str, &str), AddressError> {
    let (localpart, domain) = text.rsplit_once('@').ok_or(AddressError::NoAt)?;
    if localpart.contains('@') && !localpart.starts_with('"') {
        return Err(AddressError::TwoAts);
    }
    Ok((localpart, domain))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", external(self.localpart.as_str()), self.domain)
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_keys_are_addresses_or_they_are_not() {
        let table: &[(&str, Option<&str>, &str)] = &[
            ("User+Ext@Sub.Example.ORG", Some("user+ext@sub.example.org"), "folded"),
            ("\"a b\"@example.org", Some("\"a b\"@example.org"), "external spelling"),
            ("a b@example.org", Some("\"a b\"@example.org"), "internal spelling"),
            ("\"a@b\"@example.org", Some("\"a@b\"@example.org"), "@ within quotes"),
            (".a.@example.org", Some("\".a.\"@example.org"), "dots at the edge"),
            ("\"User\"@Example.ORG", Some("user@example.org"), "needless quotes"),
            ("é@éxample.org", Some("é@xn--xample-9ua.org"), "UTF-8 local part"),
            ("a@b@c", None, "two @"),
            ("@example.org", None, "no local part"),
            ("\"\"@example.org", None, "empty quoted local part"),
            ("<>", None, "the null sender"),
            ("*", None, "the transport wildcard"),
            ("", None, "nothing"),
            ("example.org", None, "a bare domain"),
            ("user@[127.0.0.1]", None, "address literal"),
            ("@[127.0.0.1]", None, "address literal alone"),
            ("user@", None, "no domain"),
            ("user@example.org.", None, "trailing dot"),
            ("\"a\"b\"@example.org", None, "broken quotes"),
        ];
        for (text, expected, why) in table {
            let got = Address::parse(text).ok().map(|a| a.to_string());
            assert_eq!(got.as_deref(), *expected, "{text}: {why}");
        }
    }
}
