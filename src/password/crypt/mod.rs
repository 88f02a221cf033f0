//! What crypt(3) makes: CRYPT, and the schemes named after one of its methods. The beginning of the
//! text tells the method, whatever the scheme is called, as Dovecot has it.
//!
//! Not known here are `$7$`, `$gy$`, `$md5`, `$sha1$` and `$3$`: nobody is let in by them, and
//! nobody is told that the password was wrong.

mod bcrypt;
mod des;
mod md5;
mod sha;
mod yescrypt;

use crate::mail::Scheme;
use crate::password::data::{Data, from_base64, from_hex};
use crate::password::digest::{Digest, StoredDigest};
use crate::password::stored::Stored;
use crate::password::{HashError, VerifyError};

/// The longest password, in octets, that libxcrypt takes (`CRYPT_MAX_PASSPHRASE_SIZE`). SHA-crypt
/// computes for a time that grows with its square.
const MAX_OCTETS: usize = 511;

/// Reads the text of a hash.
pub(super) fn read(data: &Data) -> Result<Box<dyn Stored>, VerifyError> {
    let text = data.text()?;
    let unsupported = |what| Err(VerifyError::Unsupported(what));
    let method = text.split('$').nth(1).filter(|_| text.starts_with('$'));
    Ok(match method {
        Some("1") => Box::new(md5::StoredMd5::read(text, data)?),
        Some("2a" | "2b" | "2x" | "2y") => Box::new(bcrypt::StoredBcrypt::read(text, data)?),
        Some("5" | "6") => Box::new(sha::StoredSha::read(text, data)?),
        Some("y") => Box::new(yescrypt::StoredYescrypt::read(text, data)?),
        Some("3") => return unsupported("an NT hash of crypt(3), `$3$`,"),
        Some("7") => return unsupported("a hash of scrypt, `$7$`,"),
        Some("gy") => return unsupported("a hash of gost-yescrypt, `$gy$`,"),
        Some("sha1") => return unsupported("a hash of sha1crypt, `$sha1$`,"),
        Some(method) if method.starts_with("md5") => {
            return unsupported("a hash of SunMD5, `$md5`,");
        }
        Some(_) => return Err(data.bad("crypt(3) has no method of this name")),
        None if text.starts_with('_') => Box::new(des::StoredBsdi::read(text, data)?),
        None => Box::new(des::StoredDes::read(text, data)?),
    })
}

/// Reads a hash of the scheme MD5: MD5-crypt, or a bare MD5 in hex or base64.
pub(super) fn read_md5(data: &Data) -> Result<Box<dyn Stored>, VerifyError> {
    let text = data.text()?;
    if text.starts_with("$1$") {
        return read(data);
    }
    let octets = if text.len() == 32 { from_hex(text) } else { None };
    let bad = data.bad("it is neither `$1$SALT$HASH` nor an MD5 in hex or base64");
    let octets = octets.or_else(|| from_base64(text)).ok_or(bad)?;
    let stored = StoredDigest::of(Digest::Md5, octets).ok_or(bad)?;
    Ok(Box::new(stored))
}

/// Makes the text of a hash; `rounds` is for the methods that have some.
pub(super) fn make(scheme: Scheme, password: &[u8], rounds: u32) -> Result<String, HashError> {
    if password.len() > MAX_OCTETS {
        return Err(HashError::TooLong(MAX_OCTETS));
    }
    match scheme {
        Scheme::DesCrypt => des::make(password),
        Scheme::Md5 | Scheme::Md5Crypt => md5::make(password),
        Scheme::Sha256Crypt => sha::make(sha::Method::Sha256, password, rounds),
        Scheme::Sha512Crypt => sha::make(sha::Method::Sha512, password, rounds),
        _ => bcrypt::make(password, rounds),
    }
}

/// Whether a text has digits of crypt(3)'s base64 only, and so many of them.
fn is_digits(text: &str, count: impl std::ops::RangeBounds<usize>) -> bool {
    count.contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'))
}
