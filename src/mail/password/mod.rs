//! A stored password: a scheme and what the scheme made of the password.
//!
//! This is vocabulary; [`password`](crate::password) makes and verifies such hashes.

mod encoding;
mod scheme;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

pub use encoding::{Encoding, HashForm};
pub use scheme::{Dovecot24, Scheme, Strength};

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
    form: HashForm,
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
        Self::new(HashForm::parse(names)?, data)
    }

    /// What a scheme made of a password, `data` in the encoding that `form` says.
    ///
    /// # Errors
    /// Says which rule the data break.
    pub fn new(form: HashForm, data: &str) -> Result<Self, PasswordHashError> {
        if data.is_empty() {
            return Err(PasswordHashError::Empty);
        }
        match form.encoding {
            None if !data.starts_with(form.scheme.start()) => {
                return Err(PasswordHashError::BadStart(form.scheme, form.scheme.start()));
            }
            Some(encoding) if !encoding.fits(data) => return Err(PasswordHashError::BadEncoding),
            _ => {}
        }
        let text = format!("{{{form}}}{data}");
        if text.len() > Self::MAX_OCTETS || text.chars().any(char::is_control) {
            return Err(PasswordHashError::BadText);
        }
        Ok(Self { form, text: text.into() })
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.form.scheme
    }

    /// What stands between the braces.
    pub fn form(&self) -> HashForm {
        self.form
    }

    /// What stands behind the braces, in the encoding that the form says.
    pub fn data(&self) -> &str {
        self.expose().split_once('}').map_or("", |(_, data)| data)
    }

    /// The text as it is stored: for the database and for Dovecot, never for a log.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }
}

impl PartialEq for PasswordHash {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for PasswordHash {}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PasswordHash({{{}}}…)", self.form)
    }
}

impl std::str::FromStr for PasswordHash {
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
}
