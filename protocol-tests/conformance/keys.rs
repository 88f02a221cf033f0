//! Postfix's own client asks what the dialogs ask, and whatever else Postfix may send, over both protocols.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use postcote::lookup::Table;

use crate::dialogs::by_fixture;
use crate::dialogs::file::{Expected, Step};
use crate::support::scratch::Scratch;
use crate::support::site::Site;
use crate::support::terms::runs_as_root;
use crate::support::wire::Framing;

use super::installation::Installation;
use super::postmap::{Postmap, PostmapAnswer};

/// A `tcp_table` reply has 4096 octets with `200 ` and the newline.
const TCP_VALUE: usize = 4096 - "200 \n".len();

#[tokio::test]
async fn postmap_is_answered_as_the_dialogs_say_on_this_machine() {
    ask_the_dialogs(&Installation::here()).await;
}

#[tokio::test]
async fn postmap_is_answered_as_the_dialogs_say_on_debian_13() {
    let test = "postmap_is_answered_as_the_dialogs_say_on_debian_13";
    if let Some(postfix) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        ask_the_dialogs(&postfix).await;
    }
}

#[tokio::test]
async fn no_key_makes_any_table_fail_on_this_machine() {
    ask_everything_odd(&Installation::here()).await;
}

#[tokio::test]
async fn no_key_makes_any_table_fail_on_debian_13() {
    let test = "no_key_makes_any_table_fail_on_debian_13";
    if let Some(postfix) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        ask_everything_odd(&postfix).await;
    }
}

/// A daemon whose socket lies where the peer of an installation can see it.
async fn site(fixture: &str, scratch: &Scratch) -> Site {
    let socket = scratch.join("socketmap");
    Site::with(fixture, |setup| {
        setup.socket = Some(socket);
        setup.tcp_tables = Table::ALL.to_vec();
    })
    .await
}

async fn ask_the_dialogs(installation: &Installation) {
    let mut failures = Vec::new();
    for (fixture, dialogs) in by_fixture() {
        let scratch = Scratch::new();
        let site = site(&fixture, &scratch).await;
        let postmap = Postmap::new(installation, &scratch);
        let dialogs = dialogs.iter().filter(|dialog| dialog.framing == Framing::Netstring);
        let steps = dialogs.flat_map(|dialog| &dialog.steps);
        for (name, questions) in by_table(steps) {
            let socketmap = format!("socketmap:unix:{}:{name}", site.daemon.socket().display());
            failures.extend(judge(&postmap, &socketmap, &questions));
            // A port has a table that exists.
            let Some(table) = Table::parse(&name) else { continue };
            let tcp = format!("tcp:127.0.0.1:{}", site.daemon.port(table.as_str()));
            let shorter: Vec<_> = questions.into_iter().map(Question::over_tcp).collect();
            failures.extend(judge(&postmap, &tcp, &shorter));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// A key and what Postfix is to make of the answer.
#[derive(Clone, Debug)]
struct Question {
    key: Vec<u8>,
    expected: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Found(String),
    FoundOctets(usize),
    NotFound,
    Failed,
}

impl Question {
    /// The question of a step, if Postfix can ask it: its strings end at a NUL.
    fn of(step: &Step) -> Option<(String, Self)> {
        let space = step.send.iter().position(|byte| *byte == b' ')?;
        let table = String::from_utf8(step.send[..space].to_vec()).ok()?;
        let key = step.send[space + 1..].to_vec();
        let expected = match &step.expected {
            Expected::Exactly(reply) => match reply.strip_prefix("OK ") {
                Some(value) => Answer::Found(value.to_owned()),
                None if reply == "NOTFOUND" => Answer::NotFound,
                None => Answer::Failed,
            },
            Expected::Octets(_, octets) => Answer::FoundOctets(*octets),
            Expected::Starting(_) => Answer::Failed,
        };
        (!step.send.contains(&0)).then_some((table, Self { key, expected }))
    }

    fn over_tcp(mut self) -> Self {
        if matches!(self.expected, Answer::FoundOctets(octets) if octets > TCP_VALUE) {
            self.expected = Answer::Failed;
        }
        self
    }

    /// Whether it can be one line among many.
    fn is_a_line(&self) -> bool {
        self.expected != Answer::Failed && !self.key.contains(&b'\n')
    }
}

impl Answer {
    fn is(&self, got: &PostmapAnswer) -> bool {
        match (self, got) {
            (Self::Found(value), PostmapAnswer::Found(got)) => value == got,
            (Self::FoundOctets(octets), PostmapAnswer::Found(got)) => *octets == got.len(),
            (Self::NotFound, PostmapAnswer::NotFound)
            | (Self::Failed, PostmapAnswer::Failed(_)) => true,
            _ => false,
        }
    }
}

fn by_table<'a>(steps: impl Iterator<Item = &'a Step>) -> BTreeMap<String, Vec<Question>> {
    let mut sorted: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (table, question) in steps.filter_map(Question::of) {
        sorted.entry(table).or_default().push(question);
    }
    sorted
}

/// Asks most questions at once, and those that fail or are no line one by one.
fn judge(postmap: &Postmap<'_>, table: &str, questions: &[Question]) -> Vec<String> {
    let (lines, single): (Vec<_>, Vec<_>) = questions.iter().partition(|one| one.is_a_line());
    let found = postmap.ask_all(table, lines.iter().map(|question| question.key.as_slice()));
    let found = match found {
        Err(said) => return vec![format!("{table}: {said}")],
        Ok(found) => found,
    };
    // In the order of the questions, those that were not found left out.
    let mut found = found.into_iter().peekable();
    let mut answered = Vec::new();
    for question in lines {
        let value = found.next_if(|(key, _)| *key == question.key).map(|(_, value)| value);
        answered.push((question, value.map_or(PostmapAnswer::NotFound, PostmapAnswer::Found)));
    }
    assert_eq!(found.next(), None, "{table}: an answer to nothing");
    for question in single {
        answered.push((question, postmap.ask(table, OsStr::from_bytes(&question.key))));
    }
    let wrong = answered.into_iter().filter(|(question, got)| !question.expected.is(got));
    let told = wrong.map(|(Question { key, expected }, got)| {
        let (key, got) = (String::from_utf8_lossy(key), format!("{got:?}"));
        format!("{table} {key:.200}\n  expected {expected:?}\n  got {got:.200}")
    });
    told.collect()
}

/// What peers were seen to send, and what nobody should; `~` is 10,000 octets.
const ODD_KEYS: &[&[u8]] = &[
    b"",
    b" ",
    b"<>",
    b"\"<>\"",
    b"*",
    b".",
    b"@",
    b"@@",
    b"a",
    b"user",
    b"@[127.0.0.1]",
    b"[127.0.0.1]",
    b"127.0.0.1",
    b"::1",
    b"user@[127.0.0.1]",
    b"user@[IPv6:::1]",
    b"a@b@c",
    b"\"a b\"@example.org",
    b"a b@example.org",
    b" a@example.org",
    b".a.@example.org",
    b"\".a.\"@example.org",
    b"a..b@example.org",
    b"\"\"@example.org",
    b"\"a@example.org",
    b"\"a\"b@example.org",
    b"\"a\\",
    b"+ext@example.org",
    b"user+@example.org",
    b"user+ext+more@example.org",
    b"-user@example.org",
    b"user%shop.example@example.org",
    b"shop.example!user@example.org",
    b"user@example.org.",
    b"user@.example.org",
    b"user@example..org",
    b"user@-example.org",
    b"user@",
    b"@example.org",
    b".example.org",
    b"example.org.",
    b"EXAMPLE.ORG",
    b"xn--",
    b"user@xn--",
    b"user@xn--a.example",
    b"postmaster+x@shop.example",
    b"mailer-daemon@shop.example",
    b"double-bounce@shop.example",
    b"owner-anna@shop.example",
    b"anna-request@shop.example",
    b"|command@shop.example",
    b"/file@shop.example",
    b":include:/etc/passwd@shop.example",
    b"anna@shop.example,bert@shop.example",
    b"anna@shop.example bert@shop.example",
    b"<anna@shop.example>",
    b"Anna <anna@shop.example>",
    b"anna(comment)@shop.example",
    b"%n@%d",
    b"%=@%%",
    b"%s%n%00@shop.example",
    b"' OR 1=1 --@shop.example",
    b"$1@shop.example",
    b"{}@shop.example",
    b"anna@shop.example\r",
    b"an\tna@shop.example",
    b"an\x7fna@shop.example",
    b"an\x01na@shop.example",
    "jürgen@shop.example".as_bytes(),
    "JÜRGEN+Ö@BÜCHER.example".as_bytes(),
    "u\u{308}@shop.example".as_bytes(),
    "\u{feff}@shop.example".as_bytes(),
    "\u{202e}@shop.example".as_bytes(),
    "a\u{85}b@shop.example".as_bytes(),
    "🐌@🐌.example".as_bytes(),
    "ß@ß.example".as_bytes(),
    "user@example。org".as_bytes(),
    "user＠example.org".as_bytes(),
    "\u{1f3f4}\u{e0067}\u{e007f}@shop.example".as_bytes(),
    b"\xff",
    b"\xff\xfe@shop.example",
    b"\xc3@shop.example",
    b"\xed\xa0\x80@shop.example",
    b"a@\xc3\x28.example",
    b"~",
    b"~@shop.example",
    b"user@~.example",
    b"\"~\"@shop.example",
    b"anna+~@shop.example",
];

async fn ask_everything_odd(installation: &Installation) {
    let scratch = Scratch::new();
    let site = site("shop", &scratch).await;
    let postmap = Postmap::new(installation, &scratch);
    let long = |key: &&[u8]| String::from_utf8_lossy(key).replace('~', &"a".repeat(10_000));
    let is_text = |key: &[u8]| std::str::from_utf8(key).is_ok();
    let keys: Vec<_> = ODD_KEYS
        .iter()
        .map(|key| if is_text(key) { long(key).into_bytes() } else { key.to_vec() })
        .chain([vec![b'a'; 65_000], vec![b'.'; 10_000], "ü".repeat(10_000).into_bytes()])
        .collect();
    for table in Table::ALL {
        let socketmap = format!("socketmap:unix:{}:{table}", site.daemon.socket().display());
        let tcp = format!("tcp:127.0.0.1:{}", site.daemon.port(table.as_str()));
        let [one, other] = [socketmap, tcp].map(|address| {
            let answers = postmap.ask_all(&address, keys.iter().map(Vec::as_slice));
            answers.unwrap_or_else(|said| panic!("{address}: {said}"))
        });
        assert_eq!(one, other, "{table}: the protocols differ");
        for (key, value) in one {
            assert!(!value.is_empty(), "{table}: empty for {}", String::from_utf8_lossy(&key));
        }
    }
    for series in [
        "postcote_malformed_requests_total{peer=\"socketmap\"}",
        "postcote_malformed_requests_total{peer=\"tcp_table\"}",
    ] {
        assert_eq!(site.daemon.metric(series), 0, "{series}");
    }
}
