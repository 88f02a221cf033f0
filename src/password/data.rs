//! The data of a stored password, out of their encoding and into it.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretSlice};

use crate::mail::{Encoding, HashForm, PasswordHash, PasswordHashError, Scheme};
use crate::password::{HashError, VerifyError};

/// What stands behind the braces, decoded.
pub(super) struct Data {
    pub(super) scheme: Scheme,
    octets: SecretSlice<u8>,
}

/// Padding is written and not insisted on.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Data {
    pub(super) fn of(hash: &PasswordHash) -> Result<Self, VerifyError> {
        let HashForm { scheme, encoding } = hash.form();
        let data = hash.data();
        let octets = match (encoding, digest_octets(scheme)) {
            (Some(Encoding::Hex), _) => from_hex(data),
            // Dovecot tells the encoding of a digest by its length if no suffix names one.
            (None, Some(octets)) if data.len() == octets * 2 => {
                from_hex(data).or_else(|| from_base64(data))
            }
            (None, None) if scheme.default_encoding().is_none() => Some(data.as_bytes().to_vec()),
            _ => from_base64(data),
        };
        let why = "its characters are not those of its encoding";
        let octets = octets.ok_or(VerifyError::BadHash { scheme, why })?;
        Ok(Self { scheme, octets: octets.into() })
    }

    /// What was encoded.
    pub(super) fn octets(&self) -> &[u8] {
        self.octets.expose_secret()
    }

    /// The data of a scheme whose hashes are text.
    pub(super) fn text(&self) -> Result<&str, VerifyError> {
        let text = std::str::from_utf8(self.octets()).ok().filter(|text| text.is_ascii());
        text.ok_or(self.bad("it has characters beyond ASCII"))
    }

    pub(super) fn bad(&self, why: &'static str) -> VerifyError {
        VerifyError::BadHash { scheme: self.scheme, why }
    }
}

/// A hash of these octets, encoded as its form says.
pub(super) fn stored(form: HashForm, octets: &[u8]) -> Result<PasswordHash, HashError> {
    let data = match form.encoding.or(form.scheme.default_encoding()) {
        Some(Encoding::Base64) => BASE64.encode(octets),
        Some(Encoding::Hex) => to_hex(octets),
        None => match std::str::from_utf8(octets) {
            Ok(text) => text.to_owned(),
            Err(_) => return Err(HashError::Unstorable(PasswordHashError::BadText)),
        },
    };
    Ok(PasswordHash::new(form, &data)?)
}

/// The octets of schemes that store a digest and nothing else.
fn digest_octets(scheme: Scheme) -> Option<usize> {
    Some(match scheme {
        Scheme::DigestMd5 | Scheme::LdapMd5 | Scheme::PlainMd4 | Scheme::PlainMd5 => 16,
        Scheme::Sha | Scheme::Sha1 => 20,
        Scheme::CramMd5 | Scheme::HmacMd5 | Scheme::Sha256 => 32,
        Scheme::Sha512 => 64,
        _ => return None,
    })
}

pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

pub(super) fn to_base64(octets: &[u8]) -> String {
    BASE64.encode(octets)
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let octet = |pair: &[u8]| match pair {
        [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
        _ => None,
    };
    pairs.map(octet).collect()
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

pub(super) fn to_hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
