//! How the data of a stored password are written, and what stands between the braces.

use std::fmt;

use crate::mail::{PasswordHashError, Scheme};

/// How the data of a stored password are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// With the letters, digits, `+` and `/` of RFC 4648, padded.
    Base64,
    /// Two hexadecimal digits an octet.
    Hex,
}

impl Encoding {
    /// Reads a suffix, in any case.
    pub(super) fn parse(name: &str) -> Result<Self, PasswordHashError> {
        match name.to_ascii_uppercase().as_str() {
            "B64" | "BASE64" => Ok(Self::Base64),
            "HEX" => Ok(Self::Hex),
            _ => Err(PasswordHashError::UnknownEncoding),
        }
    }

    /// Whether data can be of this encoding.
    pub(super) fn fits(self, data: &str) -> bool {
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

    /// The suffix.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "B64",
            Self::Hex => "HEX",
        }
    }
}

/// What stands between the braces of a stored password: a scheme, and how its data are written
/// unless that is left to the scheme.
///
/// ```
/// use postcote::mail::{Encoding, HashForm, Scheme};
/// let form: HashForm = "sha512-crypt.base64".parse()?;
/// assert_eq!(form, HashForm { scheme: Scheme::Sha512Crypt, encoding: Some(Encoding::Base64) });
/// assert_eq!(form.to_string(), "SHA512-CRYPT.B64");
/// # Ok::<(), postcote::mail::PasswordHashError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashForm {
    /// The scheme.
    pub scheme: Scheme,
    /// The suffix; `None` leaves it to the scheme.
    pub encoding: Option<Encoding>,
}

impl HashForm {
    /// Reads a scheme's name with or without a suffix, in any case.
    ///
    /// # Errors
    /// Dovecot has no such scheme, or no such encoding.
    pub fn parse(names: &str) -> Result<Self, PasswordHashError> {
        let (scheme, encoding) = match names.split_once('.') {
            Some((scheme, encoding)) => (scheme, Some(Encoding::parse(encoding)?)),
            None => (names, None),
        };
        Ok(Self { scheme: Scheme::parse(scheme)?, encoding })
    }
}

impl From<Scheme> for HashForm {
    fn from(scheme: Scheme) -> Self {
        Self { scheme, encoding: None }
    }
}

impl fmt::Display for HashForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.encoding {
            None => self.scheme.fmt(f),
            Some(encoding) => write!(f, "{}.{}", self.scheme, encoding.as_str()),
        }
    }
}

impl std::str::FromStr for HashForm {
    type Err = PasswordHashError;

    fn from_str(names: &str) -> Result<Self, Self::Err> {
        Self::parse(names)
    }
}
