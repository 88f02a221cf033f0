//! What a file wants of one account, understood.

use secrecy::SecretString;

use crate::admin::Expiry;
use crate::admin::account::bulk::field::Field;
use crate::admin::account::bulk::mistakes::Mistake;
use crate::admin::account::bulk::record::{Cell, Record};
use crate::mail::{Address, PasswordHash, ServiceSet, Transport, parse_size};
use crate::store::constraint;

/// One account of a file.
#[derive(Debug)]
pub(super) struct Row {
    /// The line it starts in.
    pub(super) line: u64,
    pub(super) address: Address,
    pub(super) wants: Wants,
}

/// How a password is given.
#[derive(Debug)]
pub(super) enum Given {
    /// It is stored as it is.
    Hash(PasswordHash),
    /// It is to be made up, and shown.
    MadeUp,
    /// It is to be hashed.
    Plain(SecretString),
}

/// What an account has of its own; the rest is as its domain has it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wants {
    pub(super) name: Option<String>,
    pub(super) note: Option<String>,
    pub(super) transport: Option<Transport>,
    pub(super) quota: Option<u64>,
    pub(super) messages: Option<u64>,
    pub(super) services: Option<ServiceSet>,
    pub(super) expires: Option<Expiry>,
}

impl Row {
    /// Understands a record, or says everything that is wrong with it.
    pub(super) fn read(record: Record) -> Result<(Self, Given), Vec<Mistake>> {
        let line = record.line;
        let (mut address, mut passwords, mut wants) = (None, Vec::new(), Wants::default());
        let mut mistakes = Vec::new();
        for cell in record.cells.into_iter().filter(|cell| !cell.text.is_empty()) {
            let Cell { field, line, ref text } = cell;
            let outcome = if !field.keeps_spaces() && text.trim() != text {
                Err("spaces at its edge count in a file".to_owned())
            } else {
                match field {
                    Field::Address => read(text, Address::parse, &mut address),
                    Field::Password | Field::Hash | Field::Random => {
                        password(field, text).map(|given| passwords.extend(given))
                    }
                    _ => wants.read(field, text),
                }
            };
            if let Err(why) = outcome {
                mistakes.push(Mistake::new(line, why).about(field.with(text)));
            }
        }
        let blank = mistakes.is_empty();
        match (address, passwords.pop(), passwords.is_empty()) {
            (Some(address), Some(password), true) if blank => {
                return Ok((Self { line, address, wants }, password));
            }
            (None, ..) if blank => {
                mistakes.push(Mistake::new(line, "no address stands here"));
            }
            (_, None, _) if blank => mistakes.push(
                Mistake::new(line, "no password stands here")
                    .hint("fill in one of `password`, `hash`, and `random` with `yes`"),
            ),
            (_, Some(_), false) => mistakes.push(
                Mistake::new(line, "more than one password stands here")
                    .hint("fill in only one of `password`, `hash` and `random`"),
            ),
            _ => {}
        }
        Err(mistakes)
    }
}

fn password(field: Field, text: &str) -> Result<Option<Given>, String> {
    match (field, text) {
        (Field::Hash, _) => {
            let hash = PasswordHash::parse(text).map_err(|reason| reason.to_string())?;
            Ok(Some(Given::Hash(hash)))
        }
        (Field::Random, "yes") => Ok(Some(Given::MadeUp)),
        (Field::Random, "no") => Ok(None),
        (Field::Random, _) => Err("it is `yes` or `no`".to_owned()),
        _ if text.contains(['\0', '\r', '\n']) => {
            Err("a password has no line breaks and no NUL: no client could send it".to_owned())
        }
        _ => Ok(Some(Given::Plain(text.into()))),
    }
}

impl Wants {
    /// Takes a value in, or says what is wrong with it.
    fn read(&mut self, field: Field, text: &str) -> Result<(), String> {
        match field {
            Field::Address | Field::Password | Field::Hash | Field::Random => Ok(()),
            Field::Expires => read(text, str::parse, &mut self.expires),
            Field::Messages => read(text, messages, &mut self.messages),
            Field::Name => read(text, name, &mut self.name),
            Field::Note => read(text, note, &mut self.note),
            Field::Quota => read(text, parse_size, &mut self.quota),
            Field::Services => read(text, ServiceSet::parse, &mut self.services),
            Field::Transport => read(text, Transport::parse, &mut self.transport),
        }
    }
}

fn read<T, E: ToString>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, E>,
    into: &mut Option<T>,
) -> Result<(), String> {
    *into = Some(parse(text).map_err(|reason| reason.to_string())?);
    Ok(())
}

fn messages(text: &str) -> Result<u64, &'static str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number: &u64| digits && i64::try_from(*number).is_ok());
    number.ok_or("a number of messages is a whole number")
}

fn name(text: &str) -> Result<String, &'static str> {
    let fits = text.chars().count() <= 128 && !text.chars().any(char::is_control);
    if fits { Ok(text.to_owned()) } else { Err(constraint::reason("account_name_size")) }
}

fn note(text: &str) -> Result<String, &'static str> {
    if text.contains('\0') {
        return Err("a text has no NUL");
    }
    let fits = text.chars().count() <= 10_000;
    if fits { Ok(text.to_owned()) } else { Err(constraint::reason("account_note_size")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::account::bulk::field::quoted;

    fn record(cells: &[(Field, &str)]) -> Record {
        let cell = |(field, text): &(Field, &str)| Cell {
            field: *field,
            line: 3,
            text: (*text).to_owned(),
        };
        Record { line: 2, cells: cells.iter().map(cell).collect() }
    }

    #[test]
    fn every_value_is_read_as_its_option_is() {
        let cells = [
            (Field::Address, "Joe@Example.ORG"),
            (Field::Hash, "{plain} x"),
            (Field::Password, ""),
            (Field::Random, "no"),
            (Field::Name, " Joe "),
            (Field::Note, "a\nb"),
            (Field::Transport, "lmtp:"),
            (Field::Quota, "2g"),
            (Field::Messages, "0"),
            (Field::Services, "imap,smtp"),
            (Field::Expires, "2030-12-31"),
        ];
        let (row, password) = Row::read(record(&cells)).unwrap();
        assert_eq!(row.address.to_string(), "joe@example.org");
        assert!(matches!(password, Given::Hash(hash) if hash.expose() == "{PLAIN} x"));
        let expected = Wants {
            name: Some(" Joe ".into()),
            note: Some("a\nb".into()),
            transport: Some(Transport::parse("lmtp:").unwrap()),
            quota: Some(2 << 30),
            messages: Some(0),
            services: Some(ServiceSet::parse("smtp,imap").unwrap()),
            expires: Some("2030-12-31".parse().unwrap()),
        };
        assert_eq!(row.wants, expected);
    }

    /// Values, and the lines and reasons of the mistakes they are.
    type TableRow<'a> = (&'a [(Field, &'a str)], &'a [(u64, &'a str)]);

    #[test]
    fn every_mistake_is_told_and_no_password() {
        let long = "x".repeat(10_001);
        let address = (Field::Address, "joe@example.org");
        let yes = (Field::Random, "yes");
        let table: &[TableRow<'_>] = &[
            (&[(Field::Address, "joe"), yes], &[(3, "the form `localpart@domain`")]),
            (&[(Field::Address, "joe@example.org "), yes], &[(3, "spaces at its edge")]),
            (&[yes], &[(2, "no address")]),
            (&[address], &[(2, "no password")]),
            (&[address, (Field::Random, "no")], &[(2, "no password")]),
            (&[address, yes, (Field::Password, "geheim")], &[(2, "more than one password")]),
            (&[address, (Field::Random, "ja")], &[(3, "it is `yes` or `no`")]),
            (&[address, (Field::Hash, "geheim")], &[(3, "its scheme in braces")]),
            (&[address, (Field::Password, "geheim\n")], &[(3, "no line breaks")]),
            (
                &[address, yes, (Field::Quota, "2x"), (Field::Messages, "+2")],
                &[(3, "a size is"), (3, "a number of messages")],
            ),
            (
                &[address, yes, (Field::Services, "web"), (Field::Expires, "never")],
                &[(3, "the services are"), (3, "a date is written")],
            ),
            (
                &[address, yes, (Field::Transport, "lmtp"), (Field::Name, "a\tb")],
                &[(3, "transport:nexthop"), (3, "one line of at most 128")],
            ),
            (&[address, yes, (Field::Note, &long)], &[(3, "at most 10000")]),
            (&[address, yes, (Field::Note, "\0")], &[(3, "no NUL")]),
        ];
        for (cells, expected) in table {
            let mistakes = Row::read(record(cells)).unwrap_err();
            assert_eq!(mistakes.len(), expected.len(), "{mistakes:?}");
            for (mistake, (line, why)) in mistakes.iter().zip(*expected) {
                assert!(mistake.why.contains(why), "{mistake:?} should say `{why}`");
                assert_eq!(mistake.line, *line);
                assert!(!format!("{mistake:?}").contains("geheim"), "{mistake:?}");
            }
        }
    }

    #[test]
    fn values_are_shown_in_messages() {
        let mistakes = Row::read(record(&[(Field::Address, "joe"), (Field::Random, "yes")]));
        let about = mistakes.unwrap_err().pop().unwrap().about.unwrap();
        assert_eq!(about, format!("address {}", quoted("joe")));
    }
}
