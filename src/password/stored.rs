//! Reads a stored hash, whatever its scheme, and asks it about a password.

use crate::mail::{PasswordHash, Scheme};
use crate::password::argon2::StoredArgon2;
use crate::password::cram_md5::CramMd5Context;
use crate::password::crypt;
use crate::password::data::Data;
use crate::password::digest::{Digest, StoredBound, StoredDigest};
use crate::password::otp::StoredOtp;
use crate::password::pbkdf2::StoredPbkdf2;
use crate::password::plain::{StoredBeginning, StoredPlain};
use crate::password::{Cost, ScramHash, ScramKeys, VerifyError};

/// A stored hash that was read, so that it is known to be one, and what it costs.
pub(super) trait Stored: Send {
    /// What computing it costs; below the limits.
    fn cost(&self) -> Cost {
        Cost::ONCE
    }

    /// Whether it was made of this password, in constant time.
    fn matches(&self, login: &str, password: &[u8]) -> Result<bool, VerifyError>;
}

/// Tells whether a password is the one that the hash was made of.
///
/// `login` is the account's own address, to which a hash of DIGEST-MD5 is bound; other schemes do
/// not look at it. The password is taken octet by octet as the client sent it: nothing is folded or
/// normalised. Comparing takes a time that does not tell how much of the password was right.
///
/// An empty password matches the hash of an empty password. Whoever lets people in has to refuse
/// empty passwords before asking here.
///
/// ```
/// use postcote::mail::PasswordHash;
/// use postcote::password::verify;
/// let hash = PasswordHash::parse("{SHA.HEX}a94a8fe5ccb19ba61c4c0873d391e987982fbbd3")?;
/// assert!(verify(&hash, "joe@example.org", b"test")?);
/// assert!(!verify(&hash, "joe@example.org", b"Test")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// It is not known whether the password is right: what is stored is no such hash, costs too much,
/// or was made in a way that is not known here. Nobody may be let in, and nobody be told that the
/// password is wrong.
pub fn verify(hash: &PasswordHash, login: &str, password: &[u8]) -> Result<bool, VerifyError> {
    let stored = read(hash)?;
    // To Dovecot a password ends at a NUL, so what has one behind was never hashed.
    Ok(stored.matches(login, password)? && !password.contains(&0))
}

/// Tells what verifying a password against this hash costs, without doing it.
///
/// # Errors
/// As of [`verify`]: whoever stores a hash learns here that nobody could ever log in with it.
pub fn cost(hash: &PasswordHash) -> Result<Cost, VerifyError> {
    read(hash).map(|stored| stored.cost())
}

fn read(hash: &PasswordHash) -> Result<Box<dyn Stored>, VerifyError> {
    let data = &Data::of(hash)?;
    let plain = |digest| StoredDigest::plain(digest, data);
    let salted = |digest| StoredDigest::salted(digest, data);
    let scram = |hash| ScramKeys::read(hash, data);
    Ok(match hash.scheme() {
        Scheme::Argon2 | Scheme::Argon2i | Scheme::Argon2id => Box::new(StoredArgon2::read(data)?),
        Scheme::BlfCrypt
        | Scheme::Crypt
        | Scheme::DesCrypt
        | Scheme::Md5Crypt
        | Scheme::Sha256Crypt
        | Scheme::Sha512Crypt => crypt::read(data)?,
        Scheme::Clear | Scheme::Cleartext | Scheme::Plain => Box::new(StoredPlain::read(data)),
        Scheme::CramMd5 | Scheme::HmacMd5 => Box::new(CramMd5Context::read(data)?),
        Scheme::DigestMd5 => Box::new(StoredBound::read(data)?),
        Scheme::LdapMd5 | Scheme::PlainMd5 => Box::new(plain(Digest::Md5)?),
        Scheme::Md5 => crypt::read_md5(data)?,
        Scheme::Otp => Box::new(StoredOtp::read(data)?),
        Scheme::Pbkdf2 => Box::new(StoredPbkdf2::read(data)?),
        Scheme::PlainMd4 => Box::new(plain(Digest::Md4)?),
        Scheme::PlainTrunc => Box::new(StoredBeginning::read(data)?),
        Scheme::ScramSha1 => Box::new(scram(ScramHash::Sha1)?),
        Scheme::ScramSha256 => Box::new(scram(ScramHash::Sha256)?),
        Scheme::Sha | Scheme::Sha1 => Box::new(plain(Digest::Sha1)?),
        Scheme::Sha256 => Box::new(plain(Digest::Sha256)?),
        Scheme::Sha512 => Box::new(plain(Digest::Sha512)?),
        Scheme::Smd5 => Box::new(salted(Digest::Md5)?),
        Scheme::Ssha => Box::new(salted(Digest::Sha1)?),
        Scheme::Ssha256 => Box::new(salted(Digest::Sha256)?),
        Scheme::Ssha512 => Box::new(salted(Digest::Sha512)?),
    })
}
