//! Plain and salted digests, and the digest that is bound to a login.

use md4::Md4;
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use crate::password::data::Data;
use crate::password::stored::Stored;
use crate::password::{HashError, VerifyError, random};

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    Md4,
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// As Dovecot makes it; other programs use more, and any length is read.
const SALT_OCTETS: usize = 4;

impl Digest {
    /// The digest of all parts, one behind the other.
    pub(super) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        fn digest<D: sha2::Digest>(parts: &[&[u8]]) -> Vec<u8> {
            let mut digest = D::new();
            for part in parts {
                digest.update(part);
            }
            digest.finalize().to_vec()
        }
        match self {
            Self::Md4 => digest::<Md4>(parts),
            Self::Md5 => digest::<Md5>(parts),
            Self::Sha1 => digest::<Sha1>(parts),
            Self::Sha256 => digest::<Sha256>(parts),
            Self::Sha512 => digest::<Sha512>(parts),
        }
    }

    /// The digest of a password, and behind it the salt.
    pub(super) fn salted(self, password: &[u8]) -> Result<Vec<u8>, HashError> {
        let salt: [u8; SALT_OCTETS] = random::octets()?;
        let mut octets = self.of(&[password, &salt]);
        octets.extend(salt);
        Ok(octets)
    }

    fn octets(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// The MD5 of user, realm and password (RFC 2831), the realm being what follows the last `@`.
pub(super) fn bound(login: &str, password: &[u8]) -> Option<Vec<u8>> {
    let (user, realm) = login.rsplit_once('@').unwrap_or((login, ""));
    let parts = [user.as_bytes(), b":", realm.as_bytes(), b":", password];
    (!login.is_empty()).then(|| Digest::Md5.of(&parts))
}

/// What was stored of a digest.
pub(super) struct StoredDigest {
    digest: Digest,
    expected: Vec<u8>,
    salt: Vec<u8>,
}

impl StoredDigest {
    /// Reads a digest without a salt.
    pub(super) fn plain(digest: Digest, data: &Data) -> Result<Self, VerifyError> {
        let stored = Self::of(digest, data.octets().to_vec());
        stored.ok_or(data.bad("its digest has another length"))
    }

    /// A digest without a salt, if it is as long as it should be.
    pub(super) fn of(digest: Digest, expected: Vec<u8>) -> Option<Self> {
        let fits = expected.len() == digest.octets();
        fits.then(|| Self { digest, expected, salt: Vec::new() })
    }

    /// Reads a digest with its salt behind it.
    pub(super) fn salted(digest: Digest, data: &Data) -> Result<Self, VerifyError> {
        match data.octets().split_at_checked(digest.octets()) {
            Some((expected, salt)) if !salt.is_empty() => {
                Ok(Self { digest, expected: expected.to_vec(), salt: salt.to_vec() })
            }
            _ => Err(data.bad("it is too short for a digest and a salt")),
        }
    }
}

impl Stored for StoredDigest {
    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        let computed = self.digest.of(&[password, &self.salt]);
        Ok(computed.ct_eq(&self.expected).into())
    }
}

/// What was stored of a digest that is bound to a login.
pub(super) struct StoredBound(StoredDigest);

impl StoredBound {
    pub(super) fn read(data: &Data) -> Result<Self, VerifyError> {
        StoredDigest::plain(Digest::Md5, data).map(Self)
    }
}

impl Stored for StoredBound {
    fn matches(&self, login: &str, password: &[u8]) -> Result<bool, VerifyError> {
        let computed = bound(login, password).ok_or(VerifyError::LoginNeeded)?;
        Ok(computed.ct_eq(&self.0.expected).into())
    }
}
