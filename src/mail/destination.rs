//! Where an alias, a catch-all or a forward leads: templates with `%n`, `%d`, `%=`, and what they
//! become for one asked address.

use std::fmt;

use crate::mail::address::split;
use crate::mail::localpart::{external, internal, split_at};
use crate::mail::{
    Address, AddressError, Delimiters, DomainName, DomainNameError, Localpart, LocalpartError,
};

/// A destination as it is stored, with placeholders for parts of the address that was asked for.
///
/// | placeholder | becomes |
/// |---|---|
/// | `%n` | the local part asked for |
/// | `%d` | the domain asked for: the alias domain's own name, if the mail came through one |
/// | `%=` | `n=d`, as VERP-like addresses want it |
/// | `%%` | a single `%` |
///
/// Any other `%` stays as it is. Expansion is one pass: what a stranger puts into the address is
/// never expanded again.
///
/// ```
/// use postcote::mail::{Address, DestinationTemplate};
/// let template = DestinationTemplate::parse("postmaster+%d@admin.example.org")?;
/// let asked = Address::parse("postmaster@example.com")?;
/// let destination = template.expand(&asked)?;
/// assert_eq!(destination.to_string(), "postmaster+example.com@admin.example.org");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationTemplate {
    text: Box<str>,
    shape: Shape,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    /// No placeholders: parsed once, answered for ever.
    Fixed(Destination),
    Pieces {
        localpart: Vec<Piece>,
        domain: Vec<Piece>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Localpart,
    Domain,
    Both,
}

/// An address that mail is sent on to. Unlike [`Address`], the local part keeps its case: the host
/// it belongs to may care.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Destination {
    localpart: Box<str>,
    domain: DomainName,
}

/// Why a text is no destination, or a template has no destination for an asked address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Not of the form `localpart@domain`.
    #[error("a destination has the form `localpart@domain`")]
    NoAddress,
    /// The local part breaks a rule.
    #[error(transparent)]
    Localpart(#[from] LocalpartError),
    /// The domain breaks a rule.
    #[error(transparent)]
    Domain(#[from] DomainNameError),
    /// An unquoted local part has a character that would split the list it is answered in.
    #[error("this local part must stand in quotation marks")]
    NeedsQuotes,
    /// The whole is longer than 320 octets.
    #[error("a destination has at most 320 octets")]
    TooLong,
}

impl From<AddressError> for DestinationError {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::NoAt | AddressError::TwoAts => Self::NoAddress,
            AddressError::Localpart(e) => Self::Localpart(e),
            AddressError::Domain(e) => Self::Domain(e),
        }
    }
}

impl DestinationTemplate {
    /// Reads the stored text of a destination.
    ///
    /// # Errors
    /// Says which rule the text breaks, with or without placeholders.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        if text.len() > Destination::MAX_OCTETS {
            return Err(DestinationError::TooLong);
        }
        let (localpart, domain) = split(text)?;
        let quoted = localpart.starts_with('"');
        let localpart = internal(localpart)?;
        if !quoted && localpart.chars().any(|c| "()<>[]:;\\,\"".contains(c) || c.is_whitespace()) {
            return Err(DestinationError::NeedsQuotes);
        }
        if localpart.is_empty() {
            return Err(LocalpartError::Empty.into());
        }
        if localpart.chars().any(char::is_control) {
            return Err(LocalpartError::ControlCharacter.into());
        }
        let localpart = pieces(&localpart);
        let domain = pieces(domain);
        let fixed = |pieces: &[Piece]| pieces.iter().all(|p| matches!(p, Piece::Literal(_)));
        let shape = if fixed(&localpart) && fixed(&domain) {
            let literal = |pieces: &[Piece]| pieces.iter().map(Piece::literal).collect::<String>();
            Shape::Fixed(Destination::new(literal(&localpart), &literal(&domain))?)
        } else {
            check_domain_template(&domain)?;
            Shape::Pieces { localpart, domain }
        };
        Ok(Self { text: text.into(), shape })
    }

    /// The text as it is stored.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The destination, if it is the same for every asked address.
    pub fn fixed(&self) -> Option<&Destination> {
        match &self.shape {
            Shape::Fixed(destination) => Some(destination),
            Shape::Pieces { .. } => None,
        }
    }

    /// The one spelling to store: the domain in A-labels, quotation marks only where needed.
    ///
    /// # Errors
    /// A label has both a placeholder and letters that only an A-label could store.
    pub fn to_canonical(&self) -> Result<Self, DestinationError> {
        match &self.shape {
            Shape::Fixed(destination) => {
                Self::parse(&literal(&destination.localpart, &destination.domain))
            }
            Shape::Pieces { .. } => {
                let (localpart, domain) = split(&self.text)?;
                let labels: Result<Vec<_>, _> = domain.split(FULL_STOPS).map(label).collect();
                Self::parse(&format!("{localpart}@{}", labels?.join(".")))
            }
        }
    }

    /// The destination for one asked address.
    ///
    /// # Errors
    /// The result is no address: too long, or a local part put where a domain must stand.
    pub fn expand(&self, asked: &Address) -> Result<Destination, DestinationError> {
        match &self.shape {
            Shape::Fixed(destination) => Ok(destination.clone()),
            Shape::Pieces { localpart, domain } => {
                Destination::new(fill(localpart, asked), &fill(domain, asked))
            }
        }
    }
}

impl Piece {
    fn literal(&self) -> &str {
        if let Self::Literal(text) = self { text } else { "" }
    }
}

impl From<Address> for DestinationTemplate {
    fn from(address: Address) -> Self {
        let text = literal(address.localpart.as_str(), &address.domain).into_boxed_str();
        Self { text, shape: Shape::Fixed(address.into()) }
    }
}

/// The template of a destination in which nothing is a placeholder.
fn literal(localpart: &str, domain: &DomainName) -> String {
    let mut text = String::new();
    let mut chars = localpart.chars().peekable();
    while let Some(c) = chars.next() {
        text.push(c);
        if c == '%' && chars.peek().is_some_and(|next| "nd=%".contains(*next)) {
            text.push('%');
        }
    }
    format!("{}@{domain}", external(&text))
}

/// What UTS-46 takes for the dot between labels.
const FULL_STOPS: [char; 4] = ['.', '\u{3002}', '\u{FF0E}', '\u{FF61}'];

/// One label of a domain template, with its placeholders, as it is stored.
fn label(label: &str) -> Result<String, DestinationError> {
    if label.is_ascii() {
        Ok(label.to_ascii_lowercase())
    } else {
        // A placeholder fails here, for `%` cannot stand in a domain name.
        Ok(DomainName::parse(label)?.as_str().to_owned())
    }
}

/// Cuts a template into literals and placeholders.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let placeholder = match (c, chars.peek()) {
            ('%', Some('n')) => Some(Piece::Localpart),
            ('%', Some('d')) => Some(Piece::Domain),
            ('%', Some('=')) => Some(Piece::Both),
            ('%', Some('%')) => {
                chars.next();
                None
            }
            _ => None,
        };
        if let Some(placeholder) = placeholder {
            chars.next();
            if !literal.is_empty() {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            pieces.push(placeholder);
        } else {
            literal.push(c);
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    pieces
}

/// Joins the pieces, with the asked address in place of the placeholders.
fn fill(pieces: &[Piece], asked: &Address) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Localpart => text.push_str(asked.localpart.as_str()),
            Piece::Domain => text.push_str(asked.domain.as_str()),
            Piece::Both => {
                text.push_str(asked.localpart.as_str());
                text.push('=');
                text.push_str(asked.domain.as_str());
            }
        }
    }
    text
}

/// A domain with placeholders must be a domain for an ordinary address.
fn check_domain_template(domain: &[Piece]) -> Result<(), DestinationError> {
    let mut trial = String::new();
    for piece in domain {
        match piece {
            Piece::Literal(literal) => trial.push_str(literal),
            Piece::Localpart => trial.push('n'),
            Piece::Domain => trial.push_str("d.example"),
            // `=` cannot stand in a domain name.
            Piece::Both => return Err(DomainNameError::BadLabel.into()),
        }
    }
    DomainName::parse(&trial)?;
    Ok(())
}

impl Destination {
    /// The longest destination, in octets: 64 for the local part would be too strict for `%=`.
    pub const MAX_OCTETS: usize = 320;

    fn new(localpart: String, domain: &str) -> Result<Self, DestinationError> {
        let domain = DomainName::parse(domain)?;
        if localpart.is_empty() {
            return Err(LocalpartError::Empty.into());
        }
        let destination = Self { localpart: localpart.into_boxed_str(), domain };
        if destination.localpart.len() + 1 + destination.domain.as_str().len() > Self::MAX_OCTETS {
            return Err(DestinationError::TooLong);
        }
        Ok(destination)
    }

    /// Reads a plain address without placeholders, in external form; `%` has no meaning here.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, DestinationError> {
        let (localpart, domain) = split(text)?;
        let localpart = internal(localpart)?;
        if localpart.chars().any(char::is_control) {
            return Err(LocalpartError::ControlCharacter.into());
        }
        Self::new(localpart.into_owned(), domain)
    }

    /// The domain.
    pub fn domain(&self) -> &DomainName {
        &self.domain
    }

    /// The canonical address, if the local part is short enough for one of ours.
    pub fn to_address(&self) -> Option<Address> {
        let localpart = Localpart::from_internal(&self.localpart).ok()?;
        Some(Address { localpart, domain: self.domain.clone() })
    }

    /// Hands an extension (with its delimiter) on, unless the destination has one already. Postfix
    /// calls it `propagate_unmatched_extensions`, and cannot do it for socketmap and tcp tables.
    #[must_use]
    pub fn with_extension(&self, extension: &str, delimiters: &Delimiters) -> Self {
        if split_at(&self.localpart, delimiters).is_some() {
            return self.clone();
        }
        let mut localpart = self.localpart.to_string();
        localpart.push_str(extension);
        Self { localpart: localpart.into_boxed_str(), domain: self.domain.clone() }
    }
}

impl From<Address> for Destination {
    fn from(address: Address) -> Self {
        Self { localpart: address.localpart.as_str().into(), domain: address.domain }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", external(&self.localpart), self.domain)
    }
}

impl fmt::Display for DestinationTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for DestinationTemplate {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_expand_in_one_pass() {
        let table = [
            ("box@example.org", "info@example.com", Ok("box@example.org")),
            ("Box@Example.ORG", "info@example.com", Ok("Box@example.org")),
            ("%n@example.org", "info@example.com", Ok("info@example.org")),
            ("%n@%d", "info@example.com", Ok("info@example.com")),
            ("%n@%d.old.example", "info@example.com", Ok("info@example.com.old.example")),
            ("b-%=@example.org", "info@example.com", Ok("b-info=example.com@example.org")),
            ("100%%@example.org", "info@example.com", Ok("100%@example.org")),
            ("%%n@example.org", "info@example.com", Ok("%n@example.org")),
            ("a%x@example.org", "info@example.com", Ok("a%x@example.org")),
            ("%n@example.org", "%d@example.com", Ok("%d@example.org")),
            ("%n-%n@example.org", "%=%n@example.com", Ok("%=%n-%=%n@example.org")),
            ("%n@example.org", "\"a b\"@example.com", Ok("\"a b\"@example.org")),
            ("\"%n x\"@example.org", "info@example.com", Ok("\"info x\"@example.org")),
            (
                "info@%n.example.org",
                "\"a b\"@example.com",
                Err(DestinationError::Domain(DomainNameError::BadLabel)),
            ),
        ];
        for (template, asked, expected) in table {
            let asked = Address::parse(asked).unwrap();
            let got = DestinationTemplate::parse(template).unwrap().expand(&asked);
            let got = got.map(|d| d.to_string());
            assert_eq!(got, expected.map(String::from), "{template} asked for {asked}");
        }
    }

    #[test]
    fn templates_have_one_spelling_to_store() {
        let table = [
            ("Box@Bücher.Example", Ok("Box@xn--bcher-kva.example")),
            ("\"box\"@example.org", Ok("box@example.org")),
            ("\"a b\"@example.org", Ok("\"a b\"@example.org")),
            ("%n@%d.Bücher。Example", Ok("%n@%d.xn--bcher-kva.example")),
            ("%n@%n.Example.ORG", Ok("%n@%n.example.org")),
            ("100%%@example.org", Ok("100%@example.org")),
            ("a%%n@example.org", Ok("a%%n@example.org")),
            ("%%%%@example.org", Ok("%%%@example.org")),
            ("info@ü%n.example", Err(DestinationError::Domain(DomainNameError::BadInternational))),
        ];
        let asked = Address::parse("info@example.com").unwrap();
        for (text, expected) in table {
            let template = DestinationTemplate::parse(text).unwrap();
            let got = template.to_canonical();
            let got = got.as_ref().map(DestinationTemplate::as_str).map_err(|e| *e);
            assert_eq!(got, expected, "{text}");
            if let Ok(canonical) = template.to_canonical() {
                assert_eq!(canonical.expand(&asked), template.expand(&asked), "{text}");
            }
        }
    }

    #[test]
    fn a_result_that_is_too_long_is_refused() {
        let template = format!("{}-%=@example.org", "x".repeat(200));
        let asked = format!("info@{}.example.com", "d".repeat(63));
        let template = DestinationTemplate::parse(&template).unwrap();
        let asked = Address::parse(&asked).unwrap();
        assert!(template.expand(&asked).is_ok());
        let asked = format!("{}@{}.example.com", "n".repeat(64), "d".repeat(63));
        let asked = Address::parse(&asked).unwrap();
        assert_eq!(template.expand(&asked), Err(DestinationError::TooLong));
    }

    #[test]
    fn what_is_no_destination_is_refused() {
        let table = [
            ("box", DestinationError::NoAddress),
            ("a@b@example.org", DestinationError::NoAddress),
            ("@example.org", DestinationError::Localpart(LocalpartError::Empty)),
            ("a b@example.org", DestinationError::NeedsQuotes),
            ("a,b@example.org", DestinationError::NeedsQuotes),
            ("box@", DestinationError::Domain(DomainNameError::Empty)),
            ("box@%=.example.org", DestinationError::Domain(DomainNameError::BadLabel)),
            ("box@-%d", DestinationError::Domain(DomainNameError::BadLabel)),
            ("box@[127.0.0.1]", DestinationError::Domain(DomainNameError::BadLabel)),
        ];
        for (text, expected) in table {
            assert_eq!(DestinationTemplate::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn extensions_go_where_none_is() {
        let table = [
            ("box@example.org", "box+ext@example.org"),
            ("box+own@example.org", "box+own@example.org"),
            ("postmaster@example.org", "postmaster+ext@example.org"),
        ];
        for (text, expected) in table {
            let destination = Destination::parse(text).unwrap();
            let got = destination.with_extension("+ext", &Delimiters::default());
            assert_eq!(got.to_string(), expected);
        }
    }
}
