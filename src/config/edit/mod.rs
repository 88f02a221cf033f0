//! Reads and changes one option of the file and leaves every other byte as it is.
//!
//! A value is typed by what its option wants: texts need no quotation marks, lists are separated by
//! commas. A new option gets its line below the commented one of conf-examples, if that is there, so
//! that it stands with its explanation. What results is read as the daemon would read it before
//! anything is written.

mod file;
mod keys;
mod value;

use std::ops::Range;
use std::path::Path;

use secrecy::ExposeSecret;
use toml_edit::{Document, DocumentMut, Item, Table};

use crate::config::{Config, ConfigError};

pub use file::{FileError, Locked};
pub use keys::{KeyError, keys};

/// Why an option was not changed. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The configuration would not be valid with this value.
    #[error("`{key}` cannot be set: {reason}")]
    BadValue {
        /// The option.
        key: String,
        /// What is wrong with the file as it would be.
        reason: Box<ConfigError>,
    },
    /// The file was not valid before.
    #[error(transparent)]
    Broken(Box<ConfigError>),
    /// There is no such option.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A file with other values, not written yet.
#[derive(Clone, Debug)]
pub struct Edited {
    /// Its new text.
    pub text: String,
    /// What it means now.
    pub config: Config,
}

impl EditError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::BadValue { reason, .. } | Self::Broken(reason) => {
                reason.hint().map(str::to_owned)
            }
            Self::Key(key) => Some(key.hint()),
        }
    }
}

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// A password is left out.
    Hidden,
    /// Everything is shown as it is.
    Shown,
}

/// The value of an option that is in effect, default or not; `None` if it is unset and has no
/// default.
///
/// # Errors
/// There is no such option.
pub fn get(config: &Config, key: &str, secrets: Secrets) -> Result<Option<String>, KeyError> {
    keys::check(key)?;
    if key == "database.url" {
        return Ok(Some(match secrets {
            Secrets::Hidden => config.database.shown_url(),
            Secrets::Shown => config.database.url.expose_secret().to_owned(),
        }));
    }
    let table = toml::Table::try_from(config).unwrap_or_default();
    Ok(find(&table, key).map(value::plain))
}

/// Changes options of a file in one step; `None` if it says the same already. A file that does not
/// exist is made. `check` may refuse the configuration for reasons that are not in its text.
///
/// # Errors
/// There is no such option, the file would not be valid, or it cannot be written: nothing was.
pub fn change<E: From<EditError> + From<FileError>>(
    path: &Path,
    options: &[(&str, &str)],
    check: impl FnOnce(&Config) -> Result<(), E>,
) -> Result<Option<Edited>, E> {
    let file = Locked::open(path)?;
    let mut result: Option<Edited> = None;
    for (key, value) in options {
        let text = result.as_ref().map_or(file.text(), |edited| &edited.text);
        result = set(text, path, key, value)?.or(result);
    }
    if let Some(edited) = &result {
        check(&edited.config)?;
        file.replace(&edited.text)?;
    }
    Ok(result)
}

/// The text of the file with one option changed; `None` if it says the same already.
///
/// # Errors
/// There is no such option, or the file would not be valid; `path` is only for messages.
pub fn set(text: &str, path: &Path, key: &str, value: &str) -> Result<Option<Edited>, EditError> {
    keys::check(key)?;
    let before = Config::parse(text, path);
    let standard = keys::defaults();
    let mut refused = None;
    for candidate in value::candidates(find(&standard, key), value) {
        let Some(changed) = put(text, key, &candidate) else { continue };
        match Config::parse(&changed, path) {
            Ok(config) => {
                let same = before.as_ref().is_ok_and(|before| *before == config);
                return Ok((!same).then_some(Edited { text: changed, config }));
            }
            // The first try is what the option wants, so its complaint is the right one.
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    Err(match (before, refused) {
        (Err(broken), _) => EditError::Broken(Box::new(broken)),
        (Ok(_), Some(reason)) => {
            EditError::BadValue { key: key.to_owned(), reason: Box::new(reason) }
        }
        (Ok(_), None) => EditError::BadValue {
            key: key.to_owned(),
            reason: Box::new(ConfigError::unreadable(
                path,
                "its section is written in an unusual way".to_owned(),
                "edit the file by hand",
            )),
        },
    })
}

fn find<'a>(table: &'a toml::Table, key: &str) -> Option<&'a toml::Value> {
    match key.split_once('.') {
        None => table.get(key),
        Some((section, rest)) => find(table.get(section)?.as_table()?, rest),
    }
}

/// The text with the value in its place, unless more than this would have changed.
fn put(text: &str, key: &str, value: &toml_edit::Value) -> Option<String> {
    let mut wanted: toml::Table = toml::from_str(text).ok()?;
    insert(&mut wanted, key, toml::from_str::<toml::Table>(&format!("x = {value}")).ok()?);
    let ways = [replaced, below_its_comment, in_a_new_section, inserted];
    let mut results = ways.into_iter().filter_map(|way| way(text, key, value));
    results.find(|changed| toml::from_str(changed).ok().as_ref() == Some(&wanted))
}

fn insert(table: &mut toml::Table, key: &str, value: toml::Table) {
    match key.split_once('.') {
        None => table.extend(value.into_iter().map(|(_, value)| (key.to_owned(), value))),
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| toml::Table::new().into());
            if let Some(inner) = inner.as_table_mut() {
                insert(inner, rest, value);
            }
        }
    }
}

/// The value stands somewhere already.
fn replaced(text: &str, key: &str, value: &toml_edit::Value) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let mut item: &Item = document.as_item();
    for name in key.split('.') {
        item = item.get(name)?;
    }
    splice(text, item.span()?, value.to_string().trim())
}

/// Its section has the option commented out.
fn below_its_comment(text: &str, key: &str, value: &toml_edit::Value) -> Option<String> {
    let (section, option) = key.rsplit_once('.')?;
    let (mut at, mut inside) = (0, false);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let trimmed = line.trim();
        if trimmed.starts_with('[') {
            let header = trimmed.split('#').next().unwrap_or_default().trim();
            inside = header == format!("[{section}]");
        }
        let comment = trimmed.strip_prefix('#').and_then(|rest| rest.trim().strip_prefix(option));
        if inside && comment.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            let end = line_end(text);
            let before = if line.ends_with('\n') { "" } else { end };
            let value = value.to_string();
            return splice(text, at..at, &format!("{before}{option} = {}{end}", value.trim()));
        }
    }
    None
}

/// Nothing of its section is there.
fn in_a_new_section(text: &str, key: &str, value: &toml_edit::Value) -> Option<String> {
    let (section, option) = key.rsplit_once('.')?;
    let end = line_end(text);
    let before = match text {
        "" => String::new(),
        text if text.ends_with('\n') => end.to_owned(),
        _ => end.repeat(2),
    };
    let value = value.to_string();
    Some(format!("{text}{before}[{section}]{end}{option} = {}{end}", value.trim()))
}

/// Wherever the library finds a place, in dotted keys and inline tables, too.
fn inserted(text: &str, key: &str, value: &toml_edit::Value) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let (section, option) = key.rsplit_once('.')?;
    let mut item: &mut Item = document.as_item_mut();
    for name in section.split('.') {
        item = item.as_table_like_mut()?.entry(name).or_insert(Item::Table(Table::new()));
    }
    item.as_table_like_mut()?.insert(option, Item::Value(value.clone()));
    // The library knows one kind of line end only.
    Some(document.to_string().replace('\n', line_end(text)))
}

fn splice(text: &str, place: Range<usize>, new: &str) -> Option<String> {
    Some([text.get(..place.start)?, new, text.get(place.end..)?].concat())
}

/// How the lines of a file end.
fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

#[cfg(test)]
mod tests;
