//! PBKDF2 with HMAC-SHA-1, as `$1$SALT$ROUNDS$HEX`; the salt is taken as it is written.

use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use crate::password::data::{Data, from_hex, to_hex};
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError, random};

/// A derived key, and how it came about.
pub(super) struct StoredPbkdf2 {
    salt: Vec<u8>,
    rounds: u32,
    expected: Vec<u8>,
}

const KEY_OCTETS: usize = 20;
const SALT_CHARACTERS: usize = 16;

impl StoredPbkdf2 {
    pub(super) fn read(data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `$1$SALT$ROUNDS$HEX`");
        let fields: Vec<_> = data.text()?.split('$').collect();
        let ["", "1", salt, rounds, key] = *fields else { return Err(bad) };
        let rounds = rounds.parse().ok().filter(|rounds| *rounds > 0).ok_or(bad)?;
        let expected = from_hex(key).filter(|key| key.len() == KEY_OCTETS).ok_or(bad)?;
        let stored = Self { salt: salt.as_bytes().to_vec(), rounds, expected };
        stored.cost().affordable()?;
        Ok(stored)
    }
}

impl Stored for StoredPbkdf2 {
    fn cost(&self) -> Cost {
        Cost::Rounds(self.rounds.into())
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        Ok(derived(password, &self.salt, self.rounds).as_slice().ct_eq(&self.expected).into())
    }
}

pub(super) fn make(password: &[u8], rounds: u32) -> Result<String, HashError> {
    let salt = random::salt(SALT_CHARACTERS)?;
    let key = to_hex(&derived(password, salt.as_bytes(), rounds));
    Ok(format!("$1${salt}${rounds}${key}"))
}

fn derived(password: &[u8], salt: &[u8], rounds: u32) -> [u8; KEY_OCTETS] {
    let mut key = [0; KEY_OCTETS];
    pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key);
    key
}
