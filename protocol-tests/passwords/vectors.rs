//! Hashes that others made: Dovecot 2.3 and 2.4, vmm, and crypt(3) of Debian.

use std::collections::BTreeMap;
use std::path::Path;

use postcote::mail::{HashForm, PasswordHash, PasswordHashError, Scheme};
use postcote::password::{VerifyError, is_refused_by_dovecot_24, verify};

/// A line of `dovecot.tsv`, whose head explains the columns.
pub(crate) struct Vector {
    pub(crate) line: usize,
    /// Whom the hash is bound to; empty if to nobody.
    pub(crate) login: String,
    pub(crate) password: Vec<u8>,
    stored: Vec<u8>,
    /// What Dovecot 2.4 says to a login by it.
    verdict: String,
}

/// What cannot be stored, since PostgreSQL's text has no octets beyond UTF-8, a stored password no
/// control characters, and nobody should have an empty one; each for the three names of PLAIN.
const UNSTORABLE: usize = 9;

#[test]
fn every_hash_that_dovecot_made_verifies() {
    let vectors = vectors();
    assert_eq!(
        vectors.len(),
        453,
        "the file was cut or grew: read its head and correct this number"
    );
    let mut unstorable = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for vector in &vectors {
        let hash = match vector.hash() {
            Ok(hash) => hash,
            Err(reason) => {
                *unstorable.entry(reason.to_string()).or_insert(0) += 1;
                match vector.in_hex() {
                    Some(hash) => hash,
                    None => continue,
                }
            }
        };
        *seen.entry(hash.scheme().as_str()).or_insert(0) += 1;
        let ask = |password: &[u8]| verify(&hash, &vector.login, password);
        assert_eq!(ask(&vector.password), Ok(true), "{vector}");
        assert_eq!(ask(b"wrongpw"), Ok(false), "{vector}, another password");
    }
    assert_eq!(unstorable.values().sum::<usize>(), UNSTORABLE, "{unstorable:?}");
    let empty = PasswordHashError::Empty.to_string();
    assert_eq!(unstorable.get(&empty), Some(&3), "{unstorable:?}");
    for scheme in Scheme::ALL.iter().filter(|scheme| scheme.is_known_to_dovecot_23()) {
        assert!(seen.contains_key(scheme.as_str()), "{scheme}: no vector");
    }
}

#[test]
fn dovecot_24_refuses_what_is_said_to_be_refused() {
    let mut verdicts = BTreeMap::new();
    for vector in vectors() {
        let Some(hash) = vector.hash().ok().or_else(|| vector.in_hex()) else { continue };
        let expected = match vector.verdict.as_str() {
            "ok" => false,
            "refused-weak" => true,
            _ => continue,
        };
        *verdicts.entry(expected).or_insert(0) += 1;
        assert_eq!(is_refused_by_dovecot_24(&hash), expected, "{vector}");
    }
    assert_eq!(verdicts, BTreeMap::from([(false, 306), (true, 116)]));
}

#[test]
fn every_hash_that_vmm_made_verifies() {
    let text = file("vmm.txt");
    let hashes: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(hashes.len(), 20);
    for text in hashes {
        let hash = PasswordHash::parse(text).unwrap();
        let ask = |login: &str, password: &str| verify(&hash, login, password.as_bytes());
        assert_eq!(ask("user@example.com", "test1234"), Ok(true), "{text}");
        assert_eq!(ask("user@example.com", "test123"), Ok(false), "{text}");
        let bound = hash.scheme() == Scheme::DigestMd5;
        assert_eq!(ask("other@example.com", "test1234"), Ok(!bound), "{text}, another login");
    }
}

#[test]
fn every_method_of_crypt_that_debian_knows_verifies_or_says_that_it_cannot() {
    // Made by crypt(3) of libxcrypt 4.4.33 of the password `pässword`.
    let known = CRYPT.iter().filter(|(_, known)| *known).count();
    assert_eq!((CRYPT.len(), known), (12, 8));
    for (text, known) in CRYPT {
        let hash = PasswordHash::parse(&format!("{{CRYPT}}{text}")).unwrap();
        let ask = |password: &str| verify(&hash, "", password.as_bytes());
        if *known {
            assert_eq!(ask("pässword"), Ok(true), "{text}");
            assert_eq!(ask("passwörd"), Ok(false), "{text}");
        } else {
            assert!(matches!(ask("pässword"), Err(VerifyError::Unsupported(_))), "{text}");
        }
    }
}

/// A hash, and whether it can be verified here.
const CRYPT: &[(&str, bool)] = &[
    ("abRy4/6THFs9U", true),
    ("_J9..rasm3Era0lzguf2", true),
    ("$1$saltsalt$QgbQ7EUpcKNQTLgSVL4qr/", true),
    ("$2a$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG", true),
    ("$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG", true),
    ("$2y$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG", true),
    ("$5$rounds=1000$saltsaltsalt$SCMRX9zp6qrNzaq34QIky4YxYA32p19xGqvRqNxrIhD", true),
    ("$y$j75$saltsaltsaltsalt$GTjgW/9UgmrXy8uruvVNL3v8/Cj7D8cOKPAWboOC/N5", true),
    ("$7$CU..../....2Q9obwLhin8qvQl6sisAO/$RQ2GkEvT.cm1BbpyINTEUllHI2U/ltOPdi/2eqkRM0A", false),
    ("$gy$j75$saltsaltsaltsalt$j2c.3CsVsfz1wkEVq0vJioLapliv.R22gZ5nLzMvP.6", false),
    ("$sha1$1000$saltsalt$gwqmm48mGVTxUEhP.PAfqWZw9Hn7", false),
    ("$md5,rounds=904$saltsalt$X0a1HkxMmowN36UkW2pFp1", false),
];

/// Every hash of the vectors that is text.
pub(super) fn stored_texts() -> Vec<String> {
    let dovecot = vectors().into_iter().filter_map(|vector| String::from_utf8(vector.stored).ok());
    dovecot.chain(CRYPT.iter().map(|(text, _)| format!("{{CRYPT}}{text}"))).collect()
}

/// Every line of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let text = file("dovecot.tsv");
    let rows = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#')).skip(1);
    let vector = |(line, row): (usize, &str)| {
        let fields: Vec<_> = row.split('\t').collect();
        let [_, _, login, password, stored, _, _, verdict, _] = fields[..] else {
            panic!("line {line}: {row}")
        };
        let (password, stored) = (octets(password), octets(stored));
        Vector { line, login: login.to_owned(), password, stored, verdict: verdict.to_owned() }
    };
    rows.map(vector).collect()
}

impl Vector {
    fn hash(&self) -> Result<PasswordHash, PasswordHashError> {
        let text = str::from_utf8(&self.stored).map_err(|_| PasswordHashError::BadText)?;
        PasswordHash::parse(text)
    }

    /// As it can be stored; what stands for an empty password as it is cannot.
    pub(crate) fn storable(&self) -> Option<PasswordHash> {
        self.hash().ok().or_else(|| self.in_hex())
    }

    /// The same with its data in hex, as it can be stored; an empty one cannot.
    fn in_hex(&self) -> Option<PasswordHash> {
        let end = self.stored.iter().position(|octet| *octet == b'}')?;
        let (names, data) =
            (str::from_utf8(&self.stored[1..end]).unwrap(), &self.stored[end + 1..]);
        let form = HashForm::parse(&format!("{names}.HEX")).unwrap();
        PasswordHash::new(form, &in_hex(data)).ok()
    }
}

impl std::fmt::Display for Vector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "dovecot.tsv:{}: {}", self.line, self.stored.escape_ascii())
    }
}

/// Two digits an octet.
pub(super) fn in_hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
}

/// Reads `\xNN`.
fn octets(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, escaped)) = rest.split_once("\\x") {
        octets.extend(before.bytes());
        octets.push(u8::from_str_radix(&escaped[..2], 16).unwrap());
        rest = &escaped[2..];
    }
    octets.extend(rest.bytes());
    octets
}

fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/passwords");
    std::fs::read_to_string(folder.join(name)).unwrap()
}
