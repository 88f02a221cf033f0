//! Makes what is stored of a password.

use argon2::Algorithm;

use crate::mail::{HashForm, PasswordHash, Scheme};
use crate::password::cram_md5::CramMd5Context;
use crate::password::data::stored;
use crate::password::digest::{Digest, bound};
use crate::password::{HashError, ScramHash, argon2 as phc, cost, crypt, otp, pbkdf2, scram};

/// Makes what is stored of a password.
///
/// `login` is the account's own address, to which a hash of DIGEST-MD5 is bound; other schemes do
/// not look at it. `rounds` are those of [`cost::rounds`], or the usual ones.
///
/// ```
/// use postcote::mail::{HashForm, Scheme};
/// use postcote::password::{hash, verify};
/// let form = HashForm::from(Scheme::Ssha512);
/// let stored = hash(form, "joe@example.org", "sécret".as_bytes(), None)?;
/// assert!(stored.expose().starts_with("{SSHA512}"));
/// assert!(verify(&stored, "joe@example.org", "sécret".as_bytes())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Says what is wrong with the password, the rounds or the scheme. Nothing is cut to fit, except
/// that some schemes look at the beginning of a password only ([`Scheme::octets_that_count`]).
pub fn hash(
    form: HashForm,
    login: &str,
    password: &[u8],
    rounds: Option<u32>,
) -> Result<PasswordHash, HashError> {
    let scheme = form.scheme;
    if password.is_empty() {
        return Err(HashError::Empty);
    }
    if password.iter().any(|octet| matches!(octet, b'\0' | b'\r' | b'\n')) {
        return Err(HashError::LineBreak);
    }
    let rounds = checked(scheme, rounds)?;
    let text = |text: Result<String, HashError>| text.map(String::into_bytes);
    let octets = match scheme {
        Scheme::Argon2 | Scheme::Argon2id => {
            text(phc::make(Algorithm::Argon2id, password, rounds))?
        }
        Scheme::Argon2i => text(phc::make(Algorithm::Argon2i, password, rounds))?,
        Scheme::BlfCrypt
        | Scheme::Crypt
        | Scheme::DesCrypt
        | Scheme::Md5
        | Scheme::Md5Crypt
        | Scheme::Sha256Crypt
        | Scheme::Sha512Crypt => text(crypt::make(scheme, password, rounds))?,
        Scheme::Clear | Scheme::Cleartext | Scheme::Plain => password.to_vec(),
        Scheme::CramMd5 | Scheme::HmacMd5 => {
            CramMd5Context::of_password(password).octets().to_vec()
        }
        Scheme::DigestMd5 => bound(login, password).ok_or(HashError::LoginNeeded)?,
        Scheme::LdapMd5 | Scheme::PlainMd5 => Digest::Md5.of(&[password]),
        Scheme::Otp => text(otp::make(password))?,
        Scheme::Pbkdf2 => text(pbkdf2::make(password, rounds))?,
        Scheme::PlainMd4 => Digest::Md4.of(&[password]),
        Scheme::PlainTrunc => return Err(HashError::CannotMake(scheme)),
        Scheme::ScramSha1 => text(scram::make(ScramHash::Sha1, password, rounds))?,
        Scheme::ScramSha256 => text(scram::make(ScramHash::Sha256, password, rounds))?,
        Scheme::Sha | Scheme::Sha1 => Digest::Sha1.of(&[password]),
        Scheme::Sha256 => Digest::Sha256.of(&[password]),
        Scheme::Sha512 => Digest::Sha512.of(&[password]),
        Scheme::Smd5 => Digest::Md5.salted(password)?,
        Scheme::Ssha => Digest::Sha1.salted(password)?,
        Scheme::Ssha256 => Digest::Sha256.salted(password)?,
        Scheme::Ssha512 => Digest::Sha512.salted(password)?,
    };
    stored(form, &octets)
}

/// The rounds to make, 0 for schemes that have none.
fn checked(scheme: Scheme, rounds: Option<u32>) -> Result<u32, HashError> {
    match (cost::rounds(scheme), rounds) {
        (None, None) => Ok(0),
        (None, Some(_)) => Err(HashError::NoRounds(scheme)),
        (Some(allowed), None) => Ok(allowed.usual),
        (Some(allowed), Some(rounds)) if (allowed.least..=allowed.most).contains(&rounds) => {
            Ok(rounds)
        }
        (Some(cost::Rounds { least, most, .. }), Some(asked)) => {
            Err(HashError::Rounds { asked, scheme, least, most })
        }
    }
}
