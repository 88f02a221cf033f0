//! bcrypt, `$2y$COST$` and 22 digits of salt and 31 of hash.

use bcrypt::{HashParts, Version};

use crate::password::cost::MAX_BCRYPT_COST;
use crate::password::crypt::is_digits;
use crate::password::data::Data;
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError, random};

/// A hash, and how it came about.
pub(super) struct StoredBcrypt {
    text: String,
    cost: u32,
}

impl StoredBcrypt {
    pub(super) fn read(text: &str, data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `$2y$COST$` and 53 digits");
        let fields: Vec<_> = text.split('$').collect();
        let ["", _, cost, digits] = *fields else { return Err(bad) };
        let is_cost = cost.len() == 2 && cost.bytes().all(|b| b.is_ascii_digit());
        if !is_cost || !is_digits(digits, 53..=53) {
            return Err(bad);
        }
        let parts: HashParts = text.parse().map_err(|_| bad)?;
        let cost = parts.get_cost();
        if cost < 4 {
            return Err(data.bad("the cost of bcrypt is 4 at least"));
        }
        if cost > MAX_BCRYPT_COST {
            let (asked, limit) = (cost.into(), MAX_BCRYPT_COST.into());
            return Err(VerifyError::TooExpensive { asked, limit, unit: "as the cost of bcrypt" });
        }
        Ok(Self { text: text.to_owned(), cost })
    }
}

impl Stored for StoredBcrypt {
    fn cost(&self) -> Cost {
        Cost::Rounds(1 << self.cost.min(63))
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        // `$2x$` marks hashes of a program that mistook octets above 127.
        if self.text.starts_with("$2x$") && !password.is_ascii() {
            let what = "a password beyond ASCII against a hash of bcrypt, `$2x$`,";
            return Err(VerifyError::Unsupported(what));
        }
        let failed = |_| VerifyError::Unsupported("this variant of bcrypt");
        bcrypt::verify(password, &self.text).map_err(failed)
    }
}

pub(super) fn make(password: &[u8], cost: u32) -> Result<String, HashError> {
    let salt = random::octets::<16>()?;
    let failed = |_| HashError::Failed("bcrypt does not take this cost");
    let parts = bcrypt::hash_with_salt(password, cost, salt).map_err(failed)?;
    // What PHP, Apache and Dovecot write.
    Ok(parts.format_for_version(Version::TwoY))
}
