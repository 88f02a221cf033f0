//! The small values of the configuration: modes, durations, names, paths.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::de::{self, Deserializer, Error, Visitor};
use serde::{Deserialize, Serializer};
use tracing_subscriber::EnvFilter;

use crate::config::text::{BadValue, Written};

/// Permissions of a socket, such as `0660`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl Default for FileMode {
    /// Owner and group may connect.
    fn default() -> Self {
        Self(0o660)
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileMode({self})")
    }
}

impl Written for FileMode {
    const FORM: &'static str = "an octal mode as text, such as \"0660\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        match u32::from_str_radix(text, 8) {
            Ok(mode) if octal && mode <= 0o777 => Ok(Self(mode)),
            _ => Err(BadValue::new(format!("`{text}` is no mode of a socket"))
                .hint("write three octal digits after a zero, such as `0660`")),
        }
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line an event.
    #[default]
    Human,
    /// One JSON object an event.
    Json,
}

impl Written for LogFormat {
    const FORM: &'static str = "\"human\" or \"json\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(BadValue::unknown("log format", text, &["human", "json"])),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Human => "human".to_owned(),
            Self::Json => "json".to_owned(),
        }
    }
}

/// What is logged: a level, or directives such as `info,postcote::server=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(Box<str>);

impl LogFilter {
    /// The directives, as `tracing_subscriber::EnvFilter` reads them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".into())
    }
}

impl Written for LogFilter {
    const FORM: &'static str = "a level as text, such as \"info\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        const LEVELS: [&str; 6] = ["debug", "error", "info", "off", "trace", "warn"];
        // EnvFilter takes a misspelt level for the name of a module and then logs nothing.
        for directive in text.split(',').map(str::trim) {
            if !directive.contains(['=', '[']) && !LEVELS.contains(&directive) {
                return Err(BadValue::unknown("log level", directive, &LEVELS));
            }
        }
        EnvFilter::try_new(text).map_err(|error| {
            BadValue::new(format!("`{text}` is no log filter: {error}"))
                .hint("write a level, or `info,postcote::server=debug`")
        })?;
        Ok(Self(text.into()))
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

/// The characters that may stand between name and domain of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginSeparators(Box<str>);

impl LoginSeparators {
    /// The characters, in the order they were given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for LoginSeparators {
    fn default() -> Self {
        Self("@".into())
    }
}

impl Written for LoginSeparators {
    const FORM: &'static str = "a text such as \"@\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        if !text.is_empty() && text.chars().all(|c| c.is_ascii_punctuation()) {
            return Ok(Self(text.into()));
        }
        Err(BadValue::new(format!(
            "`{text}` cannot separate logins: separators are ASCII punctuation, at least one"
        ))
        .hint("the default is `@`"))
    }

    fn write(&self) -> String {
        self.0.to_string()
    }
}

/// How new passwords are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordScheme {
    /// Dovecot's `ARGON2ID`.
    Argon2id,
}

impl Written for PasswordScheme {
    const FORM: &'static str = "a text such as \"ARGON2ID\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        if text.eq_ignore_ascii_case("ARGON2ID") {
            return Ok(Self::Argon2id);
        }
        Err(BadValue::new(format!("password scheme `{text}` is not available in this version"))
            .hint("available is `ARGON2ID`"))
    }

    fn write(&self) -> String {
        "ARGON2ID".to_owned()
    }
}

/// A duration that may be without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit(pub(super) Option<Duration>);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Seconds { endless: true }).map(Limit)
    }
}

/// Serde's way to write a [`Limit`].
#[expect(clippy::ref_option, reason = "the signature is serde's")]
pub(super) fn limit<S: Serializer>(limit: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match limit {
        Some(duration) => to.serialize_str(&duration::written(*duration)),
        None => to.serialize_str("none"),
    }
}

/// Whole seconds as a number, or a text with a unit.
struct Seconds {
    endless: bool,
}

impl Visitor<'_> for Seconds {
    type Value = Option<Duration>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds, or a text such as \"300s\"")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
        match u64::try_from(seconds) {
            Ok(seconds) => positive(Duration::from_secs(seconds)).map_err(E::custom),
            Err(_) => Err(E::custom(BadValue::new(format!("`{seconds}` is no duration")))),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if self.endless && text == "none" {
            return Ok(None);
        }
        duration::read(text).and_then(positive).map_err(E::custom)
    }
}

fn positive(duration: Duration) -> Result<Option<Duration>, BadValue> {
    if duration.is_zero() {
        return Err(BadValue::new("a time limit of nothing lets nothing happen"));
    }
    Ok(Some(duration))
}

/// For `#[serde(with = "value::duration")]`.
pub(super) mod duration {
    use super::{BadValue, Deserializer, Duration, Error, Seconds, Serializer};

    const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

    pub(in crate::config) fn deserialize<'de, D>(deserializer: D) -> Result<Duration, D::Error>
    where
        D: Deserializer<'de>,
    {
        let duration = deserializer.deserialize_any(Seconds { endless: false })?;
        duration.ok_or_else(|| D::Error::custom("a duration is missing"))
    }

    pub(in crate::config) fn serialize<S>(duration: &Duration, to: S) -> Result<S::Ok, S::Error>
    where
        S: Serializer,
    {
        to.serialize_str(&written(*duration))
    }

    pub(in crate::config) fn read(text: &str) -> Result<Duration, BadValue> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let scale = UNITS.into_iter().find(|(name, _)| *name == unit.trim_start());
        let millis = number.parse::<u64>().ok().zip(scale).and_then(|(n, (_, k))| n.checked_mul(k));
        millis.map(Duration::from_millis).ok_or_else(|| {
            BadValue::new(format!("`{text}` is no duration"))
                .hint("write a number and one of `ms`, `s`, `m`, `h`, such as `300s`")
        })
    }

    /// In seconds where they are whole, for those are compared most easily.
    pub(in crate::config) fn written(duration: Duration) -> String {
        if duration.subsec_millis() == 0 {
            format!("{}s", duration.as_secs())
        } else {
            format!("{}ms", duration.as_millis())
        }
    }
}

/// A user or group: a name or a number.
pub(super) fn name<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let name = String::deserialize(from)?;
    let legal = |c: char| !c.is_whitespace() && !c.is_control() && c != ':';
    if name.is_empty() || !name.chars().all(legal) {
        let bad = BadValue::new(format!("`{name}` is no user or group"))
            .hint("leave the option out to keep the daemon's own");
        return Err(D::Error::custom(bad));
    }
    Ok(Some(name))
}

/// An absolute path without a slash at its end.
pub(super) fn absolute_path<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    let text = String::deserialize(from)?;
    let bad = || BadValue::new(format!("`{text}` is no absolute path"));
    if !text.starts_with('/') {
        return Err(D::Error::custom(bad().hint(format!("write `/{text}`"))));
    }
    let trimmed = text.trim_end_matches('/');
    if trimmed.is_empty() || text.chars().any(char::is_control) {
        return Err(D::Error::custom(bad().hint("the default is `/srv/mail`")));
    }
    Ok(PathBuf::from(trimmed))
}

/// A path below a home, which it may not leave.
pub(super) fn relative_path<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let inside = |part: &str| !matches!(part, "" | "." | "..");
    if text.split('/').all(inside) && !text.chars().any(char::is_control) {
        return Ok(text);
    }
    let bad = BadValue::new(format!("`{text}` is no path below a home directory"))
        .hint("write it without a slash at either end, such as `Maildir`");
    Err(D::Error::custom(bad))
}

/// Never the secret itself.
pub(super) fn hidden<S: Serializer>(_: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str("…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal() {
        let table = [
            ("0660", Some(0o660)),
            ("666", Some(0o666)),
            ("0777", Some(0o777)),
            ("1777", None),
            ("0880", None),
            ("+660", None),
            ("66", None),
            ("rw-rw----", None),
        ];
        for (text, expected) in table {
            assert_eq!(FileMode::read(text).ok().map(|m| m.0), expected, "{text}");
        }
        assert_eq!(FileMode(0o60).to_string(), "0060");
    }

    #[test]
    fn durations_have_units() {
        let table = [
            ("300s", Some("300s")),
            ("5m", Some("300s")),
            ("1h", Some("3600s")),
            ("1500ms", Some("1500ms")),
            ("2000ms", Some("2s")),
            ("5 m", Some("300s")),
            ("300", None),
            ("s", None),
            ("-1s", None),
            ("99999999999999999999s", None),
            ("9999999999999999999h", None),
        ];
        for (text, expected) in table {
            let got = duration::read(text).ok().map(duration::written);
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn log_filters_name_levels() {
        let table = [
            ("info", true),
            ("off", true),
            ("info,postcote::server=debug", true),
            ("inof", false),
            ("postcote", false),
            ("postcote=loud", false),
            ("", false),
        ];
        for (text, expected) in table {
            assert_eq!(LogFilter::read(text).is_ok(), expected, "{text}");
        }
    }
}
