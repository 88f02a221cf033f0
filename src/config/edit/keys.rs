//! The names of all options, as the configuration itself knows them.

use crate::config::Config;
use crate::config::text::{closest, listed};

/// A key that nothing can have.
const NOBODY: &str = "\u{1}";

/// Why a name stands for no option that can be read or set by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is a list of sections, such as `listen`.
    #[error("`{0}` is a list of sections, which no command can tell apart")]
    ByHand(String),
    /// It names a section.
    #[error("`{name}` is a section, not an option")]
    Section {
        /// The section.
        name: String,
        /// Its options, in order.
        options: Vec<String>,
    },
    /// There is no such option.
    #[error("there is no option `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        meant: Option<String>,
    },
}

impl KeyError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::ByHand(_) => "edit the file; `postcote config check` finds mistakes".to_owned(),
            Self::Section { options, .. } => {
                let options: Vec<_> = options.iter().map(String::as_str).collect();
                format!("its options are {}", listed(&options))
            }
            Self::Unknown { meant: Some(meant), .. } => format!("did you mean `{meant}`?"),
            Self::Unknown { meant: None, .. } => {
                "`postcote config show` lists all options".to_owned()
            }
        }
    }
}

/// Every option, as `section.option`, in the order of the file.
pub fn keys() -> Vec<String> {
    let mut keys = Vec::new();
    collect("", &defaults(), &mut keys);
    keys
}

/// Makes sure that an option has this name.
pub(super) fn check(name: &str) -> Result<(), KeyError> {
    let keys = keys();
    if keys.iter().any(|key| key == name) {
        return Ok(());
    }
    let first = name.split('.').next().unwrap_or_default();
    let by_hand = defaults().get(first).is_some_and(toml::Value::is_array);
    if by_hand {
        return Err(KeyError::ByHand(first.to_owned()));
    }
    let section = format!("{name}.");
    let options: Vec<_> = keys.iter().filter(|key| key.starts_with(&section)).cloned().collect();
    if !options.is_empty() {
        return Err(KeyError::Section { name: name.to_owned(), options });
    }
    Err(KeyError::Unknown { name: name.to_owned(), meant: meant(name, &keys) })
}

/// The option that was probably meant: one of the same name elsewhere, or one that looks alike.
fn meant(name: &str, keys: &[String]) -> Option<String> {
    let last = |key: &str| key.rsplit('.').next().map(str::to_owned);
    let wanted = last(name).map(|option| option.replace('_', "-"));
    let elsewhere = keys.iter().find(|key| last(key) == wanted);
    elsewhere.cloned().or_else(|| {
        let keys = keys.iter().map(String::as_str);
        closest(&name.replace('_', "-"), keys).map(str::to_owned)
    })
}

/// The configuration that nobody has touched.
pub(super) fn defaults() -> toml::Table {
    toml::Table::try_from(Config::default()).unwrap_or_default()
}

fn collect(section: &str, table: &toml::Table, keys: &mut Vec<String>) {
    for option in options(section, table) {
        let name = if section.is_empty() { option.clone() } else { format!("{section}.{option}") };
        match table.get(&option) {
            Some(toml::Value::Table(inner)) => collect(&name, inner, keys),
            Some(toml::Value::Array(_)) if section.is_empty() => {}
            _ => keys.push(name),
        }
    }
}

/// The options of a section, also those that have no default: what serde expects where it finds
/// something else.
fn options(section: &str, table: &toml::Table) -> Vec<String> {
    let header = if section.is_empty() { String::new() } else { format!("[{section}]\n") };
    let said = toml::from_str::<Config>(&format!("{header}\"\\u0001\" = 0\n"));
    let said = said.err().map(|error| error.message().to_owned()).unwrap_or_default();
    let names = said.split('`').skip(1).step_by(2).filter(|name| *name != NOBODY);
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    if names.is_empty() {
        names.extend(table.keys().cloned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_without_a_default_are_known_too() {
        let keys = keys();
        for key in ["database.url", "accounts.password-scheme", "control.group", "log.level"] {
            assert!(keys.iter().any(|known| known == key), "{key} is not in {keys:?}");
        }
        assert!(!keys.iter().any(|key| key.contains("listen") || key.contains(NOBODY)), "{keys:?}");
    }

    #[test]
    fn names_are_guessed() {
        let table = [
            ("accounts.password-scheme", None),
            ("accounts.pasword-scheme", Some("did you mean `accounts.password-scheme`?")),
            ("accounts.password_scheme", Some("did you mean `accounts.password-scheme`?")),
            ("password-scheme", Some("did you mean `accounts.password-scheme`?")),
            ("misc.base_directory", Some("did you mean `accounts.base-directory`?")),
            ("nothing.like-this", Some("`postcote config show` lists all options")),
            ("log", Some("its options are `log.format` and `log.level`")),
            ("listen.mode", Some("edit the file; `postcote config check` finds mistakes")),
            ("listen", Some("edit the file; `postcote config check` finds mistakes")),
            ("", Some("`postcote config show` lists all options")),
        ];
        for (name, hint) in table {
            assert_eq!(check(name).err().map(|error| error.hint()).as_deref(), hint, "{name}");
        }
    }
}
