//! The traditional crypt(3) by DES, 13 digits, and that of BSD/OS, `_` and 19 digits.

use crypt3_rs::{HashSetup, crypt};
use subtle::ConstantTimeEq as _;

use crate::password::crypt::{MAX_OCTETS, is_digits};
use crate::password::data::Data;
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError, random};

const SALT_DIGITS: usize = 2;

/// A traditional hash: the salt, and the hash of the first eight characters.
pub(super) struct StoredDes(String);

impl StoredDes {
    pub(super) fn read(text: &str, data: &Data) -> Result<Self, VerifyError> {
        if !is_digits(text, 13..=13) {
            return Err(data.bad("it is neither `$METHOD$…` nor the 13 digits of DES"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl Stored for StoredDes {
    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        let salt = self.0.get(..SALT_DIGITS).unwrap_or_default();
        let computed = traditional(salt, password);
        let computed = computed.ok_or(VerifyError::Unsupported("this hash of DES"))?;
        Ok(computed.as_bytes().ct_eq(self.0.as_bytes()).into())
    }
}

/// A hash of BSD/OS's method, which keeps all of the password.
pub(super) struct StoredBsdi {
    text: String,
    rounds: u32,
}

impl StoredBsdi {
    pub(super) fn read(text: &str, data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `_` and the 19 digits of BSDi's DES");
        let digits = text.strip_prefix('_').filter(|digits| is_digits(digits, 19..=19));
        let rounds = digits.and_then(|digits| digits.get(..4)).ok_or(bad)?;
        let stored = Self { text: text.to_owned(), rounds: number(rounds) };
        if stored.rounds == 0 {
            return Err(bad);
        }
        stored.cost().affordable()?;
        Ok(stored)
    }
}

impl Stored for StoredBsdi {
    fn cost(&self) -> Cost {
        Cost::Rounds(self.rounds.into())
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        if password.len() > MAX_OCTETS {
            return Ok(false);
        }
        let salt = self.text.get(5..9).unwrap_or_default();
        let setup = HashSetup::default().salt(salt).rounds(self.rounds);
        #[expect(deprecated, reason = "the crate warns against new hashes; this one is there")]
        let computed = crypt::bsdi::hash_with(setup, password);
        let computed = computed.map_err(|_| VerifyError::Unsupported("this hash of BSDi's DES"))?;
        Ok(computed.as_str().as_bytes().ct_eq(self.text.as_bytes()).into())
    }
}

pub(super) fn make(password: &[u8]) -> Result<String, HashError> {
    let salt = random::salt(SALT_DIGITS)?;
    traditional(&salt, password).ok_or(HashError::Failed("DES does not take this salt"))
}

fn traditional(salt: &str, password: &[u8]) -> Option<String> {
    #[expect(deprecated, reason = "the crate warns against new hashes; whoever asked was warned")]
    let hash = crypt::unix::hash_with(salt, password);
    hash.ok().map(|hash| hash.as_str().to_owned())
}

/// A number in crypt(3)'s base64, the lowest digit first.
fn number(digits: &str) -> u32 {
    const ORDER: &[u8] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    digits.bytes().rev().fold(0, |number, digit| {
        let value = ORDER.iter().zip(0..).find(|(known, _)| **known == digit);
        (number << 6) | value.map_or(0, |(_, value)| value)
    })
}
