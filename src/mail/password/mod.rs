//! A stored password: a scheme and what the scheme made of the password.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A stored password as Dovecot writes it, `{SCHEME}data` or `{SCHEME.ENCODING}data`. For some
/// schemes the data are the password itself, so `Debug` shows the scheme only.
///
/// ```
/// use postcote::mail::{PasswordHash, Scheme};
/// let hash = PasswordHash::parse("{sha512-crypt}$6$salt$digest")?;
/// assert_eq!(hash.scheme(), Scheme::Sha512Crypt);
/// assert_eq!(hash.expose(), "{SHA512-CRYPT}$6$salt$digest");
/// assert_eq!(format!("{hash:?}"), "PasswordHash({SHA512-CRYPT}…)");
/// # Ok::<(), postcote::mail::PasswordHashError>(())
/// ```
#[derive(Clone)]
pub struct PasswordHash {
    scheme: Scheme,
    encoding: Option<Encoding>,
    text: SecretString,
}

/// Why a text is no stored password. Never shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordHashError {
    /// No scheme in braces at the start.
    #[error("a password hash starts with its scheme in braces, like `{{SHA512-CRYPT}}$6$…`")]
    NoScheme,
    /// Dovecot has no scheme of this name.
    #[error("no password scheme has this name")]
    UnknownScheme,
    /// An encoding other than those of Dovecot.
    #[error("the encodings of a password hash are HEX, B64 and BASE64")]
    UnknownEncoding,
    /// Nothing after the scheme.
    #[error("the hash is empty, and an empty password would let everybody in")]
    Empty,
    /// The hash does not look as hashes of its scheme do.
    #[error("hashes of {0} start with `{1}`")]
    BadStart(Scheme, &'static str),
    /// Characters that the encoding does not have.
    #[error("the hash has characters that its encoding has not")]
    BadEncoding,
    /// Control characters or more than 1000 octets.
    #[error("a password hash has no control characters and at most 1000 octets")]
    BadText,
}

/// How the data of a stored password are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Base64,
    Hex,
}

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
            fn start(self) -> &'static str {
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
    /// MD5-crypt.
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

impl Scheme {
    /// Reads a scheme's name, in any case.
    ///
    /// # Errors
    /// Dovecot has no scheme of this name.
    pub fn parse(name: &str) -> Result<Self, PasswordHashError> {
        let known = Self::ALL.iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(name));
        known.copied().ok_or(PasswordHashError::UnknownScheme)
    }
}

impl PasswordHash {
    /// The longest stored password, in octets.
    pub const MAX_OCTETS: usize = 1000;

    /// Reads `{SCHEME}data`, with or without an encoding; names are stored in capitals.
    ///
    /// # Errors
    /// Says which rule the text breaks. What passes may still be a hash that nobody can match.
    pub fn parse(text: &str) -> Result<Self, PasswordHashError> {
        let braced = text.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (names, data) = braced.ok_or(PasswordHashError::NoScheme)?;
        let (scheme, encoding) = match names.split_once('.') {
            Some((scheme, encoding)) => (scheme, Some(Encoding::parse(encoding)?)),
            None => (names, None),
        };
        Self::new(Scheme::parse(scheme)?, encoding, data)
    }

    /// What a scheme made of a password, without an encoding.
    ///
    /// # Errors
    /// Says which rule the data break.
    pub fn of(scheme: Scheme, data: &str) -> Result<Self, PasswordHashError> {
        Self::new(scheme, None, data)
    }

    fn new(
        scheme: Scheme,
        encoding: Option<Encoding>,
        data: &str,
    ) -> Result<Self, PasswordHashError> {
        if data.is_empty() {
            return Err(PasswordHashError::Empty);
        }
        match encoding {
            None if !data.starts_with(scheme.start()) => {
                return Err(PasswordHashError::BadStart(scheme, scheme.start()));
            }
            Some(encoding) if !encoding.fits(data) => return Err(PasswordHashError::BadEncoding),
            _ => {}
        }
        let text = format!("{{{}}}{data}", names(scheme, encoding));
        if text.len() > Self::MAX_OCTETS || text.chars().any(char::is_control) {
            return Err(PasswordHashError::BadText);
        }
        Ok(Self { scheme, encoding, text: text.into() })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The text as it is stored: for the database and for Dovecot, never for a log.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

fn names(scheme: Scheme, encoding: Option<Encoding>) -> String {
    match encoding {
        None => scheme.as_str().to_owned(),
        Some(Encoding::Base64) => format!("{scheme}.B64"),
        Some(Encoding::Hex) => format!("{scheme}.HEX"),
    }
}

impl Encoding {
    fn parse(name: &str) -> Result<Self, PasswordHashError> {
        match name.to_ascii_uppercase().as_str() {
            "B64" | "BASE64" => Ok(Self::Base64),
            "HEX" => Ok(Self::Hex),
            _ => Err(PasswordHashError::UnknownEncoding),
        }
    }

    fn fits(self, data: &str) -> bool {
        match self {
            Self::Hex => {
                data.len().is_multiple_of(2) && data.bytes().all(|b| b.is_ascii_hexdigit())
            }
            Self::Base64 => {
                let digits = data.trim_end_matches('=');
                digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
                    && data.len() - digits.len() <= 2
                    && !digits.is_empty()
            }
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({{{}}}…)", names(self.scheme, self.encoding))
    }
}

impl std::str::FromStr for PasswordHash {
    type Err = PasswordHashError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
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
    fn hashes_have_a_scheme_and_data() {
        use PasswordHashError as E;
        let long = format!("{{PLAIN}}{}", "x".repeat(1000));
        let table = [
            ("{PLAIN}test", Ok("{PLAIN}test")),
            ("{plain}Test", Ok("{PLAIN}Test")),
            ("{PLAIN}{PLAIN}x", Ok("{PLAIN}{PLAIN}x")),
            ("{ssha256.hex}00ff", Ok("{SSHA256.HEX}00ff")),
            (
                "{SHA.BASE64}qUqP5cyxm6YcTAhz05Hph5gvu9M=",
                Ok("{SHA.B64}qUqP5cyxm6YcTAhz05Hph5gvu9M="),
            ),
            ("{BLF-CRYPT}$2y$05$abc", Ok("{BLF-CRYPT}$2y$05$abc")),
            ("{SCRAM-SHA-256}4096,a,b,c", Ok("{SCRAM-SHA-256}4096,a,b,c")),
            ("$6$salt$digest", Err(E::NoScheme)),
            ("{PLAIN", Err(E::NoScheme)),
            ("{}x", Err(E::UnknownScheme)),
            ("{ROT13}grfg", Err(E::UnknownScheme)),
            ("{PLAIN.UU}x", Err(E::UnknownEncoding)),
            ("{PLAIN}", Err(E::Empty)),
            ("{SHA.HEX}0g", Err(E::BadEncoding)),
            ("{SHA.HEX}0", Err(E::BadEncoding)),
            ("{SHA.B64}===", Err(E::BadEncoding)),
            ("{SHA512-CRYPT}$5$x", Err(E::BadStart(Scheme::Sha512Crypt, "$6$"))),
            ("{ARGON2ID}$argon2i$v=19", Err(E::BadStart(Scheme::Argon2id, "$argon2id$"))),
            ("{PLAIN}a\nb", Err(E::BadText)),
            (&long, Err(E::BadText)),
        ];
        for (text, expected) in table {
            let got = PasswordHash::parse(text);
            let got = got.as_ref().map(PasswordHash::expose).map_err(|e| *e);
            assert_eq!(got, expected, "{text}");
        }
    }

    #[test]
    fn nothing_shows_the_data() {
        let hash = PasswordHash::parse("{PLAIN.HEX}7465737431323334").unwrap();
        assert_eq!(format!("{hash:?}"), "PasswordHash({PLAIN.HEX}…)");
    }

    #[test]
    fn schemes_are_alphabetical() {
        let names: Vec<_> = Scheme::ALL.iter().map(|scheme| scheme.as_str()).collect();
        assert!(names.is_sorted(), "{names:?}");
    }
}
