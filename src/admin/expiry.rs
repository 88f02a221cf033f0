//! Dates on which something ends.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::mail::Timestamp;

/// The moment from which something is over: a date, which is over at its beginning in UTC, or a
/// date and time with its offset.
///
/// ```
/// use postcote::admin::Expiry;
/// let midnight: Expiry = "2030-01-01".parse()?;
/// let later: Expiry = "2030-01-01T01:00:00+01:00".parse()?;
/// assert_eq!(midnight, later);
/// # Ok::<(), postcote::admin::ExpiryError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry(pub Timestamp);

/// Why a text is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a date is written `2030-12-31` or `2030-12-31T18:00:00Z` (RFC 3339)")]
pub struct ExpiryError;

impl std::str::FromStr for Expiry {
    type Err = ExpiryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let date_only = text.len() == "2030-12-31".len();
        let whole = if date_only { format!("{text}T00:00:00Z") } else { text.to_owned() };
        let time = OffsetDateTime::parse(&whole, &Rfc3339).map_err(|_| ExpiryError)?;
        Ok(Self(Timestamp(time.unix_timestamp())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_begin_at_midnight_utc() {
        let table = [
            ("1970-01-02", Ok(86_400)),
            ("2030-12-31T18:00:00Z", Ok(1_924_970_400)),
            ("2030-02-30", Err(ExpiryError)),
            ("31.12.2030", Err(ExpiryError)),
            ("tomorrow", Err(ExpiryError)),
            ("", Err(ExpiryError)),
        ];
        for (text, expected) in table {
            let got = text.parse::<Expiry>().map(|expiry| expiry.0.0);
            assert_eq!(got, expected, "{text}");
        }
    }
}
