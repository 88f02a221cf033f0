//! What a stored hash may cost: read, bounded, and only then computed.

use std::time::{Duration, Instant};

use postcote::mail::PasswordHash;
use postcote::password::cost::{MAX_BCRYPT_COST, MAX_MEMORY_KIB, MAX_ROUNDS, rounds};
use postcote::password::{Cost, VerifyError, cost, verify};

/// Refusing takes no longer than parsing; computing any of these would take minutes to years.
const AT_ONCE: Duration = Duration::from_millis(500);

const ARGON2: &str = "$jrnZr5+5Jz20qZd5JEYV7g$nRdexlSRUcqjAj3S2zQXVZCn6f+sppLxrNg/ucyc07g";
const SHA512: &str = "vHv5hCX9Q2y.LU.E$zNKkCPqHrMbOE1KOE5jGfUwz6mrBn4B6GUzK5KBPXRYo.YARxKn6qRxvFIF1oz53DaD9voACXRZCQ9NQgkaw91";
const SHA256: &str = "w4xSz0O5gEueDwyy$n2NoBR8OWT.h.vcgtS.UXTCp1UxqiCtxM3sNTMaqK65";
const BCRYPT: &str = "K4.oVcoVtWmCrpFOhIiueOaWg7YrSpx7..vYOZjzLMexwae9fMnKC";
const SCRAM: &str =
    "VczjUi2sSvS8ezFkM9j78A==,ugpD+iNbvS1z5lFXLb+gRNWv+h0=,gr5aNyFRFGlHjEiAAd7eBHoRmSg=";
const PBKDF2: &str = "bbee0b417dd4858f0ce86139dbb495d218aca08d";

#[test]
fn absurd_costs_are_refused_at_once() {
    let table = [
        format!("{{ARGON2ID}}$argon2id$v=19$m=4194304,t=3,p=1{ARGON2}"),
        format!("{{ARGON2I}}$argon2i$v=19$m=4294967295,t=3,p=1{ARGON2}"),
        format!("{{ARGON2ID}}$argon2id$v=19$m=8,t=4294967295,p=1{ARGON2}"),
        format!("{{ARGON2ID}}$argon2id$v=19$m=1048576,t=5,p=1{ARGON2}"),
        format!("{{SHA512-CRYPT}}$6$rounds=999999999${SHA512}"),
        format!("{{SHA256-CRYPT}}$5$rounds=999999999${SHA256}"),
        format!("{{CRYPT}}$6$rounds=5000001${SHA512}"),
        format!("{{BLF-CRYPT}}$2y$31${BCRYPT}"),
        format!("{{CRYPT}}$2b$17${BCRYPT}"),
        format!("{{PBKDF2}}$1$QUF17NlKNdJ7M4hA$2147483648${PBKDF2}"),
        format!("{{SCRAM-SHA-1}}2147483648,{SCRAM}"),
        format!("{{SCRAM-SHA-1}}4294967295,{SCRAM}"),
        "{OTP}sha1 2147483648 4431f2260f5dffcb e933ebde359a7670".to_owned(),
        "{CRYPT}_zzzzrasm3Era0lzguf2".to_owned(),
        "{CRYPT}$y$jLT$saltsaltsaltsalt$GTjgW/9UgmrXy8uruvVNL3v8/Cj7D8cOKPAWboOC/N5".to_owned(),
    ];
    for text in table {
        let hash = PasswordHash::parse(&text).unwrap();
        let start = Instant::now();
        let refused = verify(&hash, "joe@example.org", b"test");
        assert!(start.elapsed() < AT_ONCE, "{text} took {:?}", start.elapsed());
        let expensive =
            matches!(refused, Err(VerifyError::TooExpensive { asked, limit, .. }) if asked > limit);
        assert!(expensive, "{text}: {refused:?}");
        assert_eq!(cost(&hash).map(drop), refused.map(drop), "{text}");
    }
}

#[test]
fn sane_costs_are_allowed() {
    let rounds = |rounds: u32| Ok(Cost::Rounds(rounds.into()));
    let table = [
        // What libsodium calls sensitive, which `doveadm pw -r 4` makes.
        (
            format!("{{ARGON2ID}}$argon2id$v=19$m=1048576,t=4,p=1{ARGON2}"),
            Ok(Cost::Memory { kib: MAX_MEMORY_KIB, passes: 4 }),
        ),
        (
            format!("{{ARGON2I}}$argon2i$v=19$m=524288,t=8,p=1{ARGON2}"),
            Ok(Cost::Memory { kib: 524_288, passes: 8 }),
        ),
        (format!("{{SHA512-CRYPT}}$6${SHA512}"), rounds(5000)),
        // passlib's
        (format!("{{SHA512-CRYPT}}$6$rounds=656000${SHA512}"), rounds(656_000)),
        (format!("{{SHA512-CRYPT}}$6$rounds=5000000${SHA512}"), rounds(MAX_ROUNDS)),
        (format!("{{BLF-CRYPT}}$2y$16${BCRYPT}"), rounds(1 << MAX_BCRYPT_COST)),
        (format!("{{PBKDF2}}$1$QUF17NlKNdJ7M4hA$1300000${PBKDF2}"), rounds(1_300_000)),
        (format!("{{SCRAM-SHA-1}}4096,{SCRAM}"), rounds(4096)),
        ("{OTP}sha1 9999 4431f2260f5dffcb e933ebde359a7670".to_owned(), rounds(10_000)),
        ("{CRYPT}_J9..rasm3Era0lzguf2".to_owned(), rounds(725)),
        (
            // Debian's default
            "{CRYPT}$y$j9T$saltsaltsaltsalt$GTjgW/9UgmrXy8uruvVNL3v8/Cj7D8cOKPAWboOC/N5".to_owned(),
            Ok(Cost::Memory { kib: 16_384, passes: 1 }),
        ),
        ("{SHA.HEX}9bc34549d565d9505b287de0cd20ac77be1d3f2c".to_owned(), rounds(1)),
    ];
    for (text, expected) in table {
        assert_eq!(cost(&PasswordHash::parse(&text).unwrap()), expected, "{text}");
    }
}

#[test]
fn whatever_may_be_made_may_be_verified() {
    use postcote::mail::Scheme;
    for scheme in Scheme::ALL.iter().copied() {
        let Some(allowed) = rounds(scheme) else { continue };
        let fits = allowed.least <= allowed.usual && allowed.usual <= allowed.most;
        assert!(fits, "{scheme}: {allowed:?}");
        let most = match scheme {
            Scheme::Argon2 | Scheme::Argon2id => {
                format!("$argon2id$v=19$m=65536,t={},p=1{ARGON2}", allowed.most)
            }
            Scheme::Argon2i => format!("$argon2i$v=19$m=32768,t={},p=1{ARGON2}", allowed.most),
            Scheme::BlfCrypt | Scheme::Crypt => format!("$2y${}${BCRYPT}", allowed.most),
            Scheme::Pbkdf2 => format!("$1$QUF17NlKNdJ7M4hA${}${PBKDF2}", allowed.most),
            Scheme::Sha256Crypt => format!("$5$rounds={}${SHA256}", allowed.most),
            Scheme::Sha512Crypt => format!("$6$rounds={}${SHA512}", allowed.most),
            Scheme::ScramSha1 => format!("{},{SCRAM}", allowed.most),
            Scheme::ScramSha256 => format!(
                "{},gzwyj2egrXpastp1NguPgw==,xotDdMnZ84Tth7BYJ5hpefAWFLDdOv2x334QOBWmyOM=,X/gDlOsJq8dglXjE1E8W3xCrGJjc+Y6yG8EibHgcq6E=",
                allowed.most
            ),
            _ => panic!("{scheme} has rounds: add it here"),
        };
        let hash = PasswordHash::new(scheme.into(), &most).unwrap();
        assert!(cost(&hash).is_ok(), "{scheme}: {:?}", cost(&hash));
    }
}
