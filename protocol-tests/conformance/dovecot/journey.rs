//! The way of a message from the one who writes it to the one who reads it, through servers that ask nobody
//! but postcote.

use std::time::Duration;

use super::super::smtp::{SmtpReply, SmtpSession};
use super::clients::{imap, imap_command, plain};
use super::house::PASSWORD;
use super::instance::{Installed, installed, printed};
use super::whole::{Plan, Whole};
use crate::support::pg;
use crate::support::terms::wait_for;

/// A recipient as it is written, who reads the message, and for whom it was delivered then.
const RECIPIENTS: &[(&str, &str, &str)] = &[
    ("bert@shop.example", "bert@shop.example", "bert@shop.example"),
    ("Bert@Store.Example", "bert@store.example", "Bert@Store.Example"),
    ("bert+lists@shop.example", "bert@shop.example", "bert+lists@shop.example"),
    ("info@shop.example", "anna@shop.example", "anna@shop.example"),
    ("info+news@shop.example", "anna@shop.example", "anna+news@shop.example"),
    ("sales@store.example", "bert@shop.example", "bert+sales@shop.example"),
    ("abuse@store.example", "anna@shop.example", "anna+store.example@shop.example"),
    ("anyone@catch.example", "bert@shop.example", "bert+anyone@shop.example"),
    // Who may not log in gets the mail that was accepted.
    ("pop@shop.example", "", "pop@shop.example"),
];

/// Recipients that are refused, and how.
const REFUSED: &[(&str, u16, &str)] = &[
    ("stranger@shop.example", 550, "5.1.1"),
    ("stranger+anna@store.example", 550, "5.1.1"),
    ("dora@shop.example", 550, "5.2.1"),
];

#[tokio::test]
async fn a_message_is_read_by_whom_it_was_written_to() {
    for installed in installed("a_message_is_read_by_whom_it_was_written_to") {
        let database = pg::database();
        let whole = start(&installed, &database.url, |_| ()).await;
        let mut session = logged_in(&whole);
        for (number, (recipient, reader, delivered)) in RECIPIENTS.iter().enumerate() {
            let subject = format!("letter-{number}");
            let reply = send(&mut session, recipient, &subject);
            let queued =
                reply.queue_id().unwrap_or_else(|| panic!("{recipient}: {reply}\n{}", whole.log()));
            whole.postfix.wait_until_removed(queued);
            if !reader.is_empty() {
                let headers = read(&whole, reader, &subject);
                let expected = format!("Delivered-To: {delivered}\n");
                assert!(headers.contains(&expected), "{recipient}: no {expected} in\n{headers}");
            }
        }
        for (recipient, code, enhanced) in REFUSED {
            assert!(session.mail_from("anna@shop.example", "").is_positive());
            let reply = session.rcpt_to(recipient);
            let got = (reply.code, reply.enhanced.as_deref());
            assert_eq!(got, (*code, Some(*enhanced)), "{recipient}: {reply}\n{}", whole.log());
            assert!(session.command("RSET").is_positive());
        }
    }
}

#[tokio::test]
async fn a_message_waits_while_postcote_is_away() {
    for installed in installed("a_message_waits_while_postcote_is_away") {
        let database = pg::database();
        let mut whole = start(&installed, &database.url, |_| ()).await;
        let mut session = logged_in(&whole);
        assert!(session.mail_from("anna@shop.example", "").is_positive());
        assert!(session.rcpt_to("bert@shop.example").is_positive(), "{}", whole.log());
        whole.daemon.signal(rustix::process::Signal::KILL);
        wait_for("the end of the daemon", Duration::from_secs(10), || {
            whole.daemon.page("/healthz").is_none().then_some(())
        });
        // Who is accepted already stays so; nobody else is refused for good.
        for recipient in ["info@shop.example", "stranger@shop.example", "anna@shop.example"] {
            let reply = session.rcpt_to(recipient);
            assert_eq!(
                (reply.code, reply.enhanced.as_deref()),
                (451, Some("4.3.0")),
                "{recipient}: {reply}"
            );
        }
        whole.daemon.launch();
        whole.daemon.wait_until_ready();
        // smtpd(8) remembers the failure for this sender, so it is another session.
        let mut session = logged_in(&whole);
        let reply = send(&mut session, "info@shop.example", "afterwards");
        let queued = reply.queue_id().unwrap_or_else(|| panic!("{reply}\n{}", whole.log()));
        whole.postfix.wait_until_removed(queued);
        read(&whole, "anna@shop.example", "afterwards");
    }
}

/// Everything, with the parts of Dovecot's example that need no dict.
async fn start<'a>(
    installed: &'a Installed,
    database: &str,
    change: impl FnOnce(&mut Plan<'a>),
) -> Whole<'a> {
    let mut plan = Plan::new(installed, database);
    plan.dovecot = Some(printed(installed.version, ""));
    change(&mut plan);
    plan.start().await
}

/// A submission session in which anna has logged in, by the name of an alias domain.
fn logged_in(whole: &Whole<'_>) -> SmtpSession {
    let mut session = whole.submission(0);
    let reply = session.command(&format!("AUTH PLAIN {}", plain("anna@store.example", PASSWORD)));
    assert_eq!(reply.code, 235, "{reply}\n{}", whole.log());
    session
}

/// Sends a message from anna; the reply is the last one.
fn send(session: &mut SmtpSession, recipient: &str, subject: &str) -> SmtpReply {
    assert!(session.mail_from("anna@shop.example", "").is_positive());
    let reply = session.rcpt_to(recipient);
    if !reply.is_positive() {
        return reply;
    }
    session.data(&format!("From: anna@shop.example\nSubject: {subject}\n\n{subject}\n"))
}

/// Fetches the message of this subject by IMAP, and gives its header.
fn read(whole: &Whole<'_>, reader: &str, subject: &str) -> String {
    let dovecot = whole.dovecot.as_ref().unwrap();
    let (mut lines, said) = imap(dovecot.imap, reader, PASSWORD);
    assert!(said.starts_with("OK"), "{reader}: {said}\n{}", whole.log());
    imap_command(&mut lines, "SELECT INBOX");
    let found = imap_command(&mut lines, &format!("SEARCH HEADER Subject {subject}"));
    let number = found[0]
        .strip_prefix("* SEARCH ")
        .unwrap_or_else(|| panic!("{reader}: {found:?}\n{}", whole.log()));
    let fetched = imap_command(&mut lines, &format!("FETCH {number} BODY.PEEK[]"));
    assert!(fetched.iter().any(|line| line == subject), "{fetched:?}");
    fetched.join("\n")
}
