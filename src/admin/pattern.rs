//! Which domains or addresses a list shows: `%` stands for any text, everything else for itself.

use tokio_postgres::{Error, Transaction};

use crate::mail::{Address, DomainName, DomainPattern, EntryAddress, Gid, Localpart};
use crate::store::facts;
use crate::store::inventory::Filter;

/// A pattern of domain names or addresses.
///
/// With an `@`, local part and domain must match, each by its own half; without one, either of
/// them is enough. Domains match by any of their names, in Unicode or in A-labels.
///
/// ```
/// use postcote::admin::Pattern;
/// use postcote::mail::DomainPattern;
/// let pattern: Pattern = "Bü%.example".parse()?;
/// assert!(pattern.matches_domain(&DomainPattern::parse("bücher.example")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As it was given.
    text: String,
    /// Folded; `None` where nothing is asked of the local part.
    localpart: Option<String>,
    /// In lower case.
    domain: String,
    /// Whether either half is enough.
    either: bool,
}

/// What a list shows.
#[derive(Clone, Debug, clap::Args)]
pub struct Selection {
    /// Only those like this; `%` stands for any text
    pub(super) pattern: Option<Pattern>,
}

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pattern has at most one `@`, and no control characters")]
pub struct PatternError;

impl std::str::FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.chars().any(char::is_control) {
            return Err(PatternError);
        }
        let pattern = |localpart, domain: &str, either| Self {
            text: text.to_owned(),
            localpart,
            domain: canonical(domain),
            either,
        };
        if !text.contains('%')
            && let Ok(address) = Address::parse(text)
        {
            let localpart = Some(address.localpart.as_str().to_owned());
            return Ok(pattern(localpart, address.domain.as_str(), false));
        }
        match text.rsplit_once('@') {
            Some((localpart, _)) if localpart.contains('@') => Err(PatternError),
            Some(("" | "%", domain)) => Ok(pattern(None, domain, false)),
            Some((localpart, "")) => Ok(pattern(Some(folded(localpart)), "%", false)),
            Some((localpart, domain)) => Ok(pattern(Some(folded(localpart)), domain, false)),
            None => Ok(pattern(Some(folded(text)), text, true)),
        }
    }
}

/// A whole domain name in A-labels; with wildcards, or if it is none, in lower case.
fn canonical(domain: &str) -> String {
    match DomainName::parse(domain) {
        Ok(name) => name.as_str().to_owned(),
        Err(_) => domain.to_lowercase(),
    }
}

/// Folds what stands between the wildcards as local parts are folded.
fn folded(text: &str) -> String {
    let fold = |piece| match Localpart::from_internal(piece) {
        Ok(localpart) => localpart.as_str().to_owned(),
        Err(_) => piece.to_lowercase(),
    };
    text.split('%').map(fold).collect::<Vec<_>>().join("%")
}

impl Pattern {
    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the domain half matches a name, in Unicode or in A-labels.
    pub fn matches_domain(&self, name: &DomainPattern) -> bool {
        matches(&self.domain, &name.to_string()) || matches(&self.domain, &name.to_unicode())
    }

    /// What the pattern means for the domains that there are.
    pub(super) async fn filter(&self, tx: &Transaction<'_>) -> Result<Filter, Error> {
        let names = facts::names(tx).await?;
        let of_domain = names.iter().filter(|(name, ..)| self.matches_domain(name));
        let mut gids: Vec<Gid> = of_domain.map(|(_, gid, _)| *gid).collect();
        if matches(&self.domain, EntryAddress::EVERYWHERE) {
            gids.push(Gid::DEFAULTS);
        }
        if gids.is_empty()
            && let Ok(name) = DomainName::parse(&self.domain)
            && let Some(domain) = facts::domain_of(tx, &name).await?
        {
            gids.push(domain.gid);
        }
        let localpart = self.localpart.as_deref().map(like);
        Ok(if self.either {
            Filter { gids, localpart: "%".to_owned(), or_localpart: localpart }
        } else {
            let localpart = localpart.unwrap_or_else(|| "%".to_owned());
            Filter { gids, localpart, or_localpart: None }
        })
    }
}

/// What a list without a pattern shows: everything.
pub(super) async fn filter(
    tx: &Transaction<'_>,
    pattern: Option<&Pattern>,
) -> Result<Filter, Error> {
    if let Some(pattern) = pattern {
        return pattern.filter(tx).await;
    }
    let names = facts::names(tx).await?;
    let gids = names.into_iter().filter(|(.., primary)| *primary).map(|(_, gid, _)| gid);
    Ok(Filter {
        gids: gids.chain([Gid::DEFAULTS]).collect(),
        localpart: "%".to_owned(),
        or_localpart: None,
    })
}

/// The same for `LIKE`, where `_` and `\` would mean something.
fn like(text: &str) -> String {
    text.replace('\\', "\\\\").replace('_', "\\_")
}

/// Whether a text is like a pattern.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('%') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut pieces: Vec<&str> = rest.split('%').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = text.find(piece) else { return false };
        text = text.get(at + piece.len()..).unwrap_or_default();
    }
    text.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_stands_for_any_text() {
        let table = [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("%", "", true),
            ("a%", "abc", true),
            ("%c", "abc", true),
            ("%b%", "abc", true),
            ("a%a", "a", false),
            ("a%b%c", "a--b--c", true),
            ("a%b%c", "a--c--b", false),
            ("a_c", "abc", false),
            ("%%", "abc", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn halves_are_read_apart() {
        let table = [
            ("info@example.org", Some("info"), "example.org", false),
            ("Info@BÜCHER.example", Some("info"), "xn--bcher-kva.example", false),
            ("\"a b\"@example.org", Some("a b"), "example.org", false),
            ("INFO%@example.org", Some("info%"), "example.org", false),
            ("%@bü%", None, "bü%", false),
            ("@example.org", None, "example.org", false),
            ("a_b@", Some("a_b"), "%", false),
            ("Straße%", Some("strasse%"), "straße%", true),
        ];
        for (text, localpart, domain, either) in table {
            let got: Pattern = text.parse().unwrap();
            let got = (got.localpart.as_deref(), got.domain.as_str(), got.either);
            assert_eq!(got, (localpart, domain, either), "{text}");
        }
        assert_eq!("a@b@%".parse::<Pattern>(), Err(PatternError));
        assert_eq!(like("a_b\\%"), "a\\_b\\\\%");
    }
}
