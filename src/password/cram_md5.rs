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

/// What MD5 takes in at once, in octets.
const BLOCK: usize = 64;

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

    /// Whether `digest` is what the password makes of a challenge, compared in constant time.
    ///
    /// ```
    /// use postcote::mail::PasswordHash;
    /// use postcote::password::CramMd5Context;
    /// // The example of RFC 2195.
    /// let context = CramMd5Context::of(&PasswordHash::parse("{PLAIN}tanstaaftanstaaf")?)?;
    /// let challenge = b"<1896.697170952@postoffice.reston.mci.net>";
    /// let digest = 0xb913a602c7eda7a495b4e6e7334d3890_u128.to_be_bytes();
    /// assert!(context.is_some_and(|context| context.proves(challenge, digest)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn proves(&self, challenge: &[u8], digest: [u8; 16]) -> bool {
        let (outer, inner) = self.0.split_at(Self::OCTETS / 2);
        resumed(outer, &resumed(inner, challenge)).ct_eq(&digest).into()
    }

    pub(super) fn read(data: &Data) -> Result<Self, VerifyError> {
        data.octets().try_into().map(Self).map_err(|_| data.bad("it has not 32 octets"))
    }

    pub(super) fn of_password(password: &[u8]) -> Self {
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

/// The MD5 of one block, of which only the state behind it is known, and a text.
fn resumed(state: &[u8], text: &[u8]) -> [u8; 16] {
    let mut words = [0; 4];
    for (word, octets) in words.iter_mut().zip(state.as_chunks().0) {
        *word = u32::from_le_bytes(*octets);
    }
    let bits = u64::try_from((BLOCK + text.len()) * 8).unwrap_or(u64::MAX);
    let zeros = (2 * BLOCK - 9 - text.len() % BLOCK) % BLOCK;
    let rest = [text, &[0x80], &vec![0; zeros], &bits.to_le_bytes()].concat();
    compress(&mut words, rest.as_chunks().0);
    let mut digest = [0; 16];
    for (place, word) in digest.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    digest
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_at_dovecot_2_4_1_is_proven() {
        let context = CramMd5Context::of_password(b"sekrit");
        let challenge = b"<0232858476661925.1795206967@vm>";
        let digest = 0xee4f_ad96_9b56_fb68_717d_8da3_bfa1_4487_u128;
        assert!(context.proves(challenge, digest.to_be_bytes()));
        assert!(!context.proves(challenge, (digest ^ 1).to_be_bytes()));
        assert!(!CramMd5Context::of_password(b"sekrit!").proves(challenge, digest.to_be_bytes()));
    }

    #[test]
    fn a_digest_resumed_is_the_digest_of_it_all() {
        for length in 0..200 {
            let (block, text) = ([7; BLOCK], vec![b'x'; length]);
            let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
            compress(&mut state, &[block]);
            let state: Vec<u8> = state.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
            let whole = Digest::Md5.of(&[&block, &text]);
            assert_eq!(resumed(&state, &text)[..], whole[..], "{length} octets");
        }
    }
}
