//! Cases of receiving mail, as data: who is written to, what Postfix replies, and who gets the message.
//!
//! A file `*.case` holds cases with an empty line between them. Lines of a case, in this order:
//!
//! ```text
//! # What is shown, as a sentence.
//! from: sender@outside.example        the envelope's sender; this one unless given
//! login: anna@shop.example            who has logged in; nobody unless given
//! rcpt: info@shop.example             one recipient of the envelope,
//! reply: 250 2.1.5 Ok                 and what Postfix replies: code, enhanced code, part of the text
//! data: 250 2.0.0                     the reply to the message itself; this one unless given
//! delivered: anna@shop.example        the LMTP recipients, comma-separated, repetitions count; or `nobody`
//! ```
//!
//! `rcpt` and `reply` may be repeated, in pairs. `name via special` expects a delivery to the sink
//! `private/special` instead of `private/sink`. No message is sent if no recipient was accepted.

use std::fmt::Write as _;
use std::path::Path;

use super::lmtp::LmtpSink;
use super::postfix::RunningPostfix;
use super::smtp::{SmtpReply, is_enhanced};

/// One case.
#[derive(Debug)]
pub(crate) struct SmtpCase {
    /// `file:line` of its first line.
    place: String,
    title: String,
    sender: String,
    login: Option<String>,
    recipients: Vec<(String, ExpectedReply)>,
    data: ExpectedReply,
    /// Recipients and the sinks they reach, sorted.
    delivered: Vec<(String, String)>,
}

/// A reply as it is expected: code, enhanced code if it matters, and a part of the text.
#[derive(Debug, Default)]
pub(super) struct ExpectedReply {
    code: u16,
    enhanced: Option<String>,
    text: String,
}

/// Reads the cases of every file in `directory`, in the order of their names.
pub(crate) fn read_cases(directory: &Path) -> Vec<SmtpCase> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension() == Some("case".as_ref())).collect();
    files.sort();
    assert!(!files.is_empty(), "no case in `{}`", directory.display());
    files.iter().flat_map(|file| read_file(file)).collect()
}

/// Plays every case and tells which ones failed, and how, all at once.
///
/// `sinks` are the LMTP servers by their names below `private/`.
///
/// # Panics
///
/// If a case fails.
pub(crate) fn play(cases: &[SmtpCase], postfix: &RunningPostfix, sinks: &[(&str, &LmtpSink)]) {
    let mut failures = String::new();
    for case in cases {
        if let Err(failure) = case.play(postfix, sinks) {
            write!(failures, "\n{}: {}\n{failure}", case.place, case.title).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

impl SmtpCase {
    fn play(&self, postfix: &RunningPostfix, sinks: &[(&str, &LmtpSink)]) -> Result<(), String> {
        let mut session = postfix.session();
        if let Some(login) = &self.login {
            session.log_in(login);
        }
        let ascii = self.recipients.iter().all(|(address, _)| address.is_ascii());
        let parameters = if ascii { "" } else { "SMTPUTF8" };
        let sender = session.mail_from(&self.sender, parameters);
        ExpectedReply { code: 250, ..Default::default() }.compare("MAIL", &sender)?;
        let mut accepted = false;
        for (recipient, expected) in &self.recipients {
            let reply = session.rcpt_to(recipient);
            accepted |= reply.is_positive();
            expected.compare(recipient, &reply)?;
        }
        if accepted {
            let message = format!("Subject: test\nX-Case: {}\n\n{}\n", self.place, self.title);
            let reply = session.data(&message);
            self.data.compare("the message", &reply)?;
            if let Some(queue_id) = reply.queue_id() {
                postfix.wait_until_removed(queue_id);
            }
        }
        session.command("QUIT");
        self.compare_deliveries(sinks)
    }

    fn compare_deliveries(&self, sinks: &[(&str, &LmtpSink)]) -> Result<(), String> {
        let mut got = Vec::new();
        for (name, sink) in sinks {
            let recipients = sink.recipients_of(&format!("X-Case: {}\r\n", self.place));
            got.extend(recipients.into_iter().map(|recipient| (recipient, (*name).to_owned())));
        }
        got.sort();
        if got == self.delivered {
            return Ok(());
        }
        let (expected, got) = (list(&self.delivered), list(&got));
        Err(format!("  delivered to\n    expected {expected}\n    got      {got}\n"))
    }
}

impl ExpectedReply {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
        let (first, behind) = rest.split_once(' ').unwrap_or((rest, ""));
        let enhanced = is_enhanced(first).then(|| first.to_owned());
        let text = if enhanced.is_some() { behind } else { rest }.to_owned();
        Some(Self { code: code.parse().ok()?, enhanced, text })
    }

    pub(super) fn compare(&self, what: &str, reply: &SmtpReply) -> Result<(), String> {
        let matches = self.code == reply.code
            && (self.enhanced.is_none() || self.enhanced == reply.enhanced)
            && reply.text.contains(&self.text);
        if matches {
            return Ok(());
        }
        let enhanced = self.enhanced.as_deref().unwrap_or("*");
        let expected = format!("{} {enhanced} *{}*", self.code, self.text);
        Err(format!("  reply to {what}\n    expected {expected}\n    got      {reply}\n"))
    }
}

fn list(deliveries: &[(String, String)]) -> String {
    let each = deliveries.iter().map(|(recipient, sink)| format!("{recipient} via {sink}"));
    let all = each.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "nobody".to_owned() } else { all }
}

fn read_file(file: &Path) -> Vec<SmtpCase> {
    let text = std::fs::read_to_string(file).unwrap();
    let name = file.file_name().unwrap().to_string_lossy();
    let mut cases = Vec::new();
    let mut open: Option<SmtpCase> = None;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            cases.extend(open.take());
            continue;
        }
        let place = format!("{name}:{number}");
        let case = open.get_or_insert_with(|| SmtpCase {
            place: place.clone(),
            title: String::new(),
            sender: "sender@outside.example".to_owned(),
            login: None,
            recipients: Vec::new(),
            data: ExpectedReply { code: 250, ..Default::default() },
            delivered: Vec::new(),
        });
        assert!(take_line(case, line).is_some(), "{place}: cannot understand `{line}`");
    }
    cases.extend(open);
    for case in &cases {
        let complete = case.recipients.iter().all(|(_, reply)| reply.code != 0);
        assert!(complete && !case.recipients.is_empty(), "{}: rcpt without reply", case.place);
    }
    cases
}

fn take_line(case: &mut SmtpCase, line: &str) -> Option<()> {
    if let Some(words) = line.strip_prefix('#') {
        case.title = [&case.title, words.trim()].join(" ").trim().into();
        return Some(());
    }
    let (name, value) = line.split_once(':')?;
    let value = value.trim();
    match name {
        "from" => value.clone_into(&mut case.sender),
        "login" => case.login = Some(value.to_owned()),
        "rcpt" => case.recipients.push((value.to_owned(), ExpectedReply::default())),
        "reply" => case.recipients.last_mut()?.1 = ExpectedReply::parse(value)?,
        "data" => case.data = ExpectedReply::parse(value)?,
        "delivered" if value == "nobody" => case.delivered.clear(),
        "delivered" => {
            for one in value.split(',') {
                let (recipient, sink) = one.split_once(" via ").unwrap_or((one, "sink"));
                case.delivered.push((recipient.trim().to_owned(), sink.trim().to_owned()));
            }
            case.delivered.sort();
        }
        _ => return None,
    }
    Some(())
}
