//! Plays the exchanges of `*.exchange`, and tries what no file thinks of.

pub(crate) mod client;

use std::fs;
use std::path::Path;

use postcote::mail::PasswordHash;
use postcote::password::{CramMd5Context, ScramHash, ScramKeys};
use postcote::sasl::{Credentials, Exchange, Mechanism, Nonce, SaslError, Step};
use proptest::collection::vec;
use proptest::prelude::*;
use secrecy::ExposeSecret;

#[test]
fn exchanges_go_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/sasl");
    let mut played = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "exchange") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.starts_with("# "), "{}: begins with what it shows", path.display());
            assert_eq!(play(&text), text, "{}", path.display());
            played += 1;
        }
    }
    assert!(played > 20, "only {played} exchanges");
}

/// Writes down what happens when the client's lines of an exchange are said.
fn play(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let value =
        |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let mechanism = Mechanism::parse(value("mechanism").unwrap()).unwrap();
    let nonce = Nonce::parse(value("nonce").unwrap_or("x")).unwrap();
    let is_said = |line: &&&str| ["C:", "S:", "end"].iter().any(|start| line.starts_with(start));
    let mut said = text.lines().take_while(|line| !is_said(&line)).collect::<Vec<_>>().join("\n");
    let mut clients = lines.iter().filter_map(|line| line.strip_prefix("C:")).peekable();
    let first = lines.iter().find(is_said).unwrap();
    let message = |text: &str| text.trim_start().replace("\\x00", "\0").into_bytes();
    let initial = first.strip_prefix("C:");
    if let Some(initial) = initial {
        clients.next();
        said += &line("C:", initial.trim_start());
    }
    let begun = Exchange::start(mechanism, nonce, initial.map(message).as_deref());
    let mut next = begun.map(|(exchange, step)| (Some(exchange), step));
    loop {
        let (mut exchange, step) = match next {
            Ok((exchange, step)) => (exchange.unwrap(), step),
            Err(error) => return said + &line("end:", word(error)) + "\n",
        };
        let end = match step {
            Step::Challenge(challenge) => {
                said += &line("S:", std::str::from_utf8(&challenge).unwrap());
                let answer = clients.next().expect("the client says something");
                said += &line("C:", answer.trim_start());
                next = exchange.respond(&message(answer)).map(|step| (Some(exchange), step));
                continue;
            }
            Step::Stored { .. } => {
                let stored = credentials(mechanism, value("stored").unwrap());
                next = exchange.credentials(stored).map(|step| (Some(exchange), step));
                continue;
            }
            Step::Password { user, password } => {
                format!(
                    "password {user} {}",
                    std::str::from_utf8(password.expose_secret()).unwrap()
                )
            }
            Step::Proof { user, proven: false, .. } => format!("not proven {user}"),
            Step::Proof { user, proven: true, last } => {
                if let Some(last) = last {
                    said += &line("S:", std::str::from_utf8(&last).unwrap());
                }
                format!("proven {user}")
            }
        };
        assert!(exchange.respond(b"").is_err(), "an exchange ends once");
        return said + &line("end:", &end) + "\n";
    }
}

fn line(start: &str, text: &str) -> String {
    format!("\n{}", format!("{start} {text}").trim_end())
}

fn word(error: SaslError) -> &'static str {
    match error {
        SaslError::ChannelBinding => "channel binding",
        SaslError::Malformed => "malformed",
        SaslError::OtherIdentity => "other identity",
    }
}

fn credentials(mechanism: Mechanism, stored: &str) -> Credentials {
    let hash = PasswordHash::parse(stored).unwrap();
    match mechanism {
        Mechanism::CramMd5 => Credentials::CramMd5(CramMd5Context::of(&hash).unwrap().unwrap()),
        _ => Credentials::Scram(ScramKeys::of(&hash).unwrap().unwrap()),
    }
}

fn scram_hash() -> impl Strategy<Value = ScramHash> {
    prop_oneof![Just(ScramHash::Sha1), Just(ScramHash::Sha256)]
}

proptest! {
    #[test]
    fn whatever_a_client_says_nothing_breaks(
        initial in proptest::option::of(vec(any::<u8>(), 0..60)), messages in vec(message(), 0..4),
    ) {
        for mechanism in Mechanism::ALL {
            let nonce = Nonce::new([1; Nonce::BYTES]);
            let Ok((mut exchange, mut step)) = Exchange::start(mechanism, nonce, initial.as_deref())
            else { continue };
            for message in &messages {
                let next = match step {
                    Step::Stored { .. } => exchange.credentials(client::stored(mechanism, b"sekrit")),
                    _ => exchange.respond(message),
                };
                let Ok(next) = next else { break };
                let is_proven = matches!(next, Step::Proof { proven: true, .. });
                prop_assert!(!is_proven, "{:?} is a proof of nothing", message);
                step = next;
            }
        }
    }

    #[test]
    fn who_knows_the_password_is_let_in_by_scram_and_nobody_else(
        hash in scram_hash(), user in "[a-z=,@.ü]{1,20}", password in vec(any::<u8>(), 1..20),
        other in vec(any::<u8>(), 1..20), nonce in "[!-+--~]{1,30}",
    ) {
        let (proven, is_server) = client::scram(hash, &user, &password, &password, &nonce);
        prop_assert!(proven && is_server);
        prop_assume!(password != other);
        let (proven, _) = client::scram(hash, &user, &password, &other, &nonce);
        prop_assert!(!proven);
    }

    #[test]
    fn who_knows_the_password_is_let_in_by_cram_md5_and_nobody_else(
        user in "[a-z @.ü]{1,20}", password in vec(any::<u8>(), 1..100), other in vec(any::<u8>(), 1..100),
    ) {
        prop_assume!(!user.is_empty());
        prop_assert!(client::cram_md5(&user, &password, &password));
        prop_assume!(password != other);
        prop_assert!(!client::cram_md5(&user, &password, &other));
    }
}

/// Messages that look as if they belonged somewhere.
fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..60),
        "(\u{0}?[a-z]{0,5}){0,4}".prop_map(String::into_bytes),
        "[npy],(a=[a-z]{0,3})?,n=[a-z=]{0,5},r=[a-z,]{0,5}".prop_map(String::into_bytes),
        "c=(biws|eSws)?,r=[a-zA-Z0-9/+]{0,30},p=[A-Za-z0-9=]{0,30}".prop_map(String::into_bytes),
        "[a-z]{0,5} [0-9a-f]{31,33}".prop_map(String::into_bytes),
    ]
}
