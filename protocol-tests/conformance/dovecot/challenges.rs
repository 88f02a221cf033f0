//! Logins that do not send the password, through Postfix and through Dovecot's login processes.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postcote::password::ScramHash;

use super::super::smtp::SmtpSession;
use super::clients::Lines;
use super::house::PASSWORD;
use super::instance::{Dovecot, installed, printed};
use super::native::{Native, readable};
use super::whole::{Plan, Settings};
use crate::sasl::client::{cram_md5_answer, scram_answer};
use crate::support::pg;

/// Passwords as they are, of which everything can be made that a mechanism needs.
const SETTINGS: &str =
    "[logins]\nfailure-delay = \"50ms\"\n[accounts]\npassword-scheme = \"PLAIN\"\n";

const MECHANISMS: [&str; 3] = ["CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"];

/// A name, a password, by which name the other Dovecot knows that person, and whether that is let in by SMTP
/// and by IMAP.
const TABLE: &[(&str, &str, &str, [bool; 2])] = &[
    ("anna@shop.example", PASSWORD, "anna@shop.example", [true; 2]),
    ("ANNA@Store.Example", PASSWORD, "anna@shop.example", [true; 2]),
    ("anna@shop.example", "wrong", "anna@shop.example", [false; 2]),
    ("stranger@shop.example", PASSWORD, "stranger@shop.example", [false; 2]),
    ("letters@shop.example", PASSWORD, "letters@shop.example", [false, true]),
    ("pop@shop.example", PASSWORD, "pop@shop.example", [false; 2]),
    ("held@shop.example", PASSWORD, "held@shop.example", [false; 2]),
    ("held@shop.example", "wrong", "anna@shop.example", [false; 2]),
];

#[tokio::test]
async fn who_does_not_send_the_password_is_told_the_same() {
    for installed in installed("who_does_not_send_the_password_is_told_the_same") {
        let database = pg::database();
        let native = Native::start(&installed);
        let mut plan = Plan::new(&installed, &database.url);
        plan.settings = SETTINGS;
        plan.sasl.push(format!("inet:127.0.0.1:{}", native.auth));
        plan.dovecot = Some(Settings::Example(printed(installed.version, "")));
        let whole = plan.start().await;
        let dovecot = whole.dovecot.as_ref().unwrap();
        let mut wrong = String::new();
        for mechanism in MECHANISMS {
            for (user, password, known, [sends, reads]) in TABLE {
                let client = |name| Client::new(mechanism, name, password);
                let said = client(user).smtp(&mut whole.submission(0));
                let measure = readable(&client(known).smtp(&mut whole.submission(1)));
                if said != measure || said.starts_with("235 ") != *sends {
                    writeln!(wrong, "smtp {mechanism} {user} {password}: {said}, not {measure}")
                        .unwrap();
                }
                let said = client(user).imap(dovecot);
                let measure = readable(&client(known).imap(&native.dovecot));
                let both_in = said.starts_with("OK ") && measure.starts_with("OK ");
                if said != measure && !both_in || said.starts_with("OK ") != *reads {
                    writeln!(wrong, "imap {mechanism} {user} {password}: {said}, not {measure}")
                        .unwrap();
                }
            }
        }
        assert!(wrong.is_empty(), "{:?}:\n{wrong}\n{}", installed.version, whole.log());
    }
}

/// Who would send a password is not offered what only others can use.
#[tokio::test]
async fn what_hashes_do_not_allow_is_not_offered() {
    for installed in installed("what_hashes_do_not_allow_is_not_offered") {
        let database = pg::database();
        let whole = Plan::new(&installed, &database.url).start().await;
        let hello = whole.submission(0).command("EHLO client.test");
        let offered: Vec<_> = hello.text.lines().filter(|line| line.starts_with("AUTH")).collect();
        assert_eq!(offered, ["AUTH PLAIN LOGIN"], "{hello}");
    }
}

/// A client in the middle of a login.
struct Client<'a> {
    mechanism: &'a str,
    user: &'a str,
    password: &'a str,
    /// What the server has to prove itself with.
    expected: Option<String>,
}

impl<'a> Client<'a> {
    fn new(mechanism: &'a str, user: &'a str, password: &'a str) -> Self {
        Self { mechanism, user, password, expected: None }
    }

    /// SCRAM's first message behind its header.
    fn bare(&self) -> String {
        format!("n={},r=0123456789abcdef", self.user)
    }

    /// The command that begins, without what the protocol puts before it.
    fn command(&self) -> String {
        match self.mechanism {
            "CRAM-MD5" => self.mechanism.to_owned(),
            _ => format!("{} {}", self.mechanism, STANDARD.encode(format!("n,,{}", self.bare()))),
        }
    }

    /// Answers a challenge, both in base64.
    ///
    /// # Panics
    ///
    /// If the server proves itself with something else than the password.
    fn answer(&mut self, challenge: &str) -> String {
        let challenge = STANDARD.decode(challenge).unwrap();
        if let Some(expected) = self.expected.take() {
            assert_eq!(String::from_utf8_lossy(&challenge), expected, "{}", self.mechanism);
            return String::new();
        }
        let hash = match self.mechanism {
            "CRAM-MD5" => {
                let answer = cram_md5_answer(self.user, &challenge, self.password.as_bytes());
                return STANDARD.encode(answer);
            }
            "SCRAM-SHA-1" => ScramHash::Sha1,
            _ => ScramHash::Sha256,
        };
        let challenge = String::from_utf8(challenge).unwrap();
        let (answer, expected) =
            scram_answer(hash, &self.bare(), &challenge, self.password.as_bytes());
        self.expected = Some(expected);
        STANDARD.encode(answer)
    }

    /// Who is let in must have seen that the server knows the password.
    fn end(&self, is_in: bool) {
        assert!(!is_in || self.expected.is_none(), "{} without a proof", self.mechanism);
    }

    /// Logs in at Postfix; the last reply.
    fn smtp(mut self, session: &mut SmtpSession) -> String {
        let mut reply = session.command(&format!("AUTH {}", self.command()));
        while reply.code == 334 {
            reply = session.command(&self.answer(&reply.text));
        }
        self.end(reply.code == 235);
        reply.to_string()
    }

    /// Logs in by IMAP; the last line, without its tag.
    fn imap(mut self, dovecot: &Dovecot<'_>) -> String {
        let mut lines = Lines::tcp(dovecot.imap);
        lines.line();
        lines.send(&format!("a AUTHENTICATE {}", self.command()));
        loop {
            let line = lines.line();
            if let Some(challenge) = line.strip_prefix("+ ") {
                let answer = self.answer(challenge);
                lines.send(&answer);
            } else if let Some(last) = line.strip_prefix("a ") {
                self.end(last.starts_with("OK "));
                return last.to_owned();
            } else {
                assert!(line.starts_with('*'), "{line}");
            }
        }
    }
}
