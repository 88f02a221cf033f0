//! What an operator decides about logins.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use crate::config::Config;
use crate::mail::{HashForm, LoginNames, PasswordHash, Timestamp, Uid};

/// How logins are treated.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What login names mean.
    pub names: LoginNames,
    /// How new passwords are hashed, so how long a stranger's takes.
    pub scheme: HashForm,
    /// How many passwords are verified at once.
    pub parallel: NonZeroUsize,
    /// How much memory they take together, in KiB. A hash that wants more than all of it is
    /// verified alone.
    pub memory_kib: u64,
    /// How long a verified login is remembered; zero remembers none.
    pub remember: Duration,
    /// How long after its arrival a failure is answered.
    pub failure_delay: Duration,
    /// How long it may take until an attempt is answered that looks like a guess.
    pub longest_delay: Duration,
    /// The clock, for what has ended by now.
    pub now: fn() -> Timestamp,
}

/// A hash that is to take the place of another one of the same password, if that stands there
/// still.
#[derive(Clone, Debug)]
pub struct Rehash {
    /// The account.
    pub uid: Uid,
    /// What was stored when the password was verified.
    pub verified: PasswordHash,
    /// What to store now.
    pub rehashed: PasswordHash,
}

impl Settings {
    /// What a configuration says.
    pub fn new(config: &Config, now: fn() -> Timestamp) -> Self {
        let logins = &config.logins;
        let mut names = LoginNames::new(config.addresses.login_separators.as_str());
        for domain in &logins.domains {
            names = match domain.address {
                Some(address) => names.with_local_address(address, domain.name.clone()),
                None => names.with_default(domain.name.clone()),
            };
        }
        for prefix in &logins.prefixes {
            names = names.with_prefix(&prefix.prefix, prefix.name.clone());
        }
        Self {
            names,
            scheme: config.accounts.password_scheme,
            parallel: available_parallelism().unwrap_or(NonZeroUsize::MIN),
            memory_kib: logins.memory.0 / 1024,
            remember: logins.remember,
            failure_delay: logins.failure_delay,
            longest_delay: logins.longest_delay,
            now,
        }
    }
}
