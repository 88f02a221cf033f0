//! Who is let in, and how: `[logins]`.

use std::net::IpAddr;
use std::time::Duration;

use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::duration::{self, Limit};
use crate::config::text::{self, BadValue, Written};
use crate::config::vmm::Size;
use crate::mail::DomainName;

/// Who is let in, and how: `[logins]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Logins {
    /// The domains of names without one.
    #[serde(serialize_with = "text::serialize_all", deserialize_with = "read_all")]
    pub domains: Vec<LoginDomain>,
    /// What may stand before a name instead of a domain behind it.
    #[serde(serialize_with = "text::serialize_all", deserialize_with = "read_all")]
    pub prefixes: Vec<LoginPrefix>,
    /// How long after its arrival a wrong password is answered.
    #[serde(with = "duration")]
    pub failure_delay: Duration,
    /// How long it may take until an attempt is answered that looks like a guess.
    #[serde(with = "duration")]
    pub longest_delay: Duration,
    /// How long a verified login is remembered; zero remembers none.
    #[serde(serialize_with = "write_limit", deserialize_with = "read_limit")]
    pub remember: Duration,
    /// How much memory verifying may take at once.
    #[serde(with = "text")]
    pub memory: Size,
    /// Whether hashes of another scheme are replaced at login.
    pub rehash: bool,
}

/// The domain of names without one: everybody's, or theirs who come to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginDomain {
    /// The address of this machine that the client connected to.
    pub address: Option<IpAddr>,
    /// The domain.
    pub name: DomainName,
}

/// What may stand before a name instead of a domain behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginPrefix {
    /// The prefix, without the dash behind it.
    pub prefix: String,
    /// The domain.
    pub name: DomainName,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            prefixes: Vec::new(),
            failure_delay: Duration::from_secs(2),
            longest_delay: Duration::from_secs(8),
            remember: Duration::from_mins(5),
            memory: Size(1 << 30),
            rehash: false,
        }
    }
}

impl Written for LoginDomain {
    const FORM: &'static str = "a text such as \"example.org\" or \"192.0.2.1 = example.org\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let Some((address, name)) = text.split_once('=') else {
            return Ok(Self { address: None, name: domain(text)? });
        };
        let read = address.trim().parse::<IpAddr>().map_err(|_| {
            BadValue::new(format!("`{}` is no IP address", address.trim()))
                .hint("write an address of this machine, such as `192.0.2.1 = example.org`")
        })?;
        Ok(Self { address: Some(read.to_canonical()), name: domain(name)? })
    }

    fn write(&self) -> String {
        match self.address {
            Some(address) => format!("{address} = {}", self.name),
            None => self.name.to_string(),
        }
    }
}

impl Written for LoginPrefix {
    const FORM: &'static str = "a text such as \"shop = shop.example\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let Some((prefix, name)) = text.split_once('=') else {
            return Err(BadValue::new(format!("`{text}` names no domain for the prefix"))
                .hint(format!("write `{} = example.org`", text.trim())));
        };
        let (prefix, name) = (prefix.trim(), domain(name)?);
        let legal = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        if prefix.is_empty() || !prefix.chars().all(legal) {
            return Err(BadValue::new(format!("`{prefix}` cannot stand before a name"))
                .hint("write letters, digits, `.`, `_` and `-`"));
        }
        Ok(Self { prefix: prefix.to_owned(), name })
    }

    fn write(&self) -> String {
        format!("{} = {}", self.prefix, self.name)
    }
}

fn domain(text: &str) -> Result<DomainName, BadValue> {
    let text = text.trim();
    DomainName::parse(text).map_err(|why| {
        BadValue::new(format!("`{text}` is no domain name: {why}"))
            .hint("write a name such as `example.org`")
    })
}

/// What stands left of `=` may stand there once.
fn read_all<'de, D: Deserializer<'de>, W: Written>(from: D) -> Result<Vec<W>, D::Error> {
    let all: Vec<W> = text::deserialize_all(from)?;
    let key = |one: &W| {
        let written = one.write();
        written.split_once(" = ").map(|(key, _)| key.to_lowercase())
    };
    let mut keys: Vec<_> = all.iter().map(key).collect();
    keys.sort();
    let twice = keys.windows(2).find(|pair| pair.first() == pair.last());
    match twice.and_then(|pair| pair.first()) {
        None => Ok(all),
        Some(key) => {
            let what = key.as_deref().map_or("two domains for everybody".to_owned(), |key| {
                format!("two domains for `{key}`")
            });
            Err(D::Error::custom(BadValue::new(what).hint("remove one")))
        }
    }
}

fn write_limit<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    Limit((!time.is_zero()).then_some(*time)).serialize(to)
}

fn read_limit<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Limit::deserialize(from).map(|limit| limit.0.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_of_names_read_and_print() {
        let table = [
            ("example.org", Some("example.org")),
            ("Bücher.example", Some("xn--bcher-kva.example")),
            ("192.0.2.1=example.org", Some("192.0.2.1 = example.org")),
            ("::ffff:192.0.2.1 = example.org", Some("192.0.2.1 = example.org")),
            ("2001:db8::1 = example.org", Some("2001:db8::1 = example.org")),
            ("shop = example.org", None),
            ("192.0.2.1 = ", None),
            ("", None),
        ];
        for (text, expected) in table {
            let got = LoginDomain::read(text).ok().map(|domain| domain.write());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn prefixes_read_and_print() {
        let table = [
            ("shop=shop.example", Some("shop = shop.example")),
            ("a-b = shop.example", Some("a-b = shop.example")),
            ("shop.example", None),
            (" = shop.example", None),
            ("a b = shop.example", None),
        ];
        for (text, expected) in table {
            let got = LoginPrefix::read(text).ok().map(|prefix| prefix.write());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }
}
