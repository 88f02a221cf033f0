//! Where an alias stands: at an address, or at a local part of every domain.

use std::fmt;

use crate::mail::localpart::internal;
use crate::mail::{Address, AddressError, Localpart};

/// The address of an entry, or `postmaster@*` for a default alias.
///
/// ```
/// use postcote::mail::EntryAddress;
/// let everywhere: EntryAddress = "Postmaster@*".parse()?;
/// assert_eq!(everywhere.to_string(), "postmaster@*");
/// assert!(matches!(everywhere, EntryAddress::Default(_)));
/// # Ok::<(), postcote::mail::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryAddress {
    /// At this address.
    At(Address),
    /// At this local part of every mailbox domain that has no entry of its own there.
    Default(Localpart),
}

impl EntryAddress {
    /// What stands for every domain.
    pub const EVERYWHERE: &str = "*";

    /// Reads an address in any spelling, or a local part before `@*`.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        match text.rsplit_once('@') {
            Some((localpart, Self::EVERYWHERE)) => {
                if localpart.contains('@') && !localpart.starts_with('"') {
                    return Err(AddressError::TwoAts);
                }
                Ok(Self::Default(Localpart::from_internal(&internal(localpart)?)?))
            }
            _ => Address::parse(text).map(Self::At),
        }
    }

    /// The local part.
    pub fn localpart(&self) -> &Localpart {
        match self {
            Self::At(address) => &address.localpart,
            Self::Default(localpart) => localpart,
        }
    }

    /// The address as people read it, with a Unicode domain.
    pub fn to_unicode(&self) -> String {
        match self {
            Self::At(address) => address.to_unicode(),
            Self::Default(_) => self.to_string(),
        }
    }
}

impl From<Address> for EntryAddress {
    fn from(address: Address) -> Self {
        Self::At(address)
    }
}

impl fmt::Display for EntryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Default(localpart) => write!(f, "{localpart}@{}", Self::EVERYWHERE),
        }
    }
}

impl std::str::FromStr for EntryAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_every_domain_and_for_nothing_else() {
        let table = [
            ("Abuse@*", Some("abuse@*")),
            ("\"a b\"@*", Some("\"a b\"@*")),
            ("\"a@b\"@*", Some("\"a@b\"@*")),
            ("info@Example.ORG", Some("info@example.org")),
            ("info@*.example.org", None),
            ("*@*", Some("*@*")),
            ("a@b@*", None),
            ("@*", None),
            ("*", None),
        ];
        for (text, expected) in table {
            let got = EntryAddress::parse(text).ok().map(|address| address.to_string());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }
}
