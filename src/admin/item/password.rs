//! Password schemes and hashes as they are reported.

use serde::Serialize;

use crate::admin::item::Item;
use crate::mail::{Dovecot24, Encoding, PasswordHash, Scheme};
use crate::password::cost::rounds;

/// A password scheme.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SchemeItem {
    name: &'static str,
    other_names: Vec<&'static str>,
    strength: &'static str,
    weakness: Option<&'static str>,
    mechanisms: Vec<&'static str>,
    encoding: &'static str,
    rounds: Option<RoundsItem>,
    dovecot_2_3: bool,
    dovecot_2_4: &'static str,
    made: bool,
}

/// How often a hash may be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct RoundsItem {
    least: u32,
    usual: u32,
    most: u32,
}

/// A hash that was asked for, and the password if it was made up.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct HashItem {
    scheme: &'static str,
    hash: String,
    password: Option<String>,
}

impl Item {
    pub(in crate::admin) fn scheme(scheme: Scheme) -> Self {
        let mut mechanisms = vec!["PLAIN", "LOGIN"];
        mechanisms.extend(scheme.challenge());
        if scheme.stores_password() {
            mechanisms.extend(["CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"]);
        }
        Self::PasswordScheme(Box::new(SchemeItem {
            name: scheme.as_str(),
            other_names: scheme.other_names().iter().map(|other| other.as_str()).collect(),
            strength: scheme.strength().as_str(),
            weakness: scheme.weakness(),
            mechanisms,
            encoding: match scheme.default_encoding() {
                None => "text",
                Some(Encoding::Base64) => "base64",
                Some(Encoding::Hex) => "hex",
            },
            rounds: rounds(scheme).map(|rounds| RoundsItem {
                least: rounds.least,
                usual: rounds.usual,
                most: rounds.most,
            }),
            dovecot_2_3: scheme.is_known_to_dovecot_23(),
            dovecot_2_4: match scheme.dovecot_24() {
                Dovecot24::Accepts => "accepts",
                Dovecot24::RefusesOldHashes => "refuses-old-hashes",
                Dovecot24::Refuses => "refuses",
            },
            made: scheme.can_be_made(),
        }))
    }

    pub(in crate::admin) fn hash(hash: &PasswordHash, made_up: Option<&str>) -> Self {
        Self::PasswordHash(HashItem {
            scheme: hash.scheme().as_str(),
            hash: hash.expose().to_owned(),
            password: made_up.map(str::to_owned),
        })
    }
}

impl SchemeItem {
    pub(super) const HEADINGS: &'static [&'static str] = &[
        "SCHEME",
        "OTHER NAMES",
        "STRENGTH",
        "MECHANISMS",
        "DATA",
        "ROUNDS",
        "DOVECOT 2.4",
        "MADE",
    ];

    pub(super) fn title(&self) -> String {
        format!("password scheme `{}`", self.name)
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let mechanisms = match self.mechanisms.as_slice() {
            [_, _] => "plain".to_owned(),
            [_, _, one] => format!("plain, {}", one.to_lowercase()),
            _ => "all".to_owned(),
        };
        let rounds = self.rounds.as_ref().map(|rounds| rounds.usual.to_string());
        let dovecot = match (self.dovecot_2_3, self.dovecot_2_4) {
            (false, _) => "only 2.4",
            (true, "refuses") => "refused",
            (true, "refuses-old-hashes") => "not DES/MD5",
            (true, _) => "yes",
        };
        vec![
            self.name.to_owned(),
            self.other_names.join(", "),
            self.strength.to_owned(),
            mechanisms,
            self.encoding.to_owned(),
            rounds.unwrap_or_default(),
            dovecot.to_owned(),
            if self.made { "yes" } else { "no" }.to_owned(),
        ]
    }
}

impl HashItem {
    pub(super) fn title(&self) -> String {
        format!("password hash of `{}`", self.scheme)
    }

    /// The lines that are printed: nothing but what a script would read.
    pub(super) fn lines(&self) -> Vec<String> {
        self.password.iter().chain([&self.hash]).cloned().collect()
    }
}

impl std::fmt::Debug for HashItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HashItem({{{}}}…)", self.scheme)
    }
}
