//! JSON lines: an object a line, its keys named as the columns of a CSV file are.

use std::fmt;
use std::io::{self, BufRead};

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::admin::account::bulk::field::Field;
use crate::admin::account::bulk::lines::Lines;
use crate::admin::account::bulk::mistakes::Mistake;
use crate::admin::account::bulk::record::{Cell, Record};

/// Reads objects line by line.
pub(super) struct JsonLines<R> {
    lines: Lines<R>,
    known: &'static [Field],
}

impl<R: BufRead> JsonLines<R> {
    pub(super) fn new(lines: Lines<R>, known: &'static [Field]) -> Self {
        Self { lines, known }
    }

    /// The next object; empty lines are none.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Record, Mistake>>> {
        while let Some(line) = self.lines.next()? {
            return Ok(Some(match line.text {
                Ok(text) if text.trim().is_empty() => continue,
                Ok(text) => record(line.number, &text, self.known),
                Err(reason) => Err(reason.at(line.number)),
            }));
        }
        Ok(None)
    }
}

/// Reads one object.
fn record(line: u64, text: &str, known: &[Field]) -> Result<Record, Mistake> {
    if !text.trim_start().starts_with('{') {
        let mistake = Mistake::new(line, "each line is one JSON object");
        return Err(if text.trim_start().starts_with('[') {
            mistake.hint("take a list apart with `jq -c '.[]'`")
        } else {
            mistake
        });
    }
    let Members(members) = serde_json::from_str(text).map_err(|reason| broken(line, &reason))?;
    let mut cells: Vec<Cell> = Vec::with_capacity(members.len());
    for (key, value) in members {
        let field = Field::parse(&key, known, line)?;
        if cells.iter().any(|cell| cell.field == field) {
            return Err(Mistake::new(line, "the object has it twice").about(format!("`{key}`")));
        }
        cells.push(Cell { field, line, text: plain(field, value).map_err(|why| why.at(line))? });
    }
    Ok(Record { line, cells })
}

/// The value as it would stand in a CSV file.
fn plain(field: Field, value: Value) -> Result<String, WrongKind> {
    match (field, value) {
        (_, Value::Null) => Ok(String::new()),
        (_, Value::String(text)) => Ok(text),
        (Field::Quota | Field::Messages, Value::Number(number)) => Ok(number.to_string()),
        (Field::Random, Value::Bool(yes)) => Ok(if yes { "yes" } else { "no" }.to_owned()),
        (Field::Services, Value::Array(names)) => {
            let name = |name: Value| name.as_str().map(str::to_owned).ok_or(WrongKind(field));
            let names = names.into_iter().map(name).collect::<Result<Vec<_>, _>>()?;
            Ok(if names.is_empty() { "none".to_owned() } else { names.join(",") })
        }
        (field, _) => Err(WrongKind(field)),
    }
}

/// A value is of another kind than its column takes.
struct WrongKind(Field);

impl WrongKind {
    fn at(&self, line: u64) -> Mistake {
        let kind = match self.0 {
            Field::Messages | Field::Quota => "a text or a number",
            Field::Random => "true, false or a text",
            Field::Services => "a text or a list of texts",
            _ => "a text",
        };
        Mistake::new(line, format!("its value is {kind}")).about(format!("`{}`", self.0.as_str()))
    }
}

/// The parser's reason without the place, for it counts lines from this one.
fn broken(line: u64, reason: &serde_json::Error) -> Mistake {
    let text = reason.to_string();
    let why = text.split(" at line ").next().unwrap_or_default();
    Mistake::new(line, format!("the line is no JSON: {why} at column {}", reason.column()))
}

/// The members of an object, all of them, for a map would forget the first of two.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(All)
    }
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_a_line_of_csv_would_be() {
        let text = r#"{"address":"joe@example.org","random":true,"quota":5,"messages":"7",
            "services":["imap","smtp"],"name":null,"note":"a\nb"}"#;
        let record = record(3, &text.replace('\n', ""), Field::OF_ADD).unwrap_or_else(|_| panic!());
        let cells: Vec<_> =
            record.cells.iter().map(|cell| (cell.field.as_str(), cell.text.as_str())).collect();
        let expected = [
            ("address", "joe@example.org"),
            ("random", "yes"),
            ("quota", "5"),
            ("messages", "7"),
            ("services", "imap,smtp"),
            ("name", ""),
            ("note", "a\nb"),
        ];
        assert_eq!(cells, expected);
    }

    #[test]
    fn what_is_no_object_of_texts_is_refused() {
        let table = [
            ("[1]", "each line is one JSON object"),
            ("\"geheim\"", "each line is one JSON object"),
            ("{\"password\":\"geheim\"", "no JSON: EOF while parsing an object at column"),
            ("{\"address\":\"a\"} {}", "no JSON: trailing characters at column 17"),
            ("{\"address\":\"a\",\"address\":\"b\"}", "twice"),
            ("{\"adress\":\"a\"}", "no column has this name"),
            ("{\"password\":[\"geheim\"]}", "its value is a text"),
            ("{\"quota\":true}", "a text or a number"),
            ("{\"random\":1}", "true, false or a text"),
            ("{\"services\":[1]}", "a text or a list of texts"),
        ];
        for (text, expected) in table {
            let Err(mistake) = record(7, text, Field::OF_ADD) else { panic!("{text} was read") };
            assert!(mistake.why.contains(expected), "{text}: {mistake:?}");
            assert!(!format!("{mistake:?}").contains("geheim"), "{mistake:?}");
            assert_eq!(mistake.line, 7);
        }
    }
}
