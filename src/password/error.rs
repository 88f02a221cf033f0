//! Why nothing can be said about a password, or nothing made of one.

use crate::mail::{PasswordHashError, Scheme};

/// Why it is not known whether a password is right. Never shows the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// What is stored does not look as hashes of its scheme do.
    #[error("not a hash of {scheme}: {why}")]
    BadHash {
        /// What it claims to be.
        scheme: Scheme,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A hash of DIGEST-MD5 is bound to a login, and none was given.
    #[error("a hash of DIGEST-MD5 is bound to a login, and none was given")]
    LoginNeeded,
    /// The system has not the memory that the hash wants.
    #[error("there is not enough memory to compute the hash")]
    OutOfMemory,
    /// Computing it would take too long or too much memory; see [the limits](mod@crate::password::cost).
    #[error("the hash costs {asked} {unit}, and at most {limit} are computed")]
    TooExpensive {
        /// What it would cost.
        asked: u64,
        /// What may be.
        limit: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A hash that Dovecot may know and this program does not.
    #[error("{0} cannot be verified here")]
    Unsupported(&'static str),
}

/// Why no hash was made of a password. Never shows the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Nothing makes hashes of this scheme.
    #[error("hashes of {0} are verified and not made")]
    CannotMake(Scheme),
    /// The empty password would let everybody in.
    #[error("an empty password would let everybody in")]
    Empty,
    /// The library refused.
    #[error("the hash cannot be computed: {0}")]
    Failed(&'static str),
    /// A hash of DIGEST-MD5 is bound to a login, and none was given.
    #[error("a hash of DIGEST-MD5 is bound to a login, and none was given")]
    LoginNeeded,
    /// No client can send it.
    #[error("a password has no line breaks and no NUL: no client could send it")]
    LineBreak,
    /// The scheme has nothing that can be repeated.
    #[error("hashes of {0} have no rounds")]
    NoRounds(Scheme),
    /// The system has no random numbers.
    #[error("the system has no random numbers")]
    NoRandom,
    /// Fewer or more rounds than the scheme, or this program, allows.
    #[error("{scheme} takes {least} to {most} rounds, not {asked}")]
    Rounds {
        /// How many were wanted.
        asked: u32,
        /// The scheme.
        scheme: Scheme,
        /// The fewest.
        least: u32,
        /// The most.
        most: u32,
    },
    /// Longer than crypt(3) takes.
    #[error("crypt(3) takes passwords of at most {0} octets")]
    TooLong(usize),
    /// The result cannot be stored: a control character, for example, in a plain password.
    #[error("the result cannot be stored: {0}")]
    Unstorable(#[from] PasswordHashError),
}

impl From<getrandom::Error> for HashError {
    fn from(_: getrandom::Error) -> Self {
        Self::NoRandom
    }
}
