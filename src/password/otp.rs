//! OTP: one-time passwords (RFC 2289), as `ALGORITHM SEQUENCE SEED HASH`.

use subtle::ConstantTimeEq as _;

use crate::password::data::{Data, from_hex, to_hex};
use crate::password::digest::Digest;
use crate::password::stored::Stored;
use crate::password::{Cost, HashError, VerifyError, random};

/// The last one-time password, and how it came about.
pub(super) struct StoredOtp {
    digest: Digest,
    sequence: u32,
    seed: String,
    expected: Vec<u8>,
}

impl StoredOtp {
    pub(super) fn read(data: &Data) -> Result<Self, VerifyError> {
        let bad = data.bad("it is not `ALGORITHM SEQUENCE SEED HASH`");
        let mut parts = data.text()?.split(' ');
        let mut part = || parts.next().ok_or(bad);
        let digest = match part()?.to_ascii_lowercase().as_str() {
            "md4" => Digest::Md4,
            "md5" => Digest::Md5,
            "sha1" => Digest::Sha1,
            _ => return Err(data.bad("its algorithm is none of md4, md5 and sha1")),
        };
        let sequence = part()?.parse().map_err(|_| bad)?;
        let seed = part()?.to_ascii_lowercase();
        let expected = from_hex(part()?).filter(|octets| octets.len() == 8).ok_or(bad)?;
        let legal =
            (1..=16).contains(&seed.len()) && seed.bytes().all(|b| b.is_ascii_alphanumeric());
        if !legal || parts.next().is_some() {
            return Err(bad);
        }
        let stored = Self { digest, sequence, seed, expected };
        stored.cost().affordable()?;
        Ok(stored)
    }
}

impl Stored for StoredOtp {
    fn cost(&self) -> Cost {
        Cost::Rounds(u64::from(self.sequence) + 1)
    }

    fn matches(&self, _: &str, password: &[u8]) -> Result<bool, VerifyError> {
        let computed = one_time(self.digest, self.sequence, &self.seed, password);
        Ok(computed.as_slice().ct_eq(&self.expected).into())
    }
}

/// What is stored of a password, as Dovecot makes it.
pub(super) fn make(password: &[u8]) -> Result<String, HashError> {
    const SEQUENCE: u32 = 1024;
    let seed = to_hex(&random::octets::<8>()?);
    let hash = one_time(Digest::Sha1, SEQUENCE, &seed, password);
    Ok(format!("sha1 {SEQUENCE} {seed} {}", to_hex(&hash)))
}

fn one_time(digest: Digest, sequence: u32, seed: &str, password: &[u8]) -> [u8; 8] {
    let first = folded(digest, &digest.of(&[seed.as_bytes(), password]));
    (0..sequence).fold(first, |last, _| folded(digest, &digest.of(&[&last])))
}

/// A digest folded to 64 bits by XOR; of SHA-1 the octets of each word stand in reverse (RFC 2289,
/// appendix A).
fn folded(digest: Digest, octets: &[u8]) -> [u8; 8] {
    let mut folded = [0; 8];
    for (at, octet) in octets.iter().enumerate() {
        let place = if digest == Digest::Sha1 { at ^ 3 } else { at };
        if let Some(target) = folded.get_mut(place % 8) {
            *target ^= octet;
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2289, appendix C.
    #[test]
    fn one_time_passwords_are_those_of_the_standard() {
        let table = [
            (Digest::Md4, 0, "d1854218ebbb0b51"),
            (Digest::Md4, 99, "c5e612776e6c237a"),
            (Digest::Md5, 0, "9e876134d90499dd"),
            (Digest::Md5, 99, "50fe1962c4965880"),
            (Digest::Sha1, 0, "bb9e6ae1979d8ff4"),
            (Digest::Sha1, 99, "87fec7768b73ccf9"),
        ];
        for (digest, sequence, expected) in table {
            let computed = one_time(digest, sequence, "test", b"This is a test.");
            assert_eq!(to_hex(&computed), expected, "{digest:?} {sequence}");
        }
    }
}
