//! SHA-crypt, `$5$` or `$6$`, perhaps `rounds=N$`, then `SALT$HASH`.

use sha_crypt::password_hash::Error;
use sha_crypt::{
    Algorithm, CustomizedPasswordHasher as _, Params, PasswordVerifier as _, ShaCrypt,
};

use crate::password::crypt::{MAX_OCTETS, is_digits};
use crate::password::data::Data;
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError, random};

/// The hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Sha256,
    Sha512,
}

/// A hash, and how it came about.
pub(super) struct StoredSha {
    text: String,
    rounds: u32,
}

/// Where no rounds are written.
const UNWRITTEN_ROUNDS: u32 = 5000;
/// Written as 16 digits, the longest salt.
const SALT_OCTETS: usize = 12;

impl StoredSha {
    pub(super) fn read(text: &str, data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `$6$SALT$HASH` or `$6$rounds=N$SALT$HASH`");
        let fields: Vec<_> = text.split('$').collect();
        let (method, rounds, salt, hash) = match *fields {
            ["", method, salt, hash] => (method, None, salt, hash),
            ["", method, rounds, salt, hash] => (method, Some(rounds), salt, hash),
            _ => return Err(bad),
        };
        let length = if method == "5" { 43 } else { 86 };
        if !is_digits(hash, length..=length) || salt.len() > 16 {
            return Err(bad);
        }
        if salt.is_empty() || !is_digits(salt, ..) {
            return Err(VerifyError::Unsupported("SHA-crypt with a salt of other characters"));
        }
        let rounds = match rounds {
            None => UNWRITTEN_ROUNDS,
            Some(written) => {
                let digits = written.strip_prefix("rounds=").ok_or(bad)?;
                let rounds: u32 = digits.parse().map_err(|_| bad)?;
                // crypt(3) writes the number it used, so no other way to write it can match.
                if rounds < 1000 || rounds.to_string() != digits {
                    return Err(bad);
                }
                rounds
            }
        };
        let stored = Self { text: text.to_owned(), rounds };
        stored.cost().affordable()?;
        Ok(stored)
    }
}

impl Stored for StoredSha {
    fn cost(&self) -> Cost {
        Cost::Rounds(self.rounds.into())
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        if password.len() > MAX_OCTETS {
            return Ok(false);
        }
        match ShaCrypt::default().verify_password(password, self.text.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(VerifyError::Unsupported("this hash of SHA-crypt")),
        }
    }
}

pub(super) fn make(method: Method, password: &[u8], rounds: u32) -> Result<String, HashError> {
    let algorithm = match method {
        Method::Sha256 => Algorithm::Sha256Crypt,
        Method::Sha512 => Algorithm::Sha512Crypt,
    };
    let failed = "the rounds of SHA-crypt do not fit";
    let params = Params::new(rounds).map_err(|_| HashError::Failed(failed))?;
    let salt = random::octets::<SALT_OCTETS>()?;
    let crypt = ShaCrypt::new(algorithm, params);
    let hash = crypt.hash_password_customized(password, &salt, None, None, params);
    hash.map(|hash| hash.as_str().to_owned()).map_err(|_| HashError::Failed(failed))
}
