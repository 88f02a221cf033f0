//! Who may write to an alias, as it is typed.

use std::collections::HashSet;

use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, destinations};
use crate::mail::policy::{AllowedSender, LocalpartPattern, SenderPattern, SenderPatternError};
use crate::mail::{Address, Localpart};
use crate::store::facts;

/// The database takes no more.
const MOST: usize = 1000;

/// Some, or `None`: anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Senders(pub(super) Option<Vec<AllowedSender>>);

/// Why a text does not say who may write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SendersError {
    #[error(
        "a list has authenticated, domain, members or addresses between its commas, or it is the \
         word `anybody` alone"
    )]
    Anybody,
    #[error("`{0}` stands there twice")]
    Twice(AllowedSender),
    #[error("a list has at most {MOST} senders")]
    TooMany,
    #[error(
        "`{0}` is none of authenticated, domain and members, and no address of the form \
         `localpart@domain`: {1}"
    )]
    Neither(String, SenderPatternError),
}

/// Reads `anybody`, or a list with commas.
pub(super) fn senders(text: &str) -> Result<Senders, SendersError> {
    if text == "anybody" {
        return Ok(Senders(None));
    }
    let (mut list, mut seen) = (Vec::new(), HashSet::new());
    for one in pieces(text) {
        let one = one.trim();
        if one.is_empty() || one == "anybody" {
            return Err(SendersError::Anybody);
        }
        let sender = match one {
            "authenticated" | "domain" | "members" => AllowedSender::parse(one),
            _ => SenderPattern::parse_written(one).map(AllowedSender::Pattern),
        };
        let sender = sender.map_err(|why| SendersError::Neither(one.to_owned(), why))?;
        if !seen.insert(sender.to_string()) {
            return Err(SendersError::Twice(sender));
        }
        list.push(sender);
    }
    if list.len() > MOST { Err(SendersError::TooMany) } else { Ok(Senders(Some(list))) }
}

/// What stands between commas that stand in no quotes.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let is_escaped = escaped;
        escaped = quoted && !is_escaped && c == '\\';
        quoted ^= c == '"' && !is_escaped;
        c == ',' && !quoted
    })
}

impl Senders {
    /// Warns of those whom nobody is: addresses of served domains at which nothing stands.
    pub(super) async fn warn(
        &self,
        desk: Desk<'_, '_>,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        for sender in self.0.iter().flatten() {
            let AllowedSender::Pattern(pattern) = sender else { continue };
            let Some(localpart) = exact(&pattern.localpart) else { continue };
            let Some(domain) = facts::domain_of(desk.tx, &pattern.domain).await? else { continue };
            let address = Address { localpart, domain: pattern.domain.clone() };
            if !domain.relayed && destinations::is_stranger(desk, domain.gid, &address).await? {
                let shown = address.to_unicode();
                report.warn(format!("nobody is at `{shown}`, though its domain is served here"));
            }
        }
        Ok(())
    }
}

/// The one local part that a pattern fits, if it is one.
fn exact(pattern: &LocalpartPattern) -> Option<Localpart> {
    let text = pattern.as_str();
    if text.contains('*') { None } else { Localpart::from_internal(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_between_commas_outside_of_quotes() {
        let table = [
            ("members", "members"),
            ("domain, Boss@Example.org", "domain boss@example.org"),
            ("\"a,b\"@example.org,*@bücher.example", "a,b@example.org *@xn--bcher-kva.example"),
            ("\"a\\\",b\"@example.org", "a\",b@example.org"),
        ];
        for (text, expected) in table {
            let read = senders(text).unwrap().0.unwrap();
            let shown: Vec<_> = read.iter().map(ToString::to_string).collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
        assert_eq!(senders("anybody"), Ok(Senders(None)));
        for bad in ["", ",", "members,", "anybody,members", "members,members", "nobody", "a@b@c"] {
            assert!(senders(bad).is_err(), "{bad}");
        }
        let many: Vec<_> = (0..=MOST).map(|number| format!("{number}@a.example")).collect();
        assert_eq!(senders(&many.join(",")), Err(SendersError::TooMany));
    }
}
