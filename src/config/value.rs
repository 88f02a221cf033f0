//! The small values of the configuration: modes, filters, names, paths.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::de::{Deserializer, Error};
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

/// How long a password is that was made up.
pub(super) fn password_length<'de, D: Deserializer<'de>>(from: D) -> Result<usize, D::Error> {
    let length = i64::deserialize(from)?;
    if let Ok(fits @ 8..=128) = usize::try_from(length) {
        return Ok(fits);
    }
    let bad = BadValue::new(format!("a password of {length} characters cannot be meant"));
    Err(D::Error::custom(bad.hint("write a number of 8 to 128; the default is 20")))
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
