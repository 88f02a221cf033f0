//! What is wrong with a configuration, shown where it stands.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::config::text::{BadValue, HINT, KEY, closest, listed};

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// Where in the file; nothing if it could not be read.
    pub place: Option<Place>,
    /// What is wrong, and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line's text.
    pub text: String,
    /// How many characters are meant.
    pub width: usize,
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, message: String, hint: &str) -> Self {
        Self { file: file.to_owned(), place: None, message, hint: Some(hint.to_owned()) }
    }

    /// What `toml` and serde say, in our words.
    pub(super) fn from_toml(file: &Path, source: &str, error: &toml::de::Error) -> Self {
        let (message, key) = match error.message().split_once(KEY) {
            Some((message, key)) => (message, Some(key)),
            None => (error.message(), None),
        };
        let place = error.span().map(|span| {
            let at = key.and_then(|key| find_key(source, span.start, key));
            Place::find(source, at.unwrap_or(span))
        });
        let (message, hint) = reword(message);
        Self { file: file.to_owned(), place, message: masked(&message), hint }
    }

    /// A value that others contradict, where its line stands last.
    pub(super) fn at(file: &Path, source: &str, line: &str, bad: BadValue) -> Self {
        let start = source.rfind(line);
        let place = start.map(|start| Place::find(source, start..start + line.len()));
        Self { file: file.to_owned(), place, message: bad.why, hint: bad.hint }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

/// Where an option stands in the section whose header is at `start`.
fn find_key(source: &str, start: usize, key: &str) -> Option<Range<usize>> {
    let mut at = start;
    for (number, line) in source.get(start..)?.split_inclusive('\n').enumerate() {
        let text = line.trim_start();
        if number > 0 && text.starts_with('[') {
            return None;
        }
        let after = text.strip_prefix(key).map(str::trim_start);
        if after.is_some_and(|after| after.starts_with('=')) {
            let from = at + line.len() - text.len();
            return Some(from..at + line.trim_end().len());
        }
        at += line.len();
    }
    None
}

/// Serde's and `toml`'s messages in our words: what is wrong, and what to do about it.
fn reword(message: &str) -> (String, Option<String>) {
    if let Some((why, hint)) = message.split_once(HINT) {
        return (why.to_owned(), Some(hint.to_owned()));
    }
    // "unknown field `x`, expected one of `a`, `b`"
    let mut quoted = message.split('`').skip(1).step_by(2);
    if message.starts_with("unknown field") {
        let key = quoted.next().unwrap_or_default();
        let known: Vec<_> = quoted.collect();
        return (format!("unknown key `{key}`"), Some(place_for(key, &known)));
    }
    if message.starts_with("missing field") {
        let key = quoted.next().unwrap_or_default();
        let (owner, example) = match key {
            "name" => ("a rule set has a name", "\"…\""),
            "rules" => ("a rule set has rules", "[\"sending-limits\"]"),
            _ => ("a listener has a protocol and an address", "\"…\""),
        };
        return (format!("`{key}` is missing: {owner}"), Some(format!("add `{key} = {example}`")));
    }
    if let Some((found, expected)) = mismatch(message) {
        return wrong_kind(found, expected);
    }
    let (why, hint) = match message.trim_end() {
        "duplicate key" => ("this key stands twice", Some("remove one of the two")),
        m if m.contains("leading zero") => {
            ("a number cannot start with a zero", Some("write an octal mode as text: `\"0660\"`"))
        }
        m if m.contains("must be quoted") => ("a text must stand in quotation marks", None),
        m => (m, None),
    };
    (why.replace('\n', ", "), hint.map(ToOwned::to_owned))
}

/// Where an unknown key belongs: a similar name, the same name in another section, or any.
fn place_for(key: &str, known: &[&str]) -> String {
    if let Some(close) = closest(key, known.iter().copied()) {
        return format!("did you mean `{close}`?");
    }
    let sections = toml::Table::try_from(Config::default()).unwrap_or_default();
    let belongs = |(_, section): &(&String, &toml::Value)| section.get(key).is_some();
    match sections.iter().find(belongs) {
        Some((section, _)) => format!("it belongs to the section `[{section}]`"),
        None => format!("known here are {}", listed(known)),
    }
}

fn wrong_kind(found: &str, expected: &str) -> (String, Option<String>) {
    let is_section = expected.starts_with("struct");
    let hint = match expected {
        "a sequence" => Some("a listener is a section with two brackets: `[[listen]]`"),
        _ if is_section => Some("write it as a section of its own"),
        _ => None,
    };
    let expected = match expected {
        "a boolean" => "`true` or `false`",
        "a nonzero u64" | "a nonzero usize" => "a whole number above 0",
        "i64" | "u32" | "u64" | "usize" => "a whole number",
        "a sequence" => "a list of sections",
        "a string" => "a text in quotation marks",
        _ if is_section => "a section",
        other => other,
    };
    let found = match found {
        "map" => "a section",
        "sequence" => "a list",
        other => other,
    };
    (format!("expected {expected}, found {found}"), hint.map(ToOwned::to_owned))
}

/// Serde's "invalid type: integer `1`, expected a string": what was found, and what was expected.
fn mismatch(message: &str) -> Option<(&str, &str)> {
    let kinds = ["invalid type: ", "invalid value: "];
    let rest = kinds.into_iter().find_map(|kind| message.strip_prefix(kind))?;
    rest.rsplit_once(", expected ")
}

impl Place {
    fn find(source: &str, span: Range<usize>) -> Self {
        let before = source.get(..span.start).unwrap_or(source);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = source.get(start..).unwrap_or_default();
        let text = rest.lines().next().unwrap_or_default().trim_end();
        let column = before.get(start..).unwrap_or_default().chars().count() + 1;
        let meant = source.get(span).unwrap_or_default().lines().next().unwrap_or_default();
        let width = meant.trim_end().chars().count();
        // A caret must never leave its line, and there is always one.
        let room = (text.chars().count() + 1).saturating_sub(column);
        Self {
            line: before.matches('\n').count() + 1,
            column,
            text: masked(text),
            width: width.min(room).max(1),
        }
    }
}

/// Hides what may be a password, for errors end up in logs. What is hidden keeps its width, so that
/// the caret stays where it belongs.
fn masked(text: &str) -> String {
    let url = text.find("://").map(|at| at + 3).zip(text.rfind('@'));
    let lower = text.to_ascii_lowercase();
    let mut settings = lower.match_indices("password").map(|(at, word)| at + word.len());
    let value =
        |at: &usize| lower.get(*at..).is_some_and(|rest| rest.trim_start().starts_with('='));
    let setting = settings.find(value);
    let hidden = |at: usize| {
        let in_url = url.is_some_and(|(from, to)| (from..to).contains(&at));
        in_url || setting.is_some_and(|from| at >= from)
    };
    text.char_indices().map(|(at, c)| if hidden(at) { '*' } else { c }).collect()
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        let Some(place) = &self.place else { return write!(f, "{file}: {}", self.message) };
        let number = place.line.to_string();
        let margin = " ".repeat(number.len());
        // Tabs are kept so that the caret stands below its column in every terminal.
        let indent: String = place.text.chars().take(place.column - 1).map(blank).collect();
        let tail = "~".repeat(place.width - 1);
        writeln!(f, "{file}:{number}:{}: {}", place.column, self.message)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", place.text)?;
        write!(f, "{margin} | {indent}^{tail}")
    }
}

fn blank(c: char) -> char {
    if c == '\t' { '\t' } else { ' ' }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_do_not_get_into_errors() {
        let table = [
            (
                "url = 'postgresql://postcote:ses@me@db/x'",
                "url = 'postgresql://***************@db/x'",
            ),
            ("url = 'host=db password=sesame'", "url = 'host=db password********"),
            ("url = 'postgresql:///postcote'", "url = 'postgresql:///postcote'"),
            ("password-scheme = 'ARGON2ID'", "password-scheme = 'ARGON2ID'"),
            ("äö = 1", "äö = 1"),
        ];
        for (line, expected) in table {
            assert_eq!(masked(line), expected);
        }
    }

    #[test]
    fn the_caret_stands_below_what_is_meant() {
        let table = [
            ("abc = 1\ndef = 2\n", 8..11, "f:2:1: m\n  |\n2 | def = 2\n  | ^~~"),
            ("\tä = \"ö\"\n", 6..10, "f:1:6: m\n  |\n1 | \tä = \"ö\"\n  | \t    ^~~"),
            ("a = [\n1,\n2", 4..10, "f:1:5: m\n  |\n1 | a = [\n  |     ^"),
            ("a =", 3..3, "f:1:4: m\n  |\n1 | a =\n  |    ^"),
            ("", 0..0, "f:1:1: m\n  |\n1 | \n  | ^"),
        ];
        for (source, span, expected) in table {
            let place = Some(Place::find(source, span));
            let file = PathBuf::from("f");
            let error = ConfigError { file, place, message: "m".to_owned(), hint: None };
            assert_eq!(error.to_string(), expected, "{source:?}");
        }
    }
}
