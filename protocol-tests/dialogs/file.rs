//! Reads `.dialog` files.

use std::fs;
use std::path::{Path, PathBuf};

use postcote::lookup::Table;

use crate::support::wire::Framing;

/// A file: some lines to send, each with the reply it must get.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) framing: Framing,
    pub(crate) path: PathBuf,
    /// Which facts there are.
    pub(crate) fixture: String,
    /// The table behind the port, for `tcp_table`.
    pub(crate) table: Option<Table>,
    pub(crate) steps: Vec<Step>,
}

/// One request.
#[derive(Debug)]
pub(crate) struct Step {
    /// The line of the file it stands in.
    pub(crate) line: usize,
    /// What is sent, without its frame.
    pub(crate) send: Vec<u8>,
    pub(crate) expected: Expected,
}

/// A reply, without its frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Exactly this, but for spaces at the end.
    Exactly(String),
    /// This, then anything: `TEMP …`.
    Starting(String),
    /// This, then so many octets: `OK {99997 octets}`.
    Octets(String, usize),
}

/// Reads the dialogs of a folder, in the order of their names.
pub(crate) fn read_all(folder: &str, framing: Framing) -> Vec<Dialog> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/dialogs").join(folder);
    let mut paths: Vec<_> = fs::read_dir(here).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no dialogs in {folder}");
    paths.into_iter().map(|path| read(path, framing)).collect()
}

fn read(path: PathBuf, framing: Framing) -> Dialog {
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# "), "{}: begins with what it shows", path.display());
    let (mut fixture, mut table) = (None, None);
    let mut steps = Vec::new();
    let mut asked = None;
    for (line, content) in (1..).zip(text.lines()) {
        let wrong = |what: &str| -> ! { panic!("{}:{line}: {what}: {content}", path.display()) };
        match content.split_once(": ").unwrap_or((content.trim_end_matches(':'), "")) {
            _ if content.is_empty() || content.starts_with('#') => {}
            ("fixture", name) => fixture = Some(name.to_owned()),
            ("table", name) => {
                table = Some(Table::parse(name).unwrap_or_else(|| wrong("no such table")));
            }
            ("C", request) => {
                if asked.replace((line, bytes(request))).is_some() {
                    wrong("a request before the reply to the last one");
                }
            }
            ("S", reply) => match asked.take() {
                Some((line, send)) => steps.push(Step { line, send, expected: expected(reply) }),
                None => wrong("a reply to nothing"),
            },
            _ => wrong("not `fixture:`, `table:`, `C:`, `S:`, `#`"),
        }
    }
    let whole = fixture.is_some() && asked.is_none() && !steps.is_empty();
    assert!(whole, "{}: a fixture, and a reply to each request", path.display());
    let named = table.is_some() == (framing == Framing::Line);
    assert!(named, "{}: `table:` is for tcp_table", path.display());
    Dialog { framing, path, fixture: fixture.unwrap(), table, steps }
}

fn expected(reply: &str) -> Expected {
    if let Some(start) = reply.strip_suffix('…') {
        return Expected::Starting(start.to_owned());
    }
    let reply = &String::from_utf8(bytes(reply)).unwrap();
    let octets = reply.strip_suffix(" octets}").and_then(|rest| rest.rsplit_once('{'));
    match octets {
        Some((start, number)) => Expected::Octets(start.to_owned(), number.parse().unwrap()),
        None => Expected::Exactly(reply.trim_end().to_owned()),
    }
}

/// Undoes what stands for bytes that a text file cannot show: `\xFF`, and `{a*64}` for 64 times `a`.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(hex) = rest.strip_prefix("\\x").and_then(|rest| rest.get(..2)) {
            bytes.push(u8::from_str_radix(hex, 16).unwrap());
            rest = &rest[4..];
        } else if let Some((times, behind)) = repetition(rest) {
            bytes.extend_from_slice(times.as_bytes());
            rest = behind;
        } else {
            bytes.extend_from_slice(c.to_string().as_bytes());
            rest = &rest[c.len_utf8()..];
        }
    }
    bytes
}

fn repetition(text: &str) -> Option<(String, &str)> {
    let (inside, behind) = text.strip_prefix('{')?.split_once('}')?;
    let (what, times) = inside.split_once('*')?;
    Some((what.repeat(times.parse().ok()?), behind))
}

#[test]
fn bytes_can_be_written_as_text() {
    let table: &[(&str, &[u8])] = &[
        ("plain", b"plain"),
        (r#""a\"b"@x"#, br#""a\"b"@x"#),
        (r"a\xFF\x00b", b"a\xFF\x00b"),
        ("{ab*3}@x", b"ababab@x"),
        ("{a}@x", b"{a}@x"),
        ("ü", "ü".as_bytes()),
    ];
    for (text, expected) in table {
        assert_eq!(bytes(text), *expected, "{text}");
    }
}
