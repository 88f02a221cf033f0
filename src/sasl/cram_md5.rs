//! CRAM-MD5: a challenge, answered with `name SPACE digest`, 32 hexadecimal digits.

use crate::sasl::{Nonce, SaslError, name};

/// The challenge: something that looks like a message id (RFC 2195).
pub(super) fn challenge(nonce: &Nonce) -> String {
    format!("<{}@postcote>", nonce.as_str())
}

/// Reads the response: the name, which may have spaces, and the digest.
///
/// # Errors
/// It is not made so.
pub fn read(message: &[u8]) -> Result<(String, [u8; 16]), SaslError> {
    let space = memchr::memrchr(b' ', message).ok_or(SaslError::Malformed)?;
    let (user, digest) = message.split_at_checked(space).ok_or(SaslError::Malformed)?;
    let digest = digest.get(1..).and_then(read_digest).ok_or(SaslError::Malformed)?;
    Ok((name(user)?, digest))
}

fn read_digest(digits: &[u8]) -> Option<[u8; 16]> {
    let is_digest = digits.len() == 32 && digits.iter().all(u8::is_ascii_hexdigit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_digest)?;
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_behind_the_last_space() {
        let digits = "b913a602c7eda7a495b4e6e7334d3890";
        let digest = 0xb913_a602_c7ed_a7a4_95b4_e6e7_334d_3890_u128.to_be_bytes();
        let table: &[(String, Option<&str>)] = &[
            (format!("tim {digits}"), Some("tim")),
            (format!("tim {}", digits.to_uppercase()), Some("tim")),
            (format!("tim the wizard {digits}"), Some("tim the wizard")),
            (format!(" {digits}"), None),
            (format!("tim{digits}"), None),
            (format!("tim {digits}0"), None),
            (format!("tim +{}", &digits[1..]), None),
            (format!("tim {digits} "), None),
            (format!("t\0m {digits}"), None),
            (String::new(), None),
        ];
        for (message, user) in table {
            let expected = user.map(|user| (user.to_owned(), digest)).ok_or(SaslError::Malformed);
            assert_eq!(read(message.as_bytes()), expected, "{message:?}");
        }
        assert_eq!(read(b"\xff b913a602c7eda7a495b4e6e7334d3890"), Err(SaslError::Malformed));
    }
}
