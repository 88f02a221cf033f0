//! The client's side of the mechanisms, after the RFCs and not after our code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use postcote::mail::PasswordHash;
use postcote::password::{CramMd5Context, ScramHash, ScramKeys};
use postcote::sasl::{Credentials, Exchange, Mechanism, Nonce, Step};
use sha1::{Digest, Sha1};
use sha2::Sha256;

const SALT: &[u8] = b"0123456789";
const ROUNDS: u32 = 2;

/// What a server stores of a password.
pub(super) fn stored(mechanism: Mechanism, password: &[u8]) -> Credentials {
    match mechanism {
        Mechanism::ScramSha1 => Credentials::Scram(keys(ScramHash::Sha1, password)),
        Mechanism::ScramSha256 => Credentials::Scram(keys(ScramHash::Sha256, password)),
        _ => {
            let hex = hex(password);
            let hash = PasswordHash::parse(&format!("{{PLAIN.HEX}}{hex}")).unwrap();
            Credentials::CramMd5(CramMd5Context::of(&hash).unwrap().unwrap())
        }
    }
}

fn keys(hash: ScramHash, password: &[u8]) -> ScramKeys {
    let salted = salted(hash, password, SALT, ROUNDS);
    ScramKeys {
        hash,
        iterations: ROUNDS,
        salt: SALT.to_vec(),
        stored_key: digest(hash, &hmac(hash, &salted, b"Client Key")),
        server_key: hmac(hash, &salted, b"Server Key"),
    }
}

/// Logs in: whether the server was convinced, and whether it convinced the client.
pub(super) fn scram(
    hash: ScramHash,
    user: &str,
    stored: &[u8],
    known: &[u8],
    nonce: &str,
) -> (bool, bool) {
    let mechanism = match hash {
        ScramHash::Sha1 => Mechanism::ScramSha1,
        ScramHash::Sha256 => Mechanism::ScramSha256,
    };
    let bare = format!("n={},r={nonce}", user.replace('=', "=3D").replace(',', "=2C"));
    let first = format!("n,,{bare}");
    let ours = Nonce::new([9; Nonce::BYTES]);
    let (mut exchange, step) = Exchange::start(mechanism, ours, Some(first.as_bytes())).unwrap();
    assert!(matches!(step, Step::Stored { user: asked } if asked == user));
    let Step::Challenge(challenge) = exchange.credentials(self::stored(mechanism, stored)).unwrap()
    else {
        panic!("no challenge")
    };
    let challenge = String::from_utf8(challenge).unwrap();
    let both = challenge.split(',').next().unwrap().split_at(2).1;
    assert!(both.starts_with(nonce) && both.len() > nonce.len());
    let (last, expected) = scram_answer(hash, &bare, &challenge, known);
    let Step::Proof { user: asked, proven, last } = exchange.respond(last.as_bytes()).unwrap()
    else {
        panic!("no end")
    };
    assert_eq!(asked, user);
    (proven, last.unwrap() == expected.as_bytes())
}

/// The client's last message, and what the server has to say to it.
pub(crate) fn scram_answer(
    hash: ScramHash,
    bare: &str,
    challenge: &str,
    known: &[u8],
) -> (String, String) {
    let mut parts = challenge.split(',').map(|part| part.split_at(2).1);
    let both = parts.next().unwrap();
    let salt = STANDARD.decode(parts.next().unwrap()).unwrap();
    let rounds = parts.next().unwrap().parse().unwrap();

    let unproven = format!("c=biws,r={both}");
    let exchanged = format!("{bare},{challenge},{unproven}");
    let salted = salted(hash, known, &salt, rounds);
    let client_key = hmac(hash, &salted, b"Client Key");
    let signature = hmac(hash, &digest(hash, &client_key), exchanged.as_bytes());
    let proof: Vec<_> = client_key.iter().zip(signature).map(|(k, s)| k ^ s).collect();
    let server_key = hmac(hash, &salted, b"Server Key");
    let server = STANDARD.encode(hmac(hash, &server_key, exchanged.as_bytes()));
    (format!("{unproven},p={}", STANDARD.encode(proof)), format!("v={server}"))
}

/// Logs in: whether the server was convinced.
pub(super) fn cram_md5(user: &str, stored: &[u8], known: &[u8]) -> bool {
    let nonce = Nonce::new([9; Nonce::BYTES]);
    let (mut exchange, step) = Exchange::start(Mechanism::CramMd5, nonce, None).unwrap();
    let Step::Challenge(challenge) = step else { panic!("no challenge") };
    let answer = cram_md5_answer(user, &challenge, known);
    let step = exchange.respond(answer.as_bytes()).unwrap();
    assert!(matches!(step, Step::Stored { user: asked } if asked == user));
    match exchange.credentials(self::stored(Mechanism::CramMd5, stored)).unwrap() {
        Step::Proof { proven, last: None, .. } => proven,
        step => panic!("no end: {step:?}"),
    }
}

/// The client's only message.
pub(crate) fn cram_md5_answer(user: &str, challenge: &[u8], known: &[u8]) -> String {
    format!("{user} {}", hex(&mac::<Hmac<Md5>>(known, challenge)))
}

fn hex(octets: &[u8]) -> String {
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

fn salted(hash: ScramHash, password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    let mut salted = vec![0; digest(hash, b"").len()];
    match hash {
        ScramHash::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut salted),
        ScramHash::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut salted),
    }
    salted
}

fn digest(hash: ScramHash, text: &[u8]) -> Vec<u8> {
    match hash {
        ScramHash::Sha1 => Sha1::digest(text).to_vec(),
        ScramHash::Sha256 => Sha256::digest(text).to_vec(),
    }
}

fn hmac(hash: ScramHash, key: &[u8], text: &[u8]) -> Vec<u8> {
    match hash {
        ScramHash::Sha1 => mac::<Hmac<Sha1>>(key, text),
        ScramHash::Sha256 => mac::<Hmac<Sha256>>(key, text),
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key).unwrap().chain_update(text).finalize().into_bytes().to_vec()
}
