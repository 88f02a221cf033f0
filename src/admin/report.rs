//! The outcome of a command as data, and the one place that turns it into text or JSON.
//!
//! # Text
//!
//! What was asked for goes to standard output: a table, a sheet of one thing with tables of what
//! belongs to it, or a password that was made up. Words about it go to standard error.
//!
//! # JSON
//!
//! One object on standard output, its shape stable (fields are added, never changed):
//!
//! ```json
//! {"command": "alias add", "dry_run": false,
//!  "changes": [{"change": "added", "item": {"kind": "alias", "address": "…"}}],
//!  "items": [], "passwords": [], "notes": [{"level": "warning", "text": "…"}]}
//! ```
//!
//! `changes` has what was written (`added`, `changed` or `deleted`; of a deleted thing, how it
//! was), `items` what was listed, `passwords` those made up (`address`, `password`): nowhere else
//! does a password appear, except beside its hash in what `password hash --random` lists. Things
//! are described in [`item`](super::item). A command that failed prints instead
//!
//! ```json
//! {"error": {"rule": "account-exists", "what": "…", "why": "…", "hint": "…"}}
//! ```
//!
//! with a rule of [`Rule`], or `bad-data` or `database`. If it read a file, the
//! error also has `mistakes`, the first ones by line:
//!
//! ```json
//! {"line": 3, "rule": "bad-data", "what": "quota `2x`", "why": "…", "hint": null}
//! ```

mod layout;
mod many;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::admin::AdminError;
use crate::admin::account::bulk::Mistake;
use crate::admin::item::Item;
use crate::mail::{Address, Rule};

/// The outcome of a command.
#[derive(Debug)]
pub struct Report {
    /// Noun and verb.
    pub command: &'static str,
    /// Whether it was undone in the end. Numbers and homes that it shows were drawn for nothing.
    pub dry_run: bool,
    /// What was written, in order.
    pub changes: Vec<Change>,
    /// What was listed, in order.
    pub items: Vec<Item>,
    /// What else there is to know.
    pub notes: Vec<Note>,
    /// Whether the first item was asked for by its name, so that all of it is shown.
    starts_with_sheet: bool,
    /// Whether it is about many things, of which nobody reads a line each.
    is_about_many: bool,
    passwords: Vec<(Address, SecretString)>,
}

/// One thing that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What happened to it.
    pub change: ChangeKind,
    /// How it is now, or how a deleted one was.
    pub item: Item,
}

/// What happened to a thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is not as it was.
    Changed,
    /// It is gone.
    Deleted,
    /// What was counted of it no longer counts.
    Reset,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub text: String,
}

/// How much a remark matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Good to know.
    Note,
    /// Probably not meant so.
    Warning,
}

/// What a report is turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object.
    Json,
    /// Words and tables, these at most so many columns wide; `None` lets lines be as long as
    /// they are.
    Text {
        /// The width of the terminal.
        width: Option<u16>,
    },
}

/// What a command prints, each with its last line end, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Data, for standard output.
    pub data: String,
    /// Words, for standard error.
    pub words: String,
}

impl Format {
    /// Text that fits the terminal, if standard output is one.
    pub fn text() -> Self {
        let size = terminal_size::terminal_size_of(std::io::stdout());
        Self::Text { width: size.map(|(width, _)| width.0) }
    }
}

impl Report {
    pub(super) fn new(command: &'static str) -> Self {
        Self {
            command,
            dry_run: false,
            changes: Vec::new(),
            items: Vec::new(),
            notes: Vec::new(),
            starts_with_sheet: false,
            is_about_many: false,
            passwords: Vec::new(),
        }
    }

    /// A report about as many things as there may be, which text sums up. Passwords that were made
    /// up are printed as CSV, which tells whose they are.
    pub(super) fn many(command: &'static str) -> Self {
        Self { is_about_many: true, ..Self::new(command) }
    }

    /// Everything about one thing. Items that are added later belong to it, and are shown below
    /// it, in one table for each kind that follows another.
    pub(super) fn sheet(command: &'static str, item: Item) -> Self {
        let mut report = Self::new(command);
        report.show(item);
        report
    }

    /// The same for a report that has something to say already.
    pub(super) fn show(&mut self, item: Item) {
        self.items.insert(0, item);
        self.starts_with_sheet = true;
    }

    pub(super) fn list(command: &'static str, items: Vec<Item>) -> Self {
        let mut report = Self { items, ..Self::new(command) };
        if report.items.is_empty() {
            report.note("there is nothing to list");
        }
        report
    }

    pub(super) fn change(&mut self, change: ChangeKind, item: Item) {
        self.changes.push(Change { change, item });
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(Note { level: Level::Note, text: text.into() });
    }

    pub(super) fn warn(&mut self, text: impl Into<String>) {
        self.notes.push(Note { level: Level::Warning, text: text.into() });
    }

    /// Says that everything was undone: a password that was not stored is of no use.
    pub(super) fn undone(&mut self) {
        self.dry_run = true;
        self.passwords.clear();
    }

    pub(super) fn password(&mut self, address: Address, password: SecretString) {
        self.passwords.push((address, password));
    }

    /// Renders the report.
    pub fn render(&self, format: Format) -> Output {
        match format {
            Format::Json => Output { data: line(&self.json()), words: String::new() },
            Format::Text { width } => Output { data: self.data(width), words: self.words() },
        }
    }

    fn json(&self) -> JsonReport<'_> {
        let password = |(address, password): &(Address, SecretString)| JsonPassword {
            address: address.to_string(),
            password: password.expose_secret().to_owned(),
        };
        JsonReport {
            command: self.command,
            dry_run: self.dry_run,
            changes: &self.changes,
            items: &self.items,
            passwords: self.passwords.iter().map(password).collect(),
            notes: &self.notes,
        }
    }

    fn data(&self, width: Option<u16>) -> String {
        let mut data = String::new();
        if self.is_about_many {
            data.push_str(&many::passwords(&self.passwords));
        } else {
            for (_, password) in &self.passwords {
                data.push_str(password.expose_secret());
                data.push('\n');
            }
        }
        data.push_str(&match self.items.split_first() {
            Some((first, rest)) if self.starts_with_sheet => layout::sheet(first, rest, width),
            _ => layout::tables(&self.items, width),
        });
        data
    }

    fn words(&self) -> String {
        let mut words = String::new();
        if self.is_about_many && self.changes.len() > many::FEW {
            words.push_str(&many::changes(&self.changes, self.dry_run));
        } else {
            for Change { change, item } in &self.changes {
                let title = if self.dry_run { item.title() } else { item.title_with_ids() };
                let _ = writeln!(words, "{} {title}", change.done(self.dry_run));
            }
        }
        if self.is_about_many && self.passwords.len() > 1 {
            let count = self.passwords.len();
            let _ = writeln!(words, "note: these {count} passwords are shown this once");
        } else {
            for (address, _) in &self.passwords {
                let address = address.to_unicode();
                let _ = writeln!(words, "note: the password of `{address}` is shown this once");
            }
        }
        for Note { level, text } in &self.notes {
            let level = match level {
                Level::Note => "note",
                Level::Warning => "warning",
            };
            let _ = writeln!(words, "{level}: {text}");
        }
        words
    }
}

impl ChangeKind {
    /// What was done, or would have been.
    fn done(self, dry_run: bool) -> &'static str {
        match (dry_run, self) {
            (false, Self::Added) => "added",
            (false, Self::Changed) => "changed",
            (false, Self::Deleted) => "deleted",
            (false, Self::Reset) => "reset",
            (true, Self::Added) => "would add",
            (true, Self::Changed) => "would change",
            (true, Self::Deleted) => "would delete",
            (true, Self::Reset) => "would reset",
        }
    }
}

#[derive(Serialize)]
struct JsonReport<'a> {
    command: &'a str,
    dry_run: bool,
    changes: &'a [Change],
    items: &'a [Item],
    passwords: Vec<JsonPassword>,
    notes: &'a [Note],
}

#[derive(Serialize)]
struct JsonPassword {
    address: String,
    password: String,
}

#[derive(Serialize)]
struct JsonError<'a> {
    rule: &'a str,
    what: Option<&'a str>,
    why: String,
    hint: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<JsonMistake<'a>>,
}

#[derive(Serialize)]
struct JsonMistake<'a> {
    line: u64,
    rule: &'a str,
    what: Option<&'a str>,
    why: &'a str,
    hint: Option<&'a str>,
}

impl AdminError {
    /// Renders the failure.
    pub fn render(&self, format: Format) -> Output {
        match format {
            Format::Json => {
                let error = BTreeMap::from([("error", self.json())]);
                Output { data: line(&error), words: String::new() }
            }
            Format::Text { .. } => {
                let mut words = format!("error: {self}\n");
                if let Some(hint) = self.advice() {
                    let _ = writeln!(words, "\nhint: {hint}");
                }
                Output { data: String::new(), words }
            }
        }
    }

    fn json(&self) -> JsonError<'_> {
        let mut lines = Vec::new();
        let (rule, what, why) = match self {
            Self::BadData { why, .. } => (BAD_DATA, None, why.clone()),
            Self::Mistakes(mistakes) => {
                lines = mistakes.shown().iter().map(JsonMistake::of).collect();
                let rule = if mistakes.are_bad_data() { None } else { lines.first() };
                let rule = rule.map_or(BAD_DATA, |first| first.rule);
                (rule, Some(mistakes.what.as_str()), mistakes.counted())
            }
            Self::Refused(refusal) => {
                (refusal.rule.as_str(), Some(refusal.what.as_str()), refusal.why.clone())
            }
            Self::Database(_) => ("database", None, self.to_string()),
            Self::Unreadable { .. } => (BAD_DATA, None, self.to_string()),
        };
        JsonError { rule, what, why, hint: self.advice(), mistakes: lines }
    }
}

const BAD_DATA: &str = "bad-data";

impl<'a> JsonMistake<'a> {
    fn of(mistake: &'a Mistake) -> Self {
        Self {
            line: mistake.line,
            rule: mistake.rule.map_or(BAD_DATA, Rule::as_str),
            what: mistake.about.as_deref(),
            why: &mistake.why,
            hint: mistake.hint.as_deref(),
        }
    }
}

/// One line, whatever is in it.
fn line(value: &impl Serialize) -> String {
    // Strings, numbers and lists are always JSON.
    let json = serde_json::to_string(value).unwrap_or_default();
    format!("{json}\n")
}
