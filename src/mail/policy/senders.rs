//! Who may write to an alias, and who may use an address as the sender.

use std::fmt;

use crate::mail::{Address, DomainName, DomainNameError, Localpart, LocalpartError};

/// Somebody, or a kind of people, who may write to an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedSender {
    /// Whoever has logged in.
    Authenticated,
    /// Whoever has logged in with an account of the alias's own domain.
    Domain,
    /// Whoever the alias leads to.
    Members,
    /// These addresses.
    Pattern(SenderPattern),
}

/// Addresses of one domain: `info@example.org`, `sales-*@example.org`, `*@example.org`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderPattern {
    /// Which local parts.
    pub localpart: LocalpartPattern,
    /// The domain.
    pub domain: DomainName,
}

/// Local parts: one, or all that fit, where `*` stands for any number of characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalpartPattern(Box<str>);

/// The right of a login to use addresses of the domain it stands in as the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderGrant {
    /// The addresses.
    pub localpart: LocalpartPattern,
    /// The account's one name.
    pub login: Address,
}

/// Why a text names no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SenderPatternError {
    /// There is no `@`.
    #[error(
        "addresses have the form `localpart@domain`, where `*` in the local part fits anything"
    )]
    NoAt,
    /// There are several, outside of quotes.
    #[error("an address has one `@`; quote a local part that contains another")]
    TwoAts,
    /// The local part breaks a rule.
    #[error(transparent)]
    Localpart(#[from] LocalpartError),
    /// The domain breaks a rule.
    #[error(transparent)]
    Domain(#[from] DomainNameError),
}

impl AllowedSender {
    /// Reads `authenticated`, `domain`, `members`, or addresses.
    ///
    /// # Errors
    /// It is none of the words and names no addresses.
    pub fn parse(text: &str) -> Result<Self, SenderPatternError> {
        match text {
            "authenticated" => Ok(Self::Authenticated),
            "domain" => Ok(Self::Domain),
            "members" => Ok(Self::Members),
            _ => SenderPattern::parse(text).map(Self::Pattern),
        }
    }
}

impl AllowedSender {
    /// The word, or the addresses as people read them, with a Unicode domain.
    pub fn to_unicode(&self) -> String {
        match self {
            Self::Pattern(pattern) => pattern.to_unicode(),
            word => word.to_string(),
        }
    }
}

impl fmt::Display for AllowedSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticated => f.write_str("authenticated"),
            Self::Domain => f.write_str("domain"),
            Self::Members => f.write_str("members"),
            Self::Pattern(pattern) => pattern.fmt(f),
        }
    }
}

impl SenderPattern {
    /// Reads an address in which `*` stands for any number of characters of the local part.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, SenderPatternError> {
        let (localpart, domain) = text.rsplit_once('@').ok_or(SenderPatternError::NoAt)?;
        Ok(Self {
            localpart: LocalpartPattern::parse(localpart)?,
            domain: DomainName::parse(domain)?,
        })
    }

    /// Reads such addresses as people write them: a local part with an `@` in it stands in quotes.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse_written(text: &str) -> Result<Self, SenderPatternError> {
        let (localpart, domain) = text.rsplit_once('@').ok_or(SenderPatternError::NoAt)?;
        if text.starts_with('"')
            && let Ok(address) = Address::parse(text)
        {
            let localpart = LocalpartPattern::from(&address.localpart);
            return Ok(Self { localpart, domain: address.domain });
        }
        if localpart.contains('@') {
            return Err(SenderPatternError::TwoAts);
        }
        Ok(Self {
            localpart: LocalpartPattern::parse(localpart)?,
            domain: DomainName::parse(domain)?,
        })
    }

    /// The addresses as people read them, with a Unicode domain.
    pub fn to_unicode(&self) -> String {
        format!("{}@{}", self.localpart, self.domain.to_unicode())
    }

    /// Whether an address is one of these.
    pub fn matches(&self, address: &Address) -> bool {
        self.domain == address.domain && self.localpart.matches(&address.localpart)
    }
}

impl fmt::Display for SenderPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.localpart, self.domain)
    }
}

impl LocalpartPattern {
    /// Reads a local part without quotes, in which `*` stands for any number of characters.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, LocalpartError> {
        Ok(Self(Localpart::from_internal(text)?.as_str().into()))
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a local part fits.
    ///
    /// ```
    /// use postcote::mail::{Localpart, policy::LocalpartPattern};
    /// let fits = |pattern: &str, localpart: &str| {
    ///     let localpart = Localpart::from_internal(localpart)?;
    ///     Ok::<_, postcote::mail::LocalpartError>(
    ///         LocalpartPattern::parse(pattern)?.matches(&localpart))
    /// };
    /// assert!(fits("sales-*", "Sales-north")? && fits("*", "joe")? && fits("joe", "joe")?);
    /// assert!(!fits("sales-*", "sales")? && !fits("a*a", "a")?);
    /// # Ok::<(), postcote::mail::LocalpartError>(())
    /// ```
    pub fn matches(&self, localpart: &Localpart) -> bool {
        let Some((start, rest)) = self.0.split_once('*') else {
            return *self.0 == *localpart.as_str();
        };
        let Some(mut left) = localpart.as_str().strip_prefix(start) else { return false };
        let (middle, end) = rest.rsplit_once('*').unwrap_or(("", rest));
        // The first place is as good as any for what stands between two stars.
        for part in middle.split('*') {
            let Some((_, behind)) = left.split_once(part) else { return false };
            left = behind;
        }
        left.ends_with(end)
    }
}

impl From<&Localpart> for LocalpartPattern {
    fn from(localpart: &Localpart) -> Self {
        Self(localpart.as_str().into())
    }
}

impl fmt::Display for LocalpartPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_what_they_say() {
        let table = [
            ("joe@example.org", "Joe@Example.org", true),
            ("joe@example.org", "joe+x@example.org", false),
            ("*@example.org", "any one@example.org", true),
            ("*@example.org", "joe@example.com", false),
            ("a*b*c@example.org", "a-b-b-c@example.org", true),
            ("a*b*c@example.org", "abc@example.org", true),
            ("a*b*c@example.org", "acb@example.org", false),
            ("a*b*c@example.org", "abcd@example.org", false),
            ("ab*bc@example.org", "abc@example.org", false),
            ("*x@example.org", "x@example.org", true),
            ("x**y@example.org", "xy@example.org", true),
        ];
        for (pattern, address, expected) in table {
            let parsed = SenderPattern::parse(pattern).unwrap();
            assert_eq!(parsed.to_string(), pattern);
            assert_eq!(parsed.matches(&Address::parse(address).unwrap()), expected, "{pattern}");
        }
        for bad in ["", "joe", "@example.org", "joe@", "joe@*", "a\nb@example.org"] {
            assert!(AllowedSender::parse(bad).is_err(), "{bad}");
        }
        let written = [
            ("two words@example.org", Some("two words@example.org")),
            ("\"a@b\"@example.org", Some("a@b@example.org")),
            ("a@b@example.org", None),
            ("*@example.org", Some("*@example.org")),
        ];
        for (text, expected) in written {
            let read = SenderPattern::parse_written(text).ok().map(|one| one.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        for word in ["authenticated", "domain", "members", "*@example.org"] {
            assert_eq!(AllowedSender::parse(word).unwrap().to_string(), word);
        }
    }
}
