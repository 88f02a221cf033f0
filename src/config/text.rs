//! Values that stand in the file as text, read and refused in one way.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::lookup::Table;
use crate::mail::{Delimiters, MailboxFormat};

/// Something that is written as text.
pub(super) trait Written: Sized {
    /// What it looks like, for those who wrote a number instead: `a text such as "0660"`.
    const FORM: &'static str;

    /// Reads it.
    fn read(text: &str) -> Result<Self, BadValue>;

    /// Writes it so that it reads the same again.
    fn write(&self) -> String;
}

/// Why a value is refused, and what would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The reason.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The option that is wrong, where the value as a whole is a section.
    pub key: Option<&'static str>,
}

/// Starts the hint on its way through serde, which carries one text only.
pub(super) const HINT: &str = "\nhint: ";
/// Starts the name of an option on its way through serde.
pub(super) const KEY: &str = "\nkey: ";

impl BadValue {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None, key: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// A name that is none of those known; close ones are offered, all others are listed.
    pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> Self {
        let bad = Self::new(format!("unknown {what} `{name}`"));
        match closest(name, known.iter().copied()) {
            Some(close) => bad.hint(format!("did you mean `{close}`?")),
            None => bad.hint(format!("known are {}", listed(known))),
        }
    }
}

/// The known name that was probably meant.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let likeness = |candidate: &str| strsim::jaro_winkler(&name, &candidate.to_lowercase());
    let scored = known.into_iter().map(|candidate| (likeness(candidate), candidate));
    let best = scored.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    // Below this, suggestions are more often puzzling than right.
    (best.0 >= 0.8).then_some(best.1)
}

/// `a`, `b` and `c`.
pub(super) fn listed(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)?;
        if let Some(hint) = &self.hint {
            write!(f, "{HINT}{hint}")?;
        }
        match self.key {
            Some(key) => write!(f, "{KEY}{key}"),
            None => Ok(()),
        }
    }
}

/// Carries a [`Written`] value through serde.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: Written> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);

        impl<T: Written> Visitor<'_> for Reader<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::FORM)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<T>, E> {
                T::read(text).map(Text).map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Reader(PhantomData))
    }
}

impl<T: Written> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        serialize(&self.0, to)
    }
}

/// For `#[serde(with = "text")]`.
pub(super) fn deserialize<'de, T: Written, D>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    Text::deserialize(deserializer).map(|Text(value)| value)
}

/// For `#[serde(with = "text")]`.
pub(super) fn serialize<T: Written, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
{
    serializer.serialize_str(&value.write())
}

/// For lists, as `#[serde(serialize_with = "text::serialize_all")]`.
pub(super) fn serialize_all<S: Serializer, W: Written>(
    all: &[W],
    to: S,
) -> Result<S::Ok, S::Error> {
    all.iter().map(Written::write).collect::<Vec<_>>().serialize(to)
}

/// For lists, as `#[serde(deserialize_with = "text::deserialize_all")]`.
pub(super) fn deserialize_all<'de, D: Deserializer<'de>, W: Written>(
    from: D,
) -> Result<Vec<W>, D::Error> {
    let all: Vec<Text<W>> = Vec::deserialize(from)?;
    Ok(all.into_iter().map(|Text(one)| one).collect())
}

impl Written for Delimiters {
    const FORM: &'static str = "a text such as \"+\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        Self::parse(text).map_err(|error| {
            BadValue::new(format!("`{text}` cannot delimit extensions: {error}"))
                .hint("write the same characters as in Postfix's recipient_delimiter")
        })
    }

    fn write(&self) -> String {
        self.as_str().to_owned()
    }
}

impl Written for MailboxFormat {
    const FORM: &'static str = "a text such as \"maildir\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        Self::parse(text)
            .map_err(|_| BadValue::unknown("mailbox format", text, &["maildir", "mdbox", "sdbox"]))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for Table {
    const FORM: &'static str = "the name of a table, such as \"virtual_mailbox_domains\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let known = Self::ALL.map(Self::as_str);
        Self::parse(text).ok_or_else(|| BadValue::unknown("table", text, &known))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_guessed_only_when_close() {
        let table = [
            ("virtual_alias_map", Some("virtual_alias_maps")),
            ("VIRTUAL_ALIAS_MAPS", Some("virtual_alias_maps")),
            ("transport", Some("transport_maps")),
            ("wholly-different", None),
            ("", None),
        ];
        for (name, expected) in table {
            assert_eq!(closest(name, Table::ALL.map(Table::as_str)), expected, "{name}");
        }
    }
}
