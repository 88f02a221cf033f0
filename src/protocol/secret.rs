//! What a client sent and no log may show: a password, or the proof of one.

use std::fmt;

use secrecy::{ExposeSecret, SecretSlice};
use subtle::ConstantTimeEq as _;

/// Bytes that are wiped when they are dropped, that `Debug` does not show, and that are compared in
/// a time which tells nothing but their length.
pub struct Secret(SecretSlice<u8>);

impl Secret {
    /// The bytes themselves.
    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_compared_and_not_shown() {
        let secret = Secret::from(b"sekrit".to_vec());
        assert_eq!(secret, Secret::from(b"sekrit".to_vec()));
        assert_ne!(secret, Secret::from(b"sekrit!".to_vec()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }
}
