//! What a hash costs to compute, and how much may be.
//!
//! The limits lie far above what Dovecot and administrators make, and below what would stop a
//! server: with each of them a verification ends within seconds.

use crate::mail::Scheme;
use crate::password::VerifyError;

/// The most memory, in KiB: a gigabyte, what libsodium calls sensitive and Dovecot takes with
/// `doveadm pw -r 4`.
pub const MAX_MEMORY_KIB: u64 = 1024 * 1024;
/// The most memory, in KiB, that is written in all passes of Argon2 together: four gigabytes.
pub const MAX_MEMORY_WRITTEN_KIB: u64 = 4 * MAX_MEMORY_KIB;
/// The most rounds of crypt(3), PBKDF2, SCRAM and OTP. OWASP asked for 1,300,000 of PBKDF2 in
/// 2023, passlib makes 656,000 of SHA512-CRYPT.
pub const MAX_ROUNDS: u32 = 5_000_000;
/// The highest cost of bcrypt, of which each doubles the time: four seconds.
pub const MAX_BCRYPT_COST: u32 = 16;

/// What computing a hash once costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Argon2: memory in KiB, and how often it is written.
    Memory {
        /// The memory in KiB.
        kib: u64,
        /// The passes.
        passes: u64,
    },
    /// How often the function is computed; 2 to the power of what bcrypt calls its cost.
    Rounds(u64),
}

/// How many rounds a hash may be made with, as `doveadm pw -r` counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounds {
    /// The fewest.
    pub least: u32,
    /// How many unless somebody says otherwise.
    pub usual: u32,
    /// The most.
    pub most: u32,
}

impl Cost {
    /// One digest.
    pub const ONCE: Self = Self::Rounds(1);

    /// The same cost if it may be computed.
    ///
    /// # Errors
    /// It is above a limit.
    pub(super) fn affordable(self) -> Result<Self, VerifyError> {
        let within = |asked, limit: u64, unit| {
            if asked <= limit {
                Ok(self)
            } else {
                Err(VerifyError::TooExpensive { asked, limit, unit })
            }
        };
        match self {
            Self::Memory { kib, passes } => {
                within(kib, MAX_MEMORY_KIB, "KiB of memory")?;
                let written = kib.saturating_mul(passes);
                within(written, MAX_MEMORY_WRITTEN_KIB, "KiB in all passes")
            }
            Self::Rounds(rounds) => within(rounds, MAX_ROUNDS.into(), "rounds"),
        }
    }
}

/// The rounds of a scheme, if it has any. The usual ones are Dovecot's own, except where those are
/// too few today: bcrypt (5), SHA-crypt and PBKDF2 (5000).
pub fn rounds(scheme: Scheme) -> Option<Rounds> {
    let (least, usual, most) = match scheme {
        // 64 MiB, so that 64 passes reach the limit; Argon2i with 32 MiB wants at least three.
        Scheme::Argon2 | Scheme::Argon2id => (1, 3, 64),
        Scheme::Argon2i => (3, 4, 128),
        Scheme::BlfCrypt | Scheme::Crypt => (4, 10, MAX_BCRYPT_COST),
        Scheme::Pbkdf2 | Scheme::Sha256Crypt | Scheme::Sha512Crypt => (1000, 100_000, MAX_ROUNDS),
        // The client computes them, too, and RFC 5802 wants at least these.
        Scheme::ScramSha1 | Scheme::ScramSha256 => (4096, 4096, MAX_ROUNDS),
        _ => return None,
    };
    Some(Rounds { least, usual, most })
}
