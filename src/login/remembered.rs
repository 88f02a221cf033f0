//! Remembers verified logins, so that a client that polls pays for its hash once.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::lookup::FoundAccount;
use crate::mail::PasswordHash;

/// Logins that were verified a short time ago.
///
/// What is kept is a hash of the password under a key that was made up for this process and is
/// nowhere else. The stored hash of the account goes into it, so that a password that was changed
/// is forgotten by being asked for differently: there is nothing that could be missed. Services
/// and states are no part of it; they are looked at each time.
pub(super) struct Remembered {
    keyed: Hmac<Sha256>,
    logins: Option<moka::sync::Cache<[u8; 32], ()>>,
}

const MAX_LOGINS: u64 = 100_000;

impl Remembered {
    pub(super) fn new(time: Duration) -> Result<Self, getrandom::Error> {
        // As long as a block of SHA-256, so that it is a key without further ado.
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        let logins = (!time.is_zero()).then(|| {
            moka::sync::Cache::builder().max_capacity(MAX_LOGINS).time_to_live(time).build()
        });
        Ok(Self { keyed: Hmac::new(&key.into()), logins })
    }

    /// Whether the account was logged in by this password a short time ago.
    pub(super) fn knows(&self, found: &FoundAccount, password: &[u8]) -> bool {
        let Some(logins) = &self.logins else { return false };
        let Some(hash) = &found.account.password else { return false };
        logins.contains_key(&self.digest(found, hash, password))
    }

    /// Remembers that this password is right.
    pub(super) fn learn(&self, found: &FoundAccount, password: &[u8]) {
        if let (Some(logins), Some(hash)) = (&self.logins, &found.account.password) {
            logins.insert(self.digest(found, hash, password), ());
        }
    }

    /// Forgets all, and says how many there were.
    pub(super) fn forget(&self) -> u64 {
        let Some(logins) = &self.logins else { return 0 };
        logins.run_pending_tasks();
        let known = logins.entry_count();
        logins.invalidate_all();
        known
    }

    fn digest(&self, found: &FoundAccount, hash: &PasswordHash, password: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        // Lengths keep what follows one another apart.
        let stored = hash.expose().as_bytes();
        mac.update(&found.account.uid.0.to_be_bytes());
        mac.update(&stored.len().to_be_bytes());
        mac.update(stored);
        mac.update(password);
        mac.finalize().into_bytes().into()
    }
}
