//! The columns of a file of accounts. They are named as the options of the commands.

use crate::admin::account::bulk::mistakes::Mistake;
use crate::config::closest;

/// A column of a CSV file, a key of a JSON object, in the order of the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Address,
    Password,
    Hash,
    Random,
    Name,
    Note,
    Transport,
    Quota,
    Messages,
    Services,
    Expires,
}

impl Field {
    /// Those of `account add`.
    pub(super) const OF_ADD: &[Self] = &[
        Self::Address,
        Self::Password,
        Self::Hash,
        Self::Random,
        Self::Name,
        Self::Note,
        Self::Transport,
        Self::Quota,
        Self::Messages,
        Self::Services,
        Self::Expires,
    ];

    /// Those of `account password`.
    pub(super) const OF_PASSWORD: &[Self] =
        &[Self::Address, Self::Password, Self::Hash, Self::Random];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Password => "password",
            Self::Hash => "hash",
            Self::Random => "random",
            Self::Name => "name",
            Self::Note => "note",
            Self::Transport => "transport",
            Self::Quota => "quota",
            Self::Messages => "messages",
            Self::Services => "services",
            Self::Expires => "expires",
        }
    }

    /// Finds the column of this name among those that a command knows.
    pub(super) fn parse(name: &str, known: &[Self], line: u64) -> Result<Self, Mistake> {
        if let Some(field) = known.iter().find(|field| field.as_str() == name) {
            return Ok(*field);
        }
        let mistake = Mistake::new(line, "no column has this name").about(quoted(name));
        let names = known.iter().map(|field| field.as_str());
        Err(match closest(name.trim(), names.clone()) {
            Some(close) => mistake.hint(format!("did you mean `{close}`?")),
            None => mistake.hint(format!("the columns are {}", listed(names))),
        })
    }

    /// Whether its values must never be shown.
    pub(super) fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::Hash)
    }

    /// Whether spaces at the edge of a value belong to it.
    pub(super) fn keeps_spaces(self) -> bool {
        matches!(self, Self::Password | Self::Hash | Self::Name | Self::Note)
    }

    /// The column and what stands there, as messages show it.
    pub(super) fn with(self, value: &str) -> String {
        if self.is_secret() {
            self.as_str().to_owned()
        } else {
            format!("{} {}", self.as_str(), quoted(value))
        }
    }
}

/// A text of somebody else in backticks: on one line, and short.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let harmless = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut shown: String = text.chars().take(LONGEST).map(harmless).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Names in backticks with commas between them.
pub(super) fn listed(names: impl Iterator<Item = &'static str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_their_exact_name() {
        let table = [
            ("quota", Ok(Field::Quota)),
            ("Quota", Err("did you mean `quota`?")),
            (" hash", Err("did you mean `hash`?")),
            ("pasword", Err("did you mean `password`?")),
            ("colour", Err("the columns are `address`, `password`, `hash`, `random`, `name`, ")),
        ];
        for (name, expected) in table {
            match (Field::parse(name, Field::OF_ADD, 1), expected) {
                (Ok(field), Ok(expected)) => assert_eq!(field, expected),
                (Err(mistake), Err(hint)) => {
                    assert!(mistake.hint.unwrap().starts_with(hint), "{name}");
                }
                (got, _) => panic!("{name}: {got:?}"),
            }
        }
        assert!(Field::parse("quota", Field::OF_PASSWORD, 1).is_err());
    }

    #[test]
    fn what_is_shown_is_short_and_no_secret() {
        assert_eq!(Field::Password.with("geheim"), "password");
        assert_eq!(Field::Name.with("a\u{1B}b\n"), "name `a\u{FFFD}b\u{FFFD}`");
        assert_eq!(Field::Quota.with(&"9".repeat(99)).chars().count(), 6 + 2 + 60 + 1);
    }
}
