//! CRAM-MD5 and HMAC-MD5: HMAC-MD5 of the password, stopped before the challenge (RFC 2195).

use md5::block_api::compress;
use subtle::ConstantTimeEq as _;

use crate::mail::{PasswordHash, Scheme};
use crate::password::data::Data;
use crate::password::digest::Digest;
use crate::password::stored::Stored;
use crate::password::{VerifyError, plain_text};

/// The states of the outer and of the inner MD5 after the padded password, four words each, as
/// Dovecot stores them: a response to a challenge can be computed from it, the password not.
#[derive(Clone)]
pub struct CramMd5Context([u8; Self::OCTETS]);

impl CramMd5Context {
    /// The length of what is stored.
    pub const OCTETS: usize = 32;

    /// The context of a stored hash of CRAM-MD5 or HMAC-MD5, or of a stored password; others have
    /// none.
    ///
    /// # Errors
    /// What is stored is no such hash.
    pub fn of(hash: &PasswordHash) -> Result<Option<Self>, VerifyError> {
        use secrecy::ExposeSecret as _;
        match hash.scheme() {
            Scheme::CramMd5 | Scheme::HmacMd5 => Self::read(&Data::of(hash)?).map(Some),
            _ => Ok(plain_text(hash)?.map(|password| Self::of_password(password.expose_secret()))),
        }
    }

    /// The octets: outer state, inner state, words with their low octet first.
    pub fn octets(&self) -> &[u8; Self::OCTETS] {
        &self.0
    }

    pub(super) fn read(data: &Data) -> Result<Self, VerifyError> {
        data.octets().try_into().map(Self).map_err(|_| data.bad("it has not 32 octets"))
    }

    pub(super) fn of_password(password: &[u8]) -> Self {
        const BLOCK: usize = 64;
        let digest;
        let key = if password.len() > BLOCK {
            digest = Digest::Md5.of(&[password]);
            digest.as_slice()
        } else {
            password
        };
        let state = |pad: u8| {
            let mut block = [pad; BLOCK];
            block.iter_mut().zip(key).for_each(|(octet, key)| *octet ^= key);
            // Where every MD5 begins (RFC 1321).
            let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
            compress(&mut state, &[block]);
            state
        };
        let words = [state(0x5c), state(0x36)];
        let mut octets = [0; Self::OCTETS];
        for (place, word) in octets.chunks_exact_mut(4).zip(words.as_flattened()) {
            place.copy_from_slice(&word.to_le_bytes());
        }
        Self(octets)
    }
}

impl Stored for CramMd5Context {
    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        Ok(Self::of_password(password).0.ct_eq(&self.0).into())
    }
}

impl std::fmt::Debug for CramMd5Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CramMd5Context(…)")
    }
}
