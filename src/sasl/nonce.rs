//! What makes an exchange unlike all others.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters that nobody can guess and that are used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// How many random bytes make a nonce that nobody can guess.
    pub const BYTES: usize = 18;

    /// A nonce of these random bytes.
    pub fn new(random: [u8; Self::BYTES]) -> Self {
        Self(STANDARD.encode(random))
    }

    /// A nonce of these characters. `None` if they are none that SCRAM allows: all of ASCII that is
    /// printed, without space and comma.
    pub fn parse(text: &str) -> Option<Self> {
        is_nonce(text).then(|| Self(text.to_owned()))
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether SCRAM allows this as a nonce.
pub(super) fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_printed() {
        let nonce = Nonce::new([0xff; Nonce::BYTES]);
        assert_eq!(nonce.as_str(), "/".repeat(24));
        assert_eq!(Nonce::parse(nonce.as_str()), Some(nonce));
        for text in ["", "a,b", "a b", "ä", "a\n", "\0"] {
            assert_eq!(Nonce::parse(text), None, "{text:?}");
        }
    }
}
