//! What is known to be wrong with a stored hash.

use crate::mail::{Dovecot24, PasswordHash, Scheme};
use crate::password::data::Data;

/// The scheme whose name says how the hash was made: `{CRYPT}` may hold any method of crypt(3).
pub fn method(hash: &PasswordHash) -> Scheme {
    let scheme = hash.scheme();
    if !matches!(scheme, Scheme::Crypt | Scheme::DesCrypt) {
        return scheme;
    }
    let Ok(data) = Data::of(hash) else { return scheme };
    let methods = [
        (b"$1$".as_slice(), Scheme::Md5Crypt),
        (b"$2", Scheme::BlfCrypt),
        (b"$5$", Scheme::Sha256Crypt),
        (b"$6$", Scheme::Sha512Crypt),
        (b"$", scheme),
    ];
    let octets = data.octets();
    let found = methods.into_iter().find(|(start, _)| octets.starts_with(start));
    found.map_or(Scheme::DesCrypt, |(_, method)| method)
}

/// Why the hash is weak, for a sentence that begins "the hash is weak:".
pub fn weakness(hash: &PasswordHash) -> Option<&'static str> {
    method(hash).weakness()
}

/// Whether Dovecot 2.4 answers every login by this hash with a temporary failure, unless it is
/// told `auth_allow_weak_schemes = yes`.
pub fn is_refused_by_dovecot_24(hash: &PasswordHash) -> bool {
    match hash.scheme().dovecot_24() {
        Dovecot24::Accepts => false,
        Dovecot24::Refuses => true,
        Dovecot24::RefusesOldHashes => method(hash).dovecot_24() == Dovecot24::Refuses,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_hashes_are_known_whatever_they_are_called() {
        let table = [
            ("{CRYPT}$1$salt$hash", Scheme::Md5Crypt, true),
            ("{CRYPT.HEX}24312473616c742468617368", Scheme::Md5Crypt, true),
            ("{CRYPT}JBOZ0DgmtucwE", Scheme::DesCrypt, true),
            ("{CRYPT}$2y$05$abc", Scheme::BlfCrypt, false),
            ("{CRYPT}$6$salt$hash", Scheme::Sha512Crypt, false),
            ("{CRYPT}$y$j9T$salt$hash", Scheme::Crypt, false),
            ("{DES-CRYPT}JBOZ0DgmtucwE", Scheme::DesCrypt, true),
            ("{SSHA}AAAA", Scheme::Ssha, false),
            ("{SMD5}AAAA", Scheme::Smd5, true),
            ("{CRAM-MD5}00", Scheme::CramMd5, false),
            ("{HMAC-MD5}00", Scheme::HmacMd5, true),
        ];
        for (text, expected, refused) in table {
            let hash = PasswordHash::parse(text).unwrap();
            assert_eq!(method(&hash), expected, "{text}");
            assert_eq!(is_refused_by_dovecot_24(&hash), refused, "{text}");
            assert_eq!(weakness(&hash), expected.weakness(), "{text}");
        }
    }
}
