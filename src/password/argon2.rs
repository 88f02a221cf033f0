//! ARGON2, ARGON2I and ARGON2ID: PHC strings, `$argon2id$v=19$m=65536,t=3,p=1$SALT$HASH`.

use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::password::data::Data;
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError};

/// A hash, and how it came about.
pub(super) struct StoredArgon2 {
    phc: Phc,
    params: Params,
}

impl StoredArgon2 {
    pub(super) fn read(data: &Data) -> Result<Self, VerifyError> {
        let text = data.text()?;
        if !["$argon2i$", "$argon2id$"].iter().any(|start| text.starts_with(start)) {
            return Err(data.bad("it does not start with `$argon2i$` or `$argon2id$`"));
        }
        let bad = data.bad("it is not `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH`");
        let phc = Phc::new(text).map_err(|_| bad)?;
        let params = Params::try_from(&phc).map_err(|_| bad)?;
        if phc.salt.is_none() || phc.hash.is_none() {
            return Err(bad);
        }
        let stored = Self { phc, params };
        stored.cost().affordable()?;
        Ok(stored)
    }
}

impl Stored for StoredArgon2 {
    fn cost(&self) -> Cost {
        Cost::Memory { kib: self.params.m_cost().into(), passes: self.params.t_cost().into() }
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        match Argon2::default().verify_password(password, &self.phc) {
            Ok(()) => Ok(true),
            Err(Error::PasswordInvalid) => Ok(false),
            Err(Error::OutOfMemory) => Err(VerifyError::OutOfMemory),
            Err(_) => Err(VerifyError::Unsupported("this variant of Argon2")),
        }
    }
}

/// Makes a hash with the memory that Dovecot takes, 64 MiB and for Argon2i 32 MiB.
pub(super) fn make(
    algorithm: Algorithm,
    password: &[u8],
    passes: u32,
) -> Result<String, HashError> {
    const OCTETS: usize = 32;
    let kib = if algorithm == Algorithm::Argon2i { 32 * 1024 } else { 64 * 1024 };
    let failed = "the parameters of Argon2 do not fit";
    let params =
        Params::new(kib, passes, 1, Some(OCTETS)).map_err(|_| HashError::Failed(failed))?;
    let argon2 = Argon2::new(algorithm, Version::V0x13, params);
    match argon2.hash_password(password) {
        Ok(hash) => Ok(hash.to_string()),
        Err(Error::OutOfMemory) => Err(HashError::Failed("there is not enough memory")),
        Err(_) => Err(HashError::Failed(failed)),
    }
}
