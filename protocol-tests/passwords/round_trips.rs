//! What postcote makes, postcote verifies, and nothing else.

use postcote::mail::{Encoding, HashForm, PasswordHashError, Scheme};
use postcote::password::cost::rounds;
use postcote::password::{CramMd5Context, HashError, ScramKeys, hash, plain_text, verify};
use secrecy::ExposeSecret;

const LOGIN: &str = "joe@example.org";
const ENCODINGS: [Option<Encoding>; 3] = [None, Some(Encoding::Base64), Some(Encoding::Hex)];

/// Every scheme that can be made with every way to write it.
pub(super) fn forms() -> impl Iterator<Item = HashForm> {
    let made = Scheme::ALL.iter().copied().filter(|scheme| scheme.can_be_made());
    made.flat_map(|scheme| ENCODINGS.map(|encoding| HashForm { scheme, encoding }))
}

#[test]
fn every_scheme_verifies_what_it_made() {
    for form in forms() {
        let fewest = rounds(form.scheme).map(|rounds| rounds.least);
        for password in ["sécret", " {PLAIN}x ", "xxxxxxx1"] {
            let stored = hash(form, LOGIN, password.as_bytes(), fewest).unwrap();
            let start = format!("{{{form}}}");
            assert!(stored.expose().starts_with(&start), "{form}: {}", stored.expose());
            let ask = |login: &str, password: &str| verify(&stored, login, password.as_bytes());
            assert_eq!(ask(LOGIN, password), Ok(true), "{form}: {}", stored.expose());
            let mut other = password.to_owned();
            other.insert(0, 'X');
            assert_eq!(ask(LOGIN, &other), Ok(false), "{form}: {}", stored.expose());
            assert_eq!(ask(LOGIN, ""), Ok(false), "{form}, no password");
            assert_eq!(ask(LOGIN, &format!("{password}\0")), Ok(false), "{form}, NUL");
            let bound = form.scheme == Scheme::DigestMd5;
            assert_eq!(ask("ann@example.org", password), Ok(!bound), "{form}, another login");
        }
    }
}

#[test]
fn salts_are_drawn() {
    let salted = |scheme: Scheme| {
        rounds(scheme).is_some()
            || matches!(
                scheme,
                Scheme::DesCrypt
                    | Scheme::Md5
                    | Scheme::Md5Crypt
                    | Scheme::Otp
                    | Scheme::Smd5
                    | Scheme::Ssha
                    | Scheme::Ssha256
                    | Scheme::Ssha512
            )
    };
    for form in forms().filter(|form| form.encoding.is_none()) {
        let fewest = rounds(form.scheme).map(|rounds| rounds.least);
        let one = || hash(form, LOGIN, b"test", fewest).unwrap().expose().to_owned();
        assert_eq!(one() != one(), salted(form.scheme), "{form}");
    }
}

/// Scheme, login, password, rounds, and why not.
type Row<'a> = (Scheme, &'a str, &'a [u8], Option<u32>, HashError);

#[test]
fn what_cannot_be_made_is_refused() {
    use HashError as E;
    let long = [b'x'; 512];
    let table: &[Row<'_>] = &[
        (Scheme::Argon2id, LOGIN, b"", None, E::Empty),
        (Scheme::Plain, LOGIN, b"", None, E::Empty),
        (Scheme::Sha, LOGIN, b"a\0b", None, E::LineBreak),
        (Scheme::Sha, LOGIN, b"a\n", None, E::LineBreak),
        (Scheme::DigestMd5, "", b"x", None, E::LoginNeeded),
        (Scheme::PlainTrunc, LOGIN, b"x", None, E::CannotMake(Scheme::PlainTrunc)),
        (Scheme::Sha512Crypt, LOGIN, &long, None, E::TooLong(511)),
        (Scheme::DesCrypt, LOGIN, &long, None, E::TooLong(511)),
        (Scheme::Plain, LOGIN, b"a\tb", None, E::Unstorable(PasswordHashError::BadText)),
        (Scheme::Plain, LOGIN, b"\xff", None, E::Unstorable(PasswordHashError::BadText)),
        (Scheme::Sha, LOGIN, b"x", Some(1), E::NoRounds(Scheme::Sha)),
        (
            Scheme::BlfCrypt,
            LOGIN,
            b"x",
            Some(3),
            E::Rounds { asked: 3, scheme: Scheme::BlfCrypt, least: 4, most: 16 },
        ),
    ];
    for (scheme, login, password, rounds, expected) in table {
        let refused = hash((*scheme).into(), login, password, *rounds).map(drop);
        assert_eq!(refused, Err(*expected), "{scheme} of {}", password.escape_ascii());
    }
    let b64 = HashForm { scheme: Scheme::Plain, encoding: Some(Encoding::Base64) };
    let stored = hash(b64, LOGIN, b"a\t\xff", None).unwrap();
    assert_eq!(verify(&stored, LOGIN, b"a\t\xff"), Ok(true));
}

#[test]
fn challenges_can_be_answered_with_what_is_stored() {
    let make = |scheme: Scheme| hash(scheme.into(), LOGIN, b"sesame", None).unwrap();
    let plain = plain_text(&make(Scheme::Clear)).unwrap().unwrap();
    assert_eq!(plain.expose_secret(), b"sesame");
    assert!(plain_text(&make(Scheme::Sha)).unwrap().is_none());

    let context = |scheme| CramMd5Context::of(&make(scheme)).unwrap().map(|c| *c.octets());
    assert_eq!(context(Scheme::Plain), context(Scheme::CramMd5));
    assert!(context(Scheme::HmacMd5).is_some() && context(Scheme::Sha).is_none());

    let keys = ScramKeys::of(&make(Scheme::ScramSha256)).unwrap().unwrap();
    assert_eq!((keys.iterations, keys.salt.len(), keys.stored_key.len()), (4096, 16, 32));
    assert!(ScramKeys::of(&make(Scheme::Plain)).unwrap().is_none());
    for shown in [format!("{keys:?}"), format!("{:?}", CramMd5Context::of(&make(Scheme::Plain)))] {
        assert!(shown.contains('…') && !shown.contains('['), "{shown}");
    }
}
