//! Whatever is stored: nobody is let in by it, nothing panics, nothing takes long.

use std::time::{Duration, Instant};

use postcote::mail::{HashForm, PasswordHash, Scheme};
use postcote::password::{cost, is_refused_by_dovecot_24, verify};
use proptest::prelude::*;

use super::round_trips::forms;
use super::vectors::{in_hex, stored_texts};

/// No password that was ever hashed in a vector.
const STRANGER: &[u8] = b"nobody has this password";

/// What most vectors were made of, and what few were.
const PASSWORDS: [&str; 3] = ["test", "pässword", ""];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_hash_lets_nobody_in(
        vector in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        damage in prop_oneof![
            any::<char>().prop_map(|c| c.to_string()),
            "[$,:{}=+/.0-9a-zA-Z -]{0,12}",
            Just("$".to_owned()),
            Just("99999999999999999999".to_owned()),
            Just(String::new()),
        ],
        cut in 0_usize..12,
    ) {
        let texts = cheap_texts();
        let text = vector.get(&texts);
        let chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        let end = (at + cut).min(chars.len());
        let damaged: String =
            chars[..at].iter().copied().chain(damage.chars()).chain(chars[end..].iter().copied()).collect();
        harmless(&damaged);
    }

    #[test]
    fn any_text_behind_any_scheme_lets_nobody_in(
        form in prop::sample::select(forms().collect::<Vec<_>>()),
        start in prop::sample::select(vec!["", "$1$", "$2y$05$", "$5$", "$6$rounds=1000$", "$y$j75$", "_", "4096,"]),
        data in "\\PC{0,90}",
    ) {
        harmless(&format!("{{{form}}}{start}{data}"));
    }

    #[test]
    fn any_octets_behind_any_scheme_let_nobody_in(
        form in prop::sample::select(forms().filter(|form| form.encoding.is_some()).collect::<Vec<_>>()),
        octets in prop::collection::vec(any::<u8>(), 1..90),
    ) {
        harmless(&format!("{{{}.HEX}}{}", form.scheme, in_hex(&octets)));
    }
}

/// A digest that was cut could match by its beginning, or one of no octets match everything.
#[test]
fn a_shortened_hash_lets_nobody_in() {
    for text in cheap_texts().into_iter().filter(|text| !is_password(text)) {
        let data = text.len() - text.find('}').unwrap() - 1;
        // Padding says nothing that is not known.
        let padding = text.len() - text.trim_end_matches('=').len();
        let cuts = (padding + 1..padding + 9).chain([
            data / 2,
            data.saturating_sub(2),
            data.saturating_sub(1),
        ]);
        for cut in cuts.filter(|cut| *cut < data) {
            let shortened = &text[..text.len() - cut];
            let Ok(hash) = PasswordHash::parse(shortened) else { continue };
            for password in PASSWORDS {
                let answer = verify(&hash, "user@example.org", password.as_bytes());
                assert_ne!(answer, Ok(true), "{shortened} by `{password}`");
            }
        }
    }
}

fn is_password(text: &str) -> bool {
    let hash = PasswordHash::parse(text);
    hash.is_ok_and(|hash| hash.scheme().stores_password() || hash.scheme() == Scheme::PlainTrunc)
}

/// Texts of hashes that are computed in milliseconds, of every scheme.
fn cheap_texts() -> Vec<String> {
    const ARGON2: &str = "$argon2id$v=19$m=64,t=1,p=1$\
                          jrnZr5+5Jz20qZd5JEYV7g$nRdexlSRUcqjAj3S2zQXVZCn6f+sppLxrNg/ucyc07g";
    let mut texts = stored_texts();
    texts.retain(|text| !text.starts_with("{ARGON2"));
    texts.extend([format!("{{ARGON2}}{ARGON2}"), format!("{{ARGON2ID}}{ARGON2}")]);
    texts
}

fn harmless(text: &str) {
    let Ok(hash) = PasswordHash::parse(text) else { return };
    let _ = is_refused_by_dovecot_24(&hash);
    let start = Instant::now();
    if cost(&hash).is_ok() {
        let answer = verify(&hash, "joe@example.org", STRANGER);
        assert!(is_password(text) || answer != Ok(true), "{text}");
    }
    assert!(start.elapsed() < Duration::from_mins(1), "{text} took {:?}", start.elapsed());
    assert_eq!(hash.form(), HashForm::parse(&hash.form().to_string()).unwrap());
}
