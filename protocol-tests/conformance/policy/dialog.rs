//! SMTP sessions as data, with Postfix's replies as the policy service makes them.
//!
//! A file `*.smtp` has one instruction a line; lines with `#` and empty ones are for people.
//!
//! ```text
//! fixture: policy                   the facts, from ../../fixtures; always there
//! config: policy.rules = […]        a line of postcote.toml
//! main.cf: smtpd_delay_reject = no  a setting of Postfix besides what `postcote config postfix` prints;
//!                                   `PROTECTING` and `ADVISORY` in it stand for the two calls printed there
//! sql: UPDATE …                     changes the data
//! quota: UID BYTES MESSAGES         Dovecot tells what a mailbox holds
//! clock: +SECONDS                   time goes by for the service
//! login: anna@shop.example          a new session, in which somebody has logged in
//! stranger: 203.0.113.9             a new session of a client at this address
//! C: RCPT TO:<info@shop.example>    a command,
//! S: 250 2.1.5 Ok                   and Postfix's reply: code, enhanced code, part of the text
//! message: 100                      a message with a text of so many octets; `S:` is the reply to its end
//! delivered: a@b, c@d               who got the last message, or `nobody`
//! sent: UID MESSAGES RECIPIENTS     what counts for an account within this hour
//! ```

use std::path::{Path, PathBuf};

use crate::conformance::smtp::{SmtpReply, SmtpSession};
use crate::conformance::smtp_case::ExpectedReply;

use super::house::House;

/// A file of instructions.
#[derive(Debug)]
pub(super) struct Dialog {
    name: String,
    /// Number, word and the rest of each line.
    lines: Vec<(usize, String, String)>,
}

/// What there was up to a line.
#[derive(Default)]
struct Heard {
    session: Option<SmtpSession>,
    reply: Option<SmtpReply>,
    /// The mark and the queue's name of the last message.
    message: Option<(String, Option<String>)>,
}

/// Reads every dialog beside this file, in the order of their names.
pub(super) fn dialogs() -> Vec<Dialog> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/conformance/policy");
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension() == Some("smtp".as_ref())).collect();
    files.sort();
    assert!(files.len() >= 5, "the dialogs are gone");
    files.iter().map(|file| Dialog::read(file)).collect()
}

impl Dialog {
    fn read(file: &Path) -> Self {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(file).unwrap();
        let numbered = (1..).zip(text.lines());
        let lines = numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let split = |(number, line): (usize, &str)| {
            let (word, rest) = line.split_once(':').unwrap_or_else(|| panic!("{name}:{number}"));
            (number, word.to_owned(), rest.trim().to_owned())
        };
        Self { lines: lines.map(split).collect(), name: name.clone() }
    }

    /// All lines of a kind.
    pub(super) fn said(&self, word: &str) -> Vec<&str> {
        let lines = self.lines.iter().filter(|(_, own, _)| own == word);
        lines.map(|(_, _, rest)| rest.as_str()).collect()
    }

    /// Plays it to its first mistake.
    pub(super) fn play(&self, house: &House) -> Result<(), String> {
        let mut heard = Heard::default();
        for (number, word, rest) in &self.lines {
            let place = format!("{}:{number}", self.name);
            if heard.reply.is_some() && word != "S" {
                return Err(format!("{place}: the reply before is not looked at\n"));
            }
            heard.play(house, &place, word, rest).map_err(|error| format!("{place}: {error}"))?;
        }
        heard.reply.map_or(Ok(()), |_| Err(format!("{}: no reply is looked at\n", self.name)))
    }
}

impl Heard {
    fn play(&mut self, house: &House, place: &str, word: &str, rest: &str) -> Result<(), String> {
        let numbers = || rest.split(' ').map(|number| number.parse::<i64>().unwrap());
        match word {
            "fixture" | "config" | "main.cf" => {}
            "sql" => house.facts.change(rest),
            "clock" => house.time.pass(rest.strip_prefix('+').unwrap().parse().unwrap()),
            "quota" => {
                let [uid, bytes, messages] = numbers().collect::<Vec<_>>().try_into().unwrap();
                house.facts.holds(&house.service, uid.try_into().unwrap(), bytes, messages);
            }
            "login" => {
                let mut session = house.server.postfix.session();
                session.log_in(rest);
                self.session = Some(session);
            }
            "stranger" => {
                let mut session = house.server.postfix.session();
                session.come_from(rest);
                self.session = Some(session);
            }
            "C" => self.reply = Some(self.session.as_mut().unwrap().command(rest)),
            "S" => {
                let reply = self.reply.take().ok_or("there is no reply")?;
                if let Some((_, queued)) = &mut self.message
                    && queued.is_none()
                {
                    *queued = reply.queue_id().map(ToOwned::to_owned);
                }
                ExpectedReply::parse(rest).unwrap().compare("this", &reply)?;
            }
            "message" => {
                let mark = format!("X-Message: {place}");
                let text = "x".repeat(rest.parse().unwrap());
                let message = format!("Subject: test\n{mark}\n\n{text}\n");
                self.reply = Some(self.session.as_mut().unwrap().data(&message));
                self.message = Some((mark, None));
            }
            "delivered" => {
                let (mark, queued) = self.message.as_ref().ok_or("there is no message")?;
                if let Some(queue_id) = queued {
                    house.server.postfix.wait_until_removed(queue_id);
                }
                let got = house.server.recipients_of(&format!("{mark}\r\n")).join(", ");
                let got = if got.is_empty() { "nobody" } else { &got };
                if got != rest {
                    return Err(format!("delivered to {got}, expected {rest}\n"));
                }
            }
            "sent" => {
                let [uid, messages, recipients] = numbers().collect::<Vec<_>>().try_into().unwrap();
                let got = house.service.sent(uid.try_into().unwrap());
                let expected = (messages.try_into().unwrap(), recipients.try_into().unwrap());
                if got != expected {
                    return Err(format!("counted {got:?}, expected {expected:?}\n"));
                }
            }
            _ => return Err(format!("what is `{word}`?\n")),
        }
        Ok(())
    }
}
