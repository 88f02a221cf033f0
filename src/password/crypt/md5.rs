//! MD5-crypt, `$1$SALT$HASH`, always a thousand rounds.

use crypt3_rs::{HashSetup, crypt};
use subtle::ConstantTimeEq as _;

use crate::password::crypt::{MAX_OCTETS, is_digits};
use crate::password::data::Data;
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError, random};

const SALT_DIGITS: usize = 8;

/// The salt and the whole text.
pub(super) struct StoredMd5 {
    salt: String,
    text: String,
}

impl StoredMd5 {
    pub(super) fn read(text: &str, data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `$1$SALT$HASH`");
        let fields: Vec<_> = text.split('$').collect();
        let ["", "1", salt, hash] = *fields else { return Err(bad) };
        if !is_digits(hash, 22..=22) || salt.len() > SALT_DIGITS {
            return Err(bad);
        }
        if !is_digits(salt, ..) {
            return Err(VerifyError::Unsupported("MD5-crypt with a salt of other characters"));
        }
        Ok(Self { salt: salt.to_owned(), text: text.to_owned() })
    }
}

impl Stored for StoredMd5 {
    fn cost(&self) -> Cost {
        Cost::Rounds(1000)
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        if password.len() > MAX_OCTETS {
            return Ok(false);
        }
        let computed = computed(&self.salt, password);
        let computed = computed.ok_or(VerifyError::Unsupported("this hash of MD5-crypt"))?;
        Ok(computed.as_bytes().ct_eq(self.text.as_bytes()).into())
    }
}

pub(super) fn make(password: &[u8]) -> Result<String, HashError> {
    let salt = random::salt(SALT_DIGITS)?;
    computed(&salt, password).ok_or(HashError::Failed("MD5-crypt does not take this salt"))
}

fn computed(salt: &str, password: &[u8]) -> Option<String> {
    let setup = HashSetup::default().salt(salt);
    #[expect(deprecated, reason = "the crate warns against new hashes; whoever asked was warned")]
    let hash = crypt::md5::hash_with(setup, password);
    hash.ok().map(|hash| hash.as_str().to_owned())
}
