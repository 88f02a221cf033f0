//! What a served domain is known as: a name, or all names below one.

use std::fmt;

use crate::mail::{DomainName, DomainNameError};

/// A name of a domain as it is stored: `example.org`, or for alias domains also `*.example.org`,
/// which stands for every name below example.org that is not known itself, however many labels
/// deep, and not for example.org.
///
/// ```
/// use postcote::mail::{DomainName, DomainPattern};
/// let pattern = DomainPattern::parse("*.Bücher.example")?;
/// assert_eq!(pattern.to_string(), "*.xn--bcher-kva.example");
/// assert!(pattern.matches(&DomainName::parse("a.b.bücher.example")?));
/// assert!(!pattern.matches(&DomainName::parse("bücher.example")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DomainPattern {
    /// One name.
    Exact(DomainName),
    /// All names below one.
    Below(DomainName),
}

/// Why a text is no name of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainPatternError {
    /// The name breaks a rule.
    #[error(transparent)]
    Name(#[from] DomainNameError),
    /// `*.org` would take in half of the world.
    #[error("a wildcard stands before two labels at least, as in `*.example.org`")]
    TooWide,
}

/// What stands before the name.
const WILDCARD: &str = "*.";

impl DomainPattern {
    /// Reads a name in any spelling, or a wildcard before one.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, DomainPatternError> {
        let Some(parent) = text.strip_prefix(WILDCARD) else {
            return Ok(Self::Exact(DomainName::parse(text)?));
        };
        let parent = DomainName::parse(parent)?;
        if !parent.as_str().contains('.') {
            return Err(DomainPatternError::TooWide);
        }
        if WILDCARD.len() + parent.as_str().len() > DomainName::MAX_OCTETS {
            return Err(DomainNameError::TooLong.into());
        }
        Ok(Self::Below(parent))
    }

    /// Whether it is this very name.
    pub fn is(&self, name: &DomainName) -> bool {
        matches!(self, Self::Exact(own) if own == name)
    }

    /// Whether it stands for a name, unless that is known itself.
    pub fn matches(&self, name: &DomainName) -> bool {
        match self {
            Self::Exact(own) => own == name,
            Self::Below(parent) => name.is_below(parent),
        }
    }

    /// The pattern as people read it.
    pub fn to_unicode(&self) -> String {
        match self {
            Self::Exact(name) => name.to_unicode(),
            Self::Below(parent) => format!("{WILDCARD}{}", parent.to_unicode()),
        }
    }
}

impl From<DomainName> for DomainPattern {
    fn from(name: DomainName) -> Self {
        Self::Exact(name)
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Below(parent) => write!(f, "{WILDCARD}{parent}"),
        }
    }
}

impl std::str::FromStr for DomainPattern {
    type Err = DomainPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_label_before_a_domain() {
        let bad_label = Err(DomainPatternError::Name(DomainNameError::BadLabel));
        let table = [
            ("example.org", Ok("example.org")),
            ("*.Example.ORG", Ok("*.example.org")),
            ("*.a.b.example", Ok("*.a.b.example")),
            ("*.org", Err(DomainPatternError::TooWide)),
            ("*", bad_label),
            ("*.", Err(DomainPatternError::Name(DomainNameError::Empty))),
            ("*example.org", bad_label),
            ("a.*.example.org", bad_label),
            ("*.*.example.org", bad_label),
            (".example.org", bad_label),
        ];
        for (text, expected) in table {
            let got = DomainPattern::parse(text).map(|pattern| pattern.to_string());
            assert_eq!(got, expected.map(str::to_owned), "{text}");
        }
        let longest = format!("*.{}", ["a".repeat(63).as_str(); 4].join(".").split_at(253).0);
        assert!(DomainPattern::parse(&longest).is_ok());
        let too_long = format!("{longest}a");
        let expected = Err(DomainPatternError::Name(DomainNameError::TooLong));
        assert_eq!(DomainPattern::parse(&too_long), expected);
    }

    #[test]
    fn a_wildcard_stands_for_what_is_below() {
        let table = [
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", "anexample.org", false),
            ("*.example.org", "org", false),
            ("*.a.example.org", "b.example.org", false),
            ("example.org", "example.org", true),
            ("example.org", "a.example.org", false),
        ];
        for (pattern, name, expected) in table {
            let pattern = DomainPattern::parse(pattern).unwrap();
            let name = DomainName::parse(name).unwrap();
            assert_eq!(pattern.matches(&name), expected, "{pattern} and {name}");
            assert_eq!(pattern.is(&name), pattern.to_string() == name.to_string());
        }
    }
}
