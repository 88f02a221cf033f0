//! A mail domain's name in its one canonical spelling: lower-case A-labels.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// A domain name as it is stored, compared and sent to Postfix: lower-case ASCII, A-labels for
/// international names (UTS-46, non-transitional), at most 255 octets.
///
/// Names written in ASCII are taken letter by letter; an `xn--` label is not decoded, so what the
/// database accepts and what is asked can never disagree about it.
///
/// ```
/// use postcote::mail::DomainName;
/// let name = DomainName::parse("Bücher.Example")?;
/// assert_eq!(name.as_str(), "xn--bcher-kva.example");
/// assert_eq!(name.to_unicode(), "bücher.example");
/// # Ok::<(), postcote::mail::DomainNameError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DomainName(Box<str>);

/// Why a text is not a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainNameError {
    /// Nothing was given.
    #[error("a domain name cannot be empty")]
    Empty,
    /// More than 255 octets.
    #[error("a domain name has at most 255 octets")]
    TooLong,
    /// A label is empty, longer than 63 octets, or has a hyphen at its edge or a character that is
    /// neither letter, digit nor hyphen.
    #[error(
        "the labels of a domain name have 1 to 63 letters, digits and hyphens, no hyphen at the \
         edge, and are separated by single dots"
    )]
    BadLabel,
    /// The last label is a number, so this is an IP address.
    #[error("an IP address is not a domain name")]
    IpAddress,
    /// UTS-46 finds no A-label for an international name.
    #[error("not a valid international domain name (UTS-46)")]
    BadInternational,
}

impl DomainName {
    /// The longest name, in octets (RFC 5321 §4.5.3.1.2).
    pub const MAX_OCTETS: usize = 255;

    /// Reads a name in any spelling: upper or lower case, U-labels or A-labels.
    ///
    /// # Errors
    /// Says which rule the text breaks. No such domain can exist.
    pub fn parse(text: &str) -> Result<Self, DomainNameError> {
        let canonical = if text.is_ascii() {
            text.to_ascii_lowercase()
        } else {
            // A label never shrinks below a quarter of its UTF-8 length by UTS-46 mapping; the
            // bound keeps the conversion cheap for hostile keys.
            if text.len() > 4 * Self::MAX_OCTETS {
                return Err(DomainNameError::TooLong);
            }
            Uts46::new()
                .to_ascii(
                    text.as_bytes(),
                    AsciiDenyList::STD3,
                    Hyphens::CheckFirstLast,
                    DnsLength::Ignore,
                )
                .map_err(|_| DomainNameError::BadInternational)?
                .into_owned()
        };
        check(&canonical)?;
        Ok(Self(canonical.into_boxed_str()))
    }

    /// The canonical spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as people read it, with U-labels where they exist.
    pub fn to_unicode(&self) -> String {
        if !self.0.contains("xn--") {
            return self.0.to_string();
        }
        let (unicode, valid) =
            Uts46::new().to_unicode(self.0.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow);
        if valid.is_ok() { unicode.into_owned() } else { self.0.to_string() }
    }

    /// Whether this domain lies in another one.
    pub fn is_below(&self, parent: &DomainName) -> bool {
        self.0.strip_suffix(parent.as_str()).is_some_and(|rest| rest.ends_with('.'))
    }

    /// The domains this one lies in, nearest first, without the top-level label alone.
    pub fn parents(&self) -> impl Iterator<Item = DomainName> {
        let mut rest: &str = &self.0;
        std::iter::from_fn(move || {
            let (_, parent) = rest.split_once('.')?;
            rest = parent;
            parent.contains('.').then(|| DomainName(parent.into()))
        })
    }
}

fn check(name: &str) -> Result<(), DomainNameError> {
    if name.is_empty() {
        return Err(DomainNameError::Empty);
    }
    if name.len() > DomainName::MAX_OCTETS {
        return Err(DomainNameError::TooLong);
    }
    let mut last = "";
    for label in name.split('.') {
        let well_formed = (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-');
        if !well_formed {
            return Err(DomainNameError::BadLabel);
        }
        last = label;
    }
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DomainNameError::IpAddress);
    }
    Ok(())
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainName({})", self.0)
    }
}

impl std::str::FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_has_one_canonical_form() {
        let long_label = "a".repeat(63);
        let table: &[(&str, Result<&str, DomainNameError>, &str)] = &[
            ("example.org", Ok("example.org"), "canonical already"),
            ("Example.ORG", Ok("example.org"), "case folds"),
            ("bücher.example", Ok("xn--bcher-kva.example"), "U-label"),
            ("BÜCHER.example", Ok("xn--bcher-kva.example"), "upper-case U-label"),
            ("XN--BCHER-KVA.example", Ok("xn--bcher-kva.example"), "A-label"),
            ("faß.example", Ok("xn--fa-hia.example"), "UTS-46 non-transitional keeps sharp s"),
            ("bücher。example", Ok("xn--bcher-kva.example"), "ideographic full stop"),
            ("xn--a.example", Ok("xn--a.example"), "A-labels are not decoded"),
            ("localhost", Ok("localhost"), "a single label"),
            ("a-b.1.example", Ok("a-b.1.example"), "digits and hyphens"),
            (&long_label, Ok(&long_label), "63 octets"),
            ("", Err(DomainNameError::Empty), "nothing"),
            (".", Err(DomainNameError::BadLabel), "no labels"),
            ("example.org.", Err(DomainNameError::BadLabel), "trailing dot"),
            (".example.org", Err(DomainNameError::BadLabel), "leading dot"),
            ("a..b", Err(DomainNameError::BadLabel), "doubled dot"),
            ("-a.example", Err(DomainNameError::BadLabel), "hyphen first"),
            ("a-.example", Err(DomainNameError::BadLabel), "hyphen last"),
            ("a_b.example", Err(DomainNameError::BadLabel), "underscore"),
            ("a b.example", Err(DomainNameError::BadLabel), "space"),
            ("[127.0.0.1]", Err(DomainNameError::BadLabel), "address literal"),
            ("127.0.0.1", Err(DomainNameError::IpAddress), "IP address"),
            ("*", Err(DomainNameError::BadLabel), "the transport wildcard"),
            ("-ü.example", Err(DomainNameError::BadInternational), "hyphen before U-label"),
        ];
        for (text, expected, why) in table {
            let got = DomainName::parse(text);
            let got = got.as_ref().map(DomainName::as_str).map_err(|e| *e);
            assert_eq!(got, *expected, "{text}: {why}");
        }
        assert_eq!(DomainName::parse(&"a".repeat(64)), Err(DomainNameError::BadLabel));
        assert_eq!(DomainName::parse(&"a.".repeat(130)), Err(DomainNameError::TooLong));
        assert_eq!(DomainName::parse(&"ü".repeat(5000)), Err(DomainNameError::TooLong));
    }

    #[test]
    fn parents_come_nearest_first_and_stop_before_the_top() {
        let name = DomainName::parse("a.b.example.org").unwrap();
        let parents: Vec<_> = name.parents().map(|p| p.to_string()).collect();
        assert_eq!(parents, ["b.example.org", "example.org"]);
    }
}
