//! SCRAM (RFC 5802, RFC 7677), as `ITERATIONS,SALT,STOREDKEY,SERVERKEY`, the last three in base64.

use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::mail::{PasswordHash, Scheme};
use crate::password::data::{Data, from_base64, to_base64};
use crate::password::digest::Digest;
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError, random};

/// The hash function of SCRAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramHash {
    /// SCRAM-SHA-1.
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

/// What a server needs to let a client in by SCRAM, and cannot log in with elsewhere.
#[derive(Clone)]
pub struct ScramKeys {
    /// The hash function.
    pub hash: ScramHash,
    /// How often the client has to compute it.
    pub iterations: u32,
    /// The salt, decoded.
    pub salt: Vec<u8>,
    /// What proves the client.
    pub stored_key: Vec<u8>,
    /// What proves the server.
    pub server_key: Vec<u8>,
}

const SALT_OCTETS: usize = 16;

impl ScramKeys {
    /// The keys of a stored hash of SCRAM; others have none.
    ///
    /// # Errors
    /// What is stored is no such hash, or asks clients for too many iterations.
    pub fn of(hash: &PasswordHash) -> Result<Option<Self>, VerifyError> {
        let function = match hash.scheme() {
            Scheme::ScramSha1 => ScramHash::Sha1,
            Scheme::ScramSha256 => ScramHash::Sha256,
            _ => return Ok(None),
        };
        Self::read(function, &Data::of(hash)?).map(Some)
    }

    /// Whether a client that sends this proof knows the password, compared in constant time.
    /// `exchange` is what RFC 5802 calls the auth message.
    pub fn proves(&self, exchange: &[u8], proof: &[u8]) -> bool {
        let signature = self.hash.hmac(&self.stored_key, exchange);
        if proof.len() != signature.len() {
            return false;
        }
        let client_key: Vec<u8> = proof.iter().zip(signature).map(|(p, s)| p ^ s).collect();
        self.hash.digest().of(&[&client_key]).ct_eq(&self.stored_key).into()
    }

    /// What proves to the client that this server knows its keys.
    pub fn signature(&self, exchange: &[u8]) -> Vec<u8> {
        self.hash.hmac(&self.server_key, exchange)
    }

    pub(super) fn read(hash: ScramHash, data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `ITERATIONS,SALT,STOREDKEY,SERVERKEY`");
        let fields: Vec<_> = data.text()?.split(',').collect();
        let [iterations, salt, stored_key, server_key] = *fields else { return Err(bad) };
        let key = |text| from_base64(text).filter(|key| key.len() == hash.octets()).ok_or(bad);
        let keys = Self {
            hash,
            iterations: iterations.parse().ok().filter(|n| *n > 0).ok_or(bad)?,
            salt: from_base64(salt).filter(|salt| !salt.is_empty()).ok_or(bad)?,
            stored_key: key(stored_key)?,
            server_key: key(server_key)?,
        };
        keys.cost().affordable()?;
        Ok(keys)
    }

    fn derive(hash: ScramHash, iterations: u32, salt: Vec<u8>, password: &[u8]) -> Self {
        let salted = hash.salted(password, &salt, iterations);
        let client_key = hash.hmac(&salted, b"Client Key");
        let stored_key = hash.digest().of(&[&client_key]);
        let server_key = hash.hmac(&salted, b"Server Key");
        Self { hash, iterations, salt, stored_key, server_key }
    }
}

impl Stored for ScramKeys {
    fn cost(&self) -> Cost {
        Cost::Rounds(self.iterations.into())
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        let computed = Self::derive(self.hash, self.iterations, self.salt.clone(), password);
        let matches = computed.stored_key.ct_eq(&self.stored_key)
            & computed.server_key.ct_eq(&self.server_key);
        Ok(matches.into())
    }
}

pub(super) fn make(hash: ScramHash, password: &[u8], rounds: u32) -> Result<String, HashError> {
    let salt = random::octets::<SALT_OCTETS>()?.to_vec();
    let keys = ScramKeys::derive(hash, rounds, salt, password);
    let [salt, stored, server] =
        [&keys.salt, &keys.stored_key, &keys.server_key].map(|octets| to_base64(octets));
    Ok(format!("{rounds},{salt},{stored},{server}"))
}

impl ScramHash {
    fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    fn digest(self) -> Digest {
        match self {
            Self::Sha1 => Digest::Sha1,
            Self::Sha256 => Digest::Sha256,
        }
    }

    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        let mut salted = vec![0; self.octets()];
        match self {
            Self::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, iterations, &mut salted),
            Self::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, iterations, &mut salted),
        }
        salted
    }

    fn hmac(self, key: &[u8], text: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => hmac::<Hmac<Sha1>>(key, text),
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, text),
        }
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length, so there is always one.
    <M as KeyInit>::new_from_slice(key)
        .map(|mac| mac.chain_update(text).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

impl std::fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ScramKeys({:?}, {} iterations, …)", self.hash, self.iterations)
    }
}
