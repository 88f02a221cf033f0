//! yescrypt, `$y$PARAMETERS$SALT$HASH`: what Debian has in /etc/shadow since 2021.

use yescrypt::password_hash::Error;
use yescrypt::{Params, PasswordVerifier as _, Yescrypt};

use crate::password::crypt::{MAX_OCTETS, is_digits};
use crate::password::data::Data;
use crate::password::stored::Stored;
use crate::password::{Cost, VerifyError};

/// A hash, and how it came about.
pub(super) struct StoredYescrypt {
    text: String,
    params: Params,
}

/// 43 digits are 32 octets. A shorter one would match too easily.
const HASH_DIGITS: usize = 43;

impl StoredYescrypt {
    pub(super) fn read(text: &str, data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `$y$PARAMETERS$SALT$HASH`");
        let fields: Vec<_> = text.split('$').collect();
        let ["", "y", params, salt, hash] = *fields else { return Err(bad) };
        if !is_digits(hash, HASH_DIGITS..=HASH_DIGITS) || !is_digits(salt, 1..=86) {
            return Err(bad);
        }
        // `j`, the memory and the block size: all that crypt_gensalt(3) writes. More would ask for
        // parallel or repeated work, whose cost cannot be read.
        if params.len() != 3 || !params.starts_with('j') || !is_digits(params, ..) {
            return Err(VerifyError::Unsupported("yescrypt with parameters other than `jXY`"));
        }
        let params = params.parse().map_err(|_| bad)?;
        let stored = Self { text: text.to_owned(), params };
        stored.cost().affordable()?;
        Ok(stored)
    }
}

impl Stored for StoredYescrypt {
    fn cost(&self) -> Cost {
        // Each of N blocks has 128 octets r times.
        let octets = self.params.n().saturating_mul(self.params.r().into()).saturating_mul(128);
        Cost::Memory { kib: octets.div_ceil(1024), passes: 1 }
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        if password.len() > MAX_OCTETS {
            return Ok(false);
        }
        match Yescrypt::default().verify_password(password, self.text.as_str()) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(VerifyError::Unsupported("this hash of yescrypt")),
        }
    }
}
