//! The cookie of an auth connection: who knows it may fetch the logins made there.

use std::fmt;

use bytes::{BufMut, BytesMut};
use subtle::ConstantTimeEq as _;

/// 16 random bytes, 32 hexadecimal digits on the wire. Compared in constant time; `Debug` does not
/// show them.
#[derive(Clone)]
pub struct Cookie([u8; Self::BYTES]);

impl Cookie {
    /// How many bytes a cookie has.
    pub const BYTES: usize = 16;

    /// A cookie of these bytes, which nobody may be able to guess.
    pub fn new(random: [u8; Self::BYTES]) -> Self {
        Self(random)
    }

    /// Reads 32 hexadecimal digits.
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != Self::BYTES || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; Self::BYTES];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Self(bytes))
    }

    /// Appends the digits.
    pub(super) fn encode(&self, output: &mut BytesMut) {
        for byte in self.0 {
            output.put_slice(format!("{byte:02x}").as_bytes());
        }
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| value.try_into().ok())
}

impl PartialEq for Cookie {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Cookie {}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_have_32_digits() {
        let cookie = Cookie::parse(b"5a5adebb63274f9f0c1a2f3d98788c5b").unwrap();
        let mut digits = BytesMut::new();
        cookie.encode(&mut digits);
        assert_eq!(&digits[..], b"5a5adebb63274f9f0c1a2f3d98788c5b");
        assert_eq!(Cookie::parse(b"5A5ADEBB63274F9F0C1A2F3D98788C5B"), Some(cookie.clone()));
        assert_ne!(Cookie::new([0; 16]), cookie);
        assert_eq!(format!("{cookie:?}"), "Cookie(…)");
        let bad: [&[u8]; 4] = [
            b"",
            b"5a5adebb63274f9f0c1a2f3d98788c5",
            b"5a5adebb63274f9f0c1a2f3d98788c5b0",
            b"5a5adebb63274f9f0c1a2f3d98788c5g",
        ];
        for digits in bad {
            assert_eq!(Cookie::parse(digits), None, "{}", digits.escape_ascii());
        }
    }
}
