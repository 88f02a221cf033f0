//! Comma-separated values (RFC 4180): the first line names the columns.
//!
//! The parser takes anything; a file is refused unless each value is written in one of the two
//! ways of RFC 4180, so that a stray quotation mark does not swallow the lines below it.

use std::io::{self, BufRead};

use csv_core::{ReadFieldResult, Reader, ReaderBuilder, Terminator};

use crate::admin::account::bulk::field::{Field, listed};
use crate::admin::account::bulk::lines::{Line, Lines, MAX_OCTETS};
use crate::admin::account::bulk::mistakes::Mistake;
use crate::admin::account::bulk::record::{Cell, Record};

/// Reads records whose columns the first one has named.
pub(super) struct Csv<R> {
    raw: RawRecords<R>,
    columns: Vec<Field>,
}

impl<R: BufRead> Csv<R> {
    /// Reads the names of the columns; says everything that is wrong with them.
    pub(super) fn open(lines: Lines<R>, known: &[Field]) -> io::Result<Result<Self, Vec<Mistake>>> {
        let mut raw = RawRecords::new(lines);
        let header = match raw.next()? {
            None => {
                let names = listed(known.iter().map(|field| field.as_str()));
                let hint = format!("the first line names the columns, of {names}");
                return Ok(Err(vec![Mistake::new(1, "the file is empty").hint(hint)]));
            }
            Some(Err(mistake)) => return Ok(Err(vec![mistake])),
            Some(Ok(header)) => header,
        };
        Ok(columns(&header, known).map(|columns| Self { raw, columns }))
    }

    /// The next record; lines of commas only are none.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Record, Mistake>>> {
        loop {
            let cells = match self.raw.next()? {
                None => return Ok(None),
                Some(Err(mistake)) => return Ok(Some(Err(mistake))),
                Some(Ok(cells)) if cells.iter().all(|(_, text)| text.is_empty()) => continue,
                Some(Ok(cells)) => cells,
            };
            let line = cells.first().map_or(0, |(line, _)| *line);
            if cells.len() != self.columns.len() {
                let (got, wanted) = (cells.len(), self.columns.len());
                let why = format!("{got} values stand below {wanted} columns");
                let hint = "a value with a comma in it is enclosed in quotation marks";
                return Ok(Some(Err(Mistake::new(line, why).hint(hint))));
            }
            let columns = self.columns.iter().copied();
            let cells = columns.zip(cells).map(|(field, (line, text))| Cell { field, line, text });
            return Ok(Some(Ok(Record { line, cells: cells.collect() })));
        }
    }
}

/// What the columns are that a header names.
fn columns(header: &[(u64, String)], known: &[Field]) -> Result<Vec<Field>, Vec<Mistake>> {
    // Without this name it is no header but perhaps data, which are not to be shown.
    if !header.iter().any(|(_, name)| name == Field::Address.as_str()) {
        let line = header.first().map_or(1, |(line, _)| *line);
        let names = listed(known.iter().map(|field| field.as_str()));
        let mistake = Mistake::new(line, "the first line does not name the column `address`");
        return Err(vec![mistake.hint(format!("write the names of the columns, of {names}"))]);
    }
    let (mut columns, mut mistakes) = (Vec::new(), Vec::new());
    for (line, name) in header {
        match Field::parse(name, known, *line) {
            Ok(field) if columns.contains(&field) => {
                mistakes.push(
                    Mistake::new(*line, "two columns have this name").about(format!("`{name}`")),
                );
            }
            Ok(field) => columns.push(field),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(columns) } else { Err(mistakes) }
}

/// The values of a record, each with the line it starts in.
type Values = Vec<(u64, String)>;

/// Reads records without columns.
struct RawRecords<R> {
    lines: Lines<R>,
    parser: Reader,
}

impl<R: BufRead> RawRecords<R> {
    fn new(lines: Lines<R>) -> Self {
        // Lines come without their ends, so a CR is data, which no column takes.
        let parser = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build();
        Self { lines, parser }
    }

    fn next(&mut self) -> io::Result<Option<Result<Values, Mistake>>> {
        let first = loop {
            match self.lines.next()? {
                None => return Ok(None),
                Some(Line { text: Ok(text), .. }) if text.trim().is_empty() => {}
                Some(line) => break line,
            }
        };
        let record = self.record(first)?;
        if record.is_err() {
            // It may have stopped within quotation marks.
            self.parser.reset();
        }
        Ok(Some(record))
    }

    /// Reads the record that starts in a line, and further lines as long as it goes on.
    fn record(&mut self, first: Line) -> io::Result<Result<Values, Mistake>> {
        let mut cells = Vec::new();
        let (mut line, mut cell_line) = (first.number, first.number);
        let mut written = match terminated(first) {
            Ok(written) => written,
            Err(mistake) => return Ok(Err(mistake)),
        };
        // What is left of this line, what the cell was written as so far, and what it says.
        let (mut rest, mut raw, mut says) = (written.as_bytes().to_vec(), Vec::new(), Vec::new());
        loop {
            let mut out = vec![0; rest.len()];
            let (result, read, wrote) = self.parser.read_field(&rest, &mut out);
            raw.extend(rest.drain(..read));
            says.extend(out.drain(..wrote));
            match result {
                ReadFieldResult::Field { record_end } => {
                    raw.pop();
                    match legal(&raw, &says) {
                        Some(text) => cells.push((cell_line, text)),
                        None => return Ok(Err(stray(cell_line))),
                    }
                    if record_end {
                        return Ok(Ok(cells));
                    }
                    (raw, says, cell_line) = (Vec::new(), Vec::new(), line);
                }
                ReadFieldResult::InputEmpty => {
                    let Some(next) = self.lines.next()? else { return Ok(Err(open(cell_line))) };
                    line = next.number;
                    written = match terminated(next) {
                        Ok(written) => written,
                        Err(mistake) => return Ok(Err(mistake)),
                    };
                    if raw.len() + written.len() > MAX_OCTETS {
                        return Ok(Err(open(cell_line)));
                    }
                    rest = written.into_bytes();
                }
                ReadFieldResult::OutputFull | ReadFieldResult::End => {
                    return Ok(Err(stray(cell_line)));
                }
            }
        }
    }
}

fn terminated(line: Line) -> Result<String, Mistake> {
    match line.text {
        Ok(text) => Ok(text + "\n"),
        Err(reason) => Err(reason.at(line.number)),
    }
}

/// What a cell says, if it is written as RFC 4180 has it: plain without quotation marks, or
/// enclosed in them with each one doubled.
fn legal(raw: &[u8], says: &[u8]) -> Option<String> {
    let says = std::str::from_utf8(says).ok()?;
    let plain = raw == says.as_bytes() && !says.contains('"');
    (plain || raw == enclosed(says).as_bytes()).then(|| says.to_owned())
}

/// A value in quotation marks.
fn enclosed(value: &str) -> String {
    format!("\"{}\"", value.replace('"', "\"\""))
}

/// A value as it is written into a CSV file.
pub(in crate::admin) fn written(value: &str) -> String {
    if value.contains([',', '"', '\n', '\r']) { enclosed(value) } else { value.to_owned() }
}

fn stray(line: u64) -> Mistake {
    Mistake::new(line, "a quotation mark stands in the middle of a value")
        .hint("enclose the value in quotation marks and double those within: `\"6\"\" pipe\"`")
}

fn open(line: u64) -> Mistake {
    let why = "a quotation mark opens a value here and none closes it within 64 KiB";
    Mistake::new(line, why)
}
