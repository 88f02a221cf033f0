//! How much an account may hold.

use std::fmt;

/// A limit on bytes and on messages; 0 means unlimited, as in Dovecot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QuotaLimit {
    /// Bytes, 0 for no limit.
    pub bytes: u64,
    /// Messages, 0 for no limit.
    pub messages: u64,
}

/// Why a text is not a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a size is a whole number with an optional unit b, k, m, g or t (powers of 1024), below 8 EiB"
)]
pub struct SizeError;

/// Reads `500m` or `2G`: a whole number and an optional binary unit.
///
/// # Errors
/// Negative, fractional, unknown unit, or more than a signed 64-bit number holds.
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.trim_end_matches(|c: char| !c.is_ascii_digit());
    let unit = lower.get(digits.len()..).unwrap_or_default();
    let shift = match unit {
        "" | "b" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(SizeError),
    };
    let number: u64 = digits.parse().map_err(|_| SizeError)?;
    let bytes = number.checked_mul(1 << shift).ok_or(SizeError)?;
    // PostgreSQL keeps it in a bigint.
    if i64::try_from(bytes).is_ok() { Ok(bytes) } else { Err(SizeError) }
}

impl fmt::Display for QuotaLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.bytes, self.messages) {
            (0, 0) => f.write_str("unlimited"),
            (bytes, 0) => f.write_str(&exact_size(bytes)),
            (0, messages) => write!(f, "{messages} messages"),
            (bytes, messages) => write!(f, "{}, {messages} messages", exact_size(bytes)),
        }
    }
}

/// A size as people read it: the largest unit of which it has one at least, with one decimal.
///
/// ```
/// assert_eq!(postcote::mail::human_size(1 << 31), "2.0 GiB");
/// assert_eq!(postcote::mail::human_size(1023), "1023 bytes");
/// ```
pub fn human_size(bytes: u64) -> String {
    let units = [(60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    match units.into_iter().find(|(shift, _)| bytes >> shift > 0) {
        Some((shift, unit)) => {
            let tenths = (u128::from(bytes) * 10) >> shift;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

/// A size that somebody has set, in the largest unit that needs no fraction.
///
/// ```
/// assert_eq!(postcote::mail::exact_size(1 << 31), "2 GiB");
/// assert_eq!(postcote::mail::exact_size(1025), "1025 bytes");
/// ```
pub fn exact_size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let exact = units.into_iter().find(|(shift, _)| bytes >> shift << shift == bytes);
    match exact {
        Some((shift, unit)) if bytes > 0 => format!("{} {unit}", bytes >> shift),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_binary() {
        let table = [
            ("0", Ok(0)),
            ("500", Ok(500)),
            ("500b", Ok(500)),
            ("1k", Ok(1024)),
            ("2G", Ok(2 << 30)),
            ("3t", Ok(3 << 40)),
            ("-1", Err(SizeError)),
            ("1.5g", Err(SizeError)),
            ("", Err(SizeError)),
            ("g", Err(SizeError)),
            ("1gb", Err(SizeError)),
            ("9999999t", Err(SizeError)),
        ];
        for (text, expected) in table {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }

    #[test]
    fn limits_read_well() {
        let table =
            [(0, 0, "unlimited"), (2 << 30, 0, "2 GiB"), (1025, 9, "1025 bytes, 9 messages")];
        for (bytes, messages, expected) in table {
            assert_eq!(QuotaLimit { bytes, messages }.to_string(), expected);
        }
    }
}
