//! What is verified for those who do not exist, so that it takes as long as for others.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::login::Wanted;
use crate::mail::{HashForm, PasswordHash, Scheme};
use crate::password::{self, CramMd5Context, HashError, ScramHash, ScramKeys, random};
use crate::sasl::Credentials;

/// The stored password of nobody.
pub(super) struct StandIn {
    hash: PasswordHash,
    /// Nobody knows it, so nobody logs in.
    password: SecretString,
}

const LENGTH: usize = 40;

impl StandIn {
    /// One whose hash costs what those of the scheme cost.
    pub(super) fn new(form: HashForm) -> Result<Self, HashError> {
        let password = random::password(LENGTH)?;
        let octets = password.expose_secret().as_bytes();
        let make = |form| password::hash(form, "nobody@invalid", octets, None);
        // Some schemes can only be verified.
        let hash = make(form).or_else(|_| make(Scheme::Argon2id.into()))?;
        Ok(Self { hash, password })
    }

    pub(super) fn hash(&self) -> &PasswordHash {
        &self.hash
    }

    /// Credentials that nobody can prove. A name always gets the same ones, as an account would.
    pub(super) fn credentials(&self, name: &str, wanted: Wanted) -> Option<Credentials> {
        let drawn = |what: &str, octets: usize| -> Option<Vec<u8>> {
            let key = self.password.expose_secret().as_bytes();
            let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
            mac.update(what.as_bytes());
            mac.update(name.to_lowercase().as_bytes());
            Some(mac.finalize().into_bytes().get(..octets)?.to_vec())
        };
        match wanted {
            Wanted::CramMd5 => {
                let secret = format!("{{PLAIN}}{}", self.password.expose_secret());
                let hash = PasswordHash::parse(&secret).ok()?;
                Some(Credentials::CramMd5(CramMd5Context::of(&hash).ok()??))
            }
            Wanted::Scram(hash) => {
                let key = match hash {
                    ScramHash::Sha1 => 20,
                    ScramHash::Sha256 => 32,
                };
                Some(Credentials::Scram(ScramKeys {
                    hash,
                    iterations: 4096,
                    salt: drawn("salt", 16)?,
                    stored_key: drawn("stored", key)?,
                    server_key: drawn("server", key)?,
                }))
            }
        }
    }
}
