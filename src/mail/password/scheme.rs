//! The password schemes of Dovecot, and what there is to know about each.

use std::fmt;

use crate::mail::PasswordHashError;
use crate::mail::password::encoding::Encoding;

/// Declares the schemes once: name, variant, how data without a suffix start.
macro_rules! schemes {
    ($($(#[$doc:meta])* $variant:ident $name:literal $start:literal;)+) => {
        /// The password schemes of Dovecot 2.3 and 2.4, alphabetically.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Scheme { $($(#[$doc])* $variant,)+ }

        impl Scheme {
            /// Every scheme, alphabetically.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name between the braces.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// How data of this scheme start when no encoding is named.
            pub(super) fn start(self) -> &'static str {
                match self { $(Self::$variant => $start,)+ }
            }
        }
    };
}

schemes! {
    /// Argon2id, known to Dovecot 2.4 only.
    Argon2 "ARGON2" "$argon2";
    /// Argon2i.
    Argon2i "ARGON2I" "$argon2i$";
    /// Argon2id, the default for new passwords.
    Argon2id "ARGON2ID" "$argon2id$";
    /// bcrypt.
    BlfCrypt "BLF-CRYPT" "$2";
    /// The password itself.
    Clear "CLEAR" "";
    /// The password itself.
    Cleartext "CLEARTEXT" "";
    /// The state of HMAC-MD5.
    CramMd5 "CRAM-MD5" "";
    /// Whatever crypt(3) of the system knows.
    Crypt "CRYPT" "";
    /// Traditional DES.
    DesCrypt "DES-CRYPT" "";
    /// MD5 of user, realm and password.
    DigestMd5 "DIGEST-MD5" "";
    /// The state of HMAC-MD5.
    HmacMd5 "HMAC-MD5" "";
    /// MD5 in base64.
    LdapMd5 "LDAP-MD5" "";
    /// MD5-crypt, or MD5 in hex.
    Md5 "MD5" "";
    /// MD5-crypt.
    Md5Crypt "MD5-CRYPT" "";
    /// One-time passwords (RFC 2289).
    Otp "OTP" "";
    /// PBKDF2 with SHA-1.
    Pbkdf2 "PBKDF2" "$1$";
    /// The password itself.
    Plain "PLAIN" "";
    /// MD4 in hex.
    PlainMd4 "PLAIN-MD4" "";
    /// MD5 in hex.
    PlainMd5 "PLAIN-MD5" "";
    /// The beginning of the password, and how long it is.
    PlainTrunc "PLAIN-TRUNC" "";
    /// SCRAM with SHA-1.
    ScramSha1 "SCRAM-SHA-1" "";
    /// SCRAM with SHA-256.
    ScramSha256 "SCRAM-SHA-256" "";
    /// SHA-1.
    Sha "SHA" "";
    /// SHA-1.
    Sha1 "SHA1" "";
    /// SHA-256.
    Sha256 "SHA256" "";
    /// SHA-256 crypt.
    Sha256Crypt "SHA256-CRYPT" "$5$";
    /// SHA-512.
    Sha512 "SHA512" "";
    /// SHA-512 crypt.
    Sha512Crypt "SHA512-CRYPT" "$6$";
    /// Salted MD5.
    Smd5 "SMD5" "";
    /// Salted SHA-1.
    Ssha "SSHA" "";
    /// Salted SHA-256.
    Ssha256 "SSHA256" "";
    /// Salted SHA-512.
    Ssha512 "SSHA512" "";
}

/// How long guessing takes whoever has the stored hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// There is nothing to guess, or billions of guesses a second.
    Weak,
    /// Each guess costs some thousand rounds.
    Acceptable,
    /// Made to resist: each guess takes long, or much memory.
    Strong,
}

/// Whether Dovecot 2.4 lets people log in, unless it is told `auth_allow_weak_schemes = yes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dovecot24 {
    /// It does.
    Accepts,
    /// It refuses the hashes of DES and MD5 and takes the others.
    RefusesOldHashes,
    /// It answers every login with a temporary failure, for ever.
    Refuses,
}

impl Scheme {
    /// Reads a scheme's name, in any case.
    ///
    /// # Errors
    /// Dovecot has no scheme of this name.
    pub fn parse(name: &str) -> Result<Self, PasswordHashError> {
        let known = Self::ALL.iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(name));
        known.copied().ok_or(PasswordHashError::UnknownScheme)
    }

    /// How data are written when the name has no suffix; `None` is text as it is.
    pub fn default_encoding(self) -> Option<Encoding> {
        match self {
            Self::CramMd5 | Self::DigestMd5 | Self::HmacMd5 | Self::PlainMd4 | Self::PlainMd5 => {
                Some(Encoding::Hex)
            }
            Self::LdapMd5
            | Self::Sha
            | Self::Sha1
            | Self::Sha256
            | Self::Sha512
            | Self::Smd5
            | Self::Ssha
            | Self::Ssha256
            | Self::Ssha512 => Some(Encoding::Base64),
            _ => None,
        }
    }

    /// The other names of what this scheme computes.
    pub fn other_names(self) -> &'static [Self] {
        match self {
            Self::Argon2 => &[Self::Argon2id],
            Self::Argon2id => &[Self::Argon2],
            Self::Clear => &[Self::Cleartext, Self::Plain],
            Self::Cleartext => &[Self::Clear, Self::Plain],
            Self::CramMd5 => &[Self::HmacMd5],
            Self::HmacMd5 => &[Self::CramMd5],
            Self::LdapMd5 => &[Self::PlainMd5],
            Self::Md5 => &[Self::Md5Crypt],
            Self::Md5Crypt => &[Self::Md5],
            Self::Plain => &[Self::Clear, Self::Cleartext],
            Self::PlainMd5 => &[Self::LdapMd5],
            Self::Sha => &[Self::Sha1],
            Self::Sha1 => &[Self::Sha],
            _ => &[],
        }
    }

    /// How well hashes of this scheme, as they are made here, keep the password.
    pub fn strength(self) -> Strength {
        match self {
            Self::Argon2
            | Self::Argon2i
            | Self::Argon2id
            | Self::BlfCrypt
            | Self::Crypt
            | Self::Sha256Crypt
            | Self::Sha512Crypt => Strength::Strong,
            Self::Pbkdf2 | Self::ScramSha1 | Self::ScramSha256 => Strength::Acceptable,
            _ => Strength::Weak,
        }
    }

    /// Why the scheme is weak, for a sentence that begins "the scheme is weak:".
    pub fn weakness(self) -> Option<&'static str> {
        Some(match self {
            Self::Clear | Self::Cleartext | Self::Plain | Self::PlainTrunc => {
                "it stores the password itself"
            }
            Self::CramMd5 | Self::HmacMd5 => {
                "who steals it can log in with it by CRAM-MD5, and guessing is fast"
            }
            Self::DesCrypt => "it keeps eight characters, and guessing is fast",
            Self::DigestMd5 => "who steals it can log in with it by DIGEST-MD5",
            Self::LdapMd5
            | Self::PlainMd4
            | Self::PlainMd5
            | Self::Sha
            | Self::Sha1
            | Self::Sha256
            | Self::Sha512 => "equal passwords have equal hashes, and guessing is fast",
            Self::Md5
            | Self::Md5Crypt
            | Self::Otp
            | Self::Smd5
            | Self::Ssha
            | Self::Ssha256
            | Self::Ssha512 => "guessing is fast",
            _ => return None,
        })
    }

    /// What Dovecot 2.4 does with it.
    pub fn dovecot_24(self) -> Dovecot24 {
        match self {
            Self::Crypt => Dovecot24::RefusesOldHashes,
            Self::DesCrypt
            | Self::HmacMd5
            | Self::LdapMd5
            | Self::Md5
            | Self::Md5Crypt
            | Self::PlainMd4
            | Self::PlainMd5
            | Self::Smd5 => Dovecot24::Refuses,
            _ => Dovecot24::Accepts,
        }
    }

    /// Whether Dovecot 2.3 knows it.
    pub fn is_known_to_dovecot_23(self) -> bool {
        self != Self::Argon2
    }

    /// The SASL mechanism, beside those that send the password, for which a stored hash suffices.
    /// Stored passwords suffice for all of them.
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Self::CramMd5 | Self::HmacMd5 => Some("CRAM-MD5"),
            Self::DigestMd5 => Some("DIGEST-MD5"),
            Self::Otp => Some("OTP"),
            Self::ScramSha1 => Some("SCRAM-SHA-1"),
            Self::ScramSha256 => Some("SCRAM-SHA-256"),
            _ => None,
        }
    }

    /// Whether the password itself is stored, all of it.
    pub fn stores_password(self) -> bool {
        matches!(self, Self::Clear | Self::Cleartext | Self::Plain)
    }

    /// Whether postcote makes such hashes; it verifies all of them.
    pub fn can_be_made(self) -> bool {
        self != Self::PlainTrunc
    }

    /// How many octets of a password count, where that are not all.
    pub fn octets_that_count(self) -> Option<usize> {
        match self {
            Self::BlfCrypt | Self::Crypt => Some(72),
            Self::DesCrypt => Some(8),
            _ => None,
        }
    }
}

impl Strength {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Acceptable => "acceptable",
            Self::Strong => "strong",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scheme {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_alphabetical() {
        let names: Vec<_> = Scheme::ALL.iter().map(|scheme| scheme.as_str()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }

    #[test]
    fn weak_schemes_say_why_and_other_names_are_mutual() {
        for scheme in Scheme::ALL.iter().copied() {
            let weak = scheme.strength() == Strength::Weak;
            assert_eq!(scheme.weakness().is_some(), weak, "{scheme}");
            for other in scheme.other_names() {
                assert!(other.other_names().contains(&scheme), "{scheme} and {other}");
                assert_eq!(other.strength(), scheme.strength(), "{scheme} and {other}");
                assert_eq!(other.challenge(), scheme.challenge(), "{scheme} and {other}");
            }
        }
    }
}
