//! Moments, as facts.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970-01-01 00:00 UTC. The pure core is told the time, it never asks.
///
/// It is written as RFC 3339 does, in UTC:
///
/// ```
/// assert_eq!(postcote::mail::Timestamp(86_400).to_string(), "1970-01-02T00:00:00Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = OffsetDateTime::from_unix_timestamp(self.0).ok();
        match time.and_then(|time| time.format(&Rfc3339).ok()) {
            Some(text) => f.write_str(&text),
            // Only years beyond 9999 have no such form.
            None => f.write_str("after 9999"),
        }
    }
}
