//! Where accounts are read from: a file or standard input, as CSV or JSON lines.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::admin::account::bulk::csv::Csv;
use crate::admin::account::bulk::field::Field;
use crate::admin::account::bulk::json_lines::JsonLines;
use crate::admin::account::bulk::lines::Lines;
use crate::admin::account::bulk::mistakes::{Mistake, Mistakes};
use crate::admin::account::bulk::record::Record;
use crate::admin::account::bulk::row::{Given, Row};
use crate::admin::{AdminError, PasswordInput};

/// A file of accounts, and how it is written.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct FileArgs {
    /// Reads a file of accounts, `-` for standard input: CSV or JSON lines, see below
    #[arg(
        long,
        required = false,
        value_name = "FILE",
        value_hint = clap::ValueHint::FilePath,
        conflicts_with_all = ["one", "password_stdin", "random", "hash", "scheme", "rounds"]
    )]
    pub from: Input,
    /// How the file is written; told by its name or its beginning unless given
    #[arg(long, value_name = "FORMAT", requires = "from")]
    pub format: Option<Format>,
}

/// Where to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values; the first line names the columns
    Csv,
    /// A JSON object a line
    JsonLines,
}

impl FromStr for Input {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(if text == "-" { Self::Stdin } else { Self::File(text.into()) })
    }
}

impl FileArgs {
    /// Reads all accounts, each with how its password is given, and notes every mistake.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn read(
        &self,
        known: &'static [Field],
        piped: &mut dyn PasswordInput,
        mistakes: &mut Mistakes,
    ) -> Result<(Vec<Row>, Vec<Given>), AdminError> {
        let (mut rows, mut passwords) = (Vec::new(), Vec::new());
        let mut take = |outcome: Result<Record, Mistake>| match outcome
            .map_err(|mistake| vec![mistake])
            .and_then(Row::read)
        {
            Ok((row, password)) => {
                rows.push(row);
                passwords.push(password);
            }
            Err(found) => found.into_iter().for_each(|mistake| mistakes.push(mistake)),
        };
        let outcome = match &self.from {
            Input::File(path) => File::open(path).and_then(|file| {
                let format = self.format.or_else(|| by_name(path));
                read(BufReader::new(file), format, known, &mut take)
            }),
            Input::Stdin => read(BufReader::new(piped.stream()), self.format, known, &mut take),
        };
        outcome.map_err(|reason| AdminError::Unreadable { what: self.from.quoted(), reason })?;
        Ok((rows, passwords))
    }
}

impl Input {
    /// How it is called in front of a line number.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "standard input".to_owned(),
        }
    }

    /// How it is called in a sentence.
    pub(super) fn quoted(&self) -> String {
        match self {
            Self::File(_) => format!("`{}`", self.name()),
            Self::Stdin => self.name(),
        }
    }
}

/// Reads every record.
fn read(
    mut input: impl BufRead,
    format: Option<Format>,
    known: &'static [Field],
    take: &mut impl FnMut(Result<Record, Mistake>),
) -> io::Result<()> {
    let format = match format {
        Some(format) => format,
        None => by_beginning(&mut input)?,
    };
    let lines = Lines::new(input);
    match format {
        Format::Csv => match Csv::open(lines, known)? {
            Ok(mut csv) => {
                while let Some(record) = csv.next()? {
                    take(record);
                }
            }
            Err(mistakes) => mistakes.into_iter().for_each(|mistake| take(Err(mistake))),
        },
        Format::JsonLines => {
            let mut json = JsonLines::new(lines, known);
            while let Some(record) = json.next()? {
                take(record);
            }
        }
    }
    Ok(())
}

fn by_name(path: &Path) -> Option<Format> {
    match path.extension()?.to_ascii_lowercase().to_str()? {
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::JsonLines),
        _ => None,
    }
}

/// An object or a list is JSON; a header of CSV starts with a letter.
fn by_beginning(input: &mut impl BufRead) -> io::Result<Format> {
    let beginning = input.fill_buf()?;
    let beginning = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning);
    Ok(match beginning.trim_ascii_start().first() {
        Some(b'{' | b'[') => Format::JsonLines,
        _ => Format::Csv,
    })
}
