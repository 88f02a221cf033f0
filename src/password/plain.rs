//! Passwords that are stored as they are.

use secrecy::{ExposeSecret, SecretSlice};
use subtle::ConstantTimeEq as _;

use crate::mail::PasswordHash;
use crate::password::VerifyError;
use crate::password::data::Data;
use crate::password::stored::Stored;

/// The password itself, if it is stored: what every challenge can be answered with.
///
/// # Errors
/// What is stored is not in its encoding.
pub fn plain_text(hash: &PasswordHash) -> Result<Option<SecretSlice<u8>>, VerifyError> {
    if !hash.scheme().stores_password() {
        return Ok(None);
    }
    Data::of(hash).map(|data| Some(data.octets().to_vec().into()))
}

/// The password itself.
pub(super) struct StoredPlain(SecretSlice<u8>);

impl StoredPlain {
    pub(super) fn read(data: &Data) -> Self {
        Self(data.octets().to_vec().into())
    }
}

impl Stored for StoredPlain {
    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        Ok(password.ct_eq(self.0.expose_secret()).into())
    }
}

/// The beginning of a password, as `LENGTH-BEGINNING`. What has more than LENGTH octets matches by
/// those; that all of a password was stored shows by its being shorter than LENGTH.
pub(super) struct StoredBeginning {
    octets: SecretSlice<u8>,
    is_cut: bool,
}

impl StoredBeginning {
    pub(super) fn read(data: &Data) -> Result<Self, VerifyError> {
        let octets = data.octets();
        let dash = octets.iter().position(|octet| *octet == b'-');
        let Some((length, [_, rest @ ..])) = dash.and_then(|at| octets.split_at_checked(at)) else {
            return Err(data.bad("it does not start with a length and a `-`"));
        };
        let digits =
            std::str::from_utf8(length).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()));
        // Dovecot takes no digit at all for zero.
        let length = match digits {
            Some("") => Some(0),
            Some(digits) => digits.parse::<usize>().ok(),
            None => None,
        };
        let length = length.ok_or(data.bad("it does not start with a length and a `-`"))?;
        Ok(Self { is_cut: rest.len() == length, octets: rest.to_vec().into() })
    }
}

impl Stored for StoredBeginning {
    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        let stored = self.octets.expose_secret();
        let compared = match password.split_at_checked(stored.len()) {
            Some((beginning, _)) if self.is_cut => beginning,
            _ => password,
        };
        Ok(compared.ct_eq(stored).into())
    }
}
