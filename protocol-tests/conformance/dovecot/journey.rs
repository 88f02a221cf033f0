//! The way of a message from the one who writes it to the one who reads it, through servers that ask nobody
//! but postcote.

use std::time::Duration;

use super::super::smtp::{SmtpReply, SmtpSession};
use super::clients::{imap, imap_command, lmtp, plain};
use super::house::PASSWORD;
use super::instance::{LMTP, installed, printed};
use super::whole::{Plan, Settings, Whole};
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
        let (own, between) = ("", installed.version.between());
        for (settings, parts) in [
            (Settings::Example as fn(_) -> _, own),
            (Settings::Debian, own),
            (Settings::Debian, between),
        ] {
            let database = pg::database();
            let mut plan = Plan::new(&installed, &database.url);
            plan.dovecot = Some(settings(printed(installed.version, parts)));
            everybody_is_reached(&plan.start().await);
        }
    }
}

fn everybody_is_reached(whole: &Whole<'_>) {
    let mut session = logged_in(whole);
    for (number, (recipient, reader, delivered)) in RECIPIENTS.iter().enumerate() {
        let subject = format!("letter-{number}");
        let reply = send(&mut session, recipient, &subject);
        let queued =
            reply.queue_id().unwrap_or_else(|| panic!("{recipient}: {reply}\n{}", whole.log()));
        whole.postfix.wait_until_removed(queued);
        if !reader.is_empty() {
            let message = read(whole, reader, &subject);
            assert!(message.lines().any(|line| line == subject), "{message}");
            let expected = format!("Delivered-To: {delivered}\n");
            assert!(message.contains(&expected), "{recipient}: no {expected} in\n{message}");
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

#[tokio::test]
async fn a_message_waits_while_postcote_is_away() {
    for installed in installed("a_message_waits_while_postcote_is_away") {
        let database = pg::database();
        let mut plan = Plan::new(&installed, &database.url);
        plan.dovecot = Some(Settings::Example(printed(installed.version, "")));
        let mut whole = plan.start().await;
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
        let (accepted, _) = lmtp(&whole.scratch.join(LMTP), &["bert@shop.example"], "");
        assert!(accepted[0].starts_with("451 4.3.0"), "{accepted:?}");
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

#[tokio::test]
async fn a_message_arrives_while_the_database_is_away() {
    for installed in installed("a_message_arrives_while_the_database_is_away") {
        let mut own = pg::dedicated_cluster();
        let mut plan = Plan::new(&installed, &own.database());
        plan.dovecot = Some(Settings::Example(printed(installed.version, "")));
        let whole = plan.start().await;
        let hurry = |subject: &str| {
            let mut session = logged_in(&whole);
            let reply = send(&mut session, "abuse@store.example", subject);
            let queued = reply.queue_id().unwrap_or_else(|| panic!("{reply}\n{}", whole.log()));
            whole.postfix.wait_until_removed(queued);
            read(&whole, "anna@shop.example", subject);
            session
        };
        hurry("before");
        own.cluster.kill().unwrap();
        let mut session = hurry("meanwhile");
        // Nobody knows whether these exist.
        for recipient in ["cold@shop.example", "nobody@shop.example"] {
            assert!(session.mail_from("anna@shop.example", "").is_positive());
            let reply = session.rcpt_to(recipient);
            assert_eq!((reply.code, reply.enhanced.as_deref()), (451, Some("4.3.0")), "{reply}");
            assert!(session.command("RSET").is_positive());
        }
        own.cluster.restart().unwrap();
        wait_for("the database to be asked again", Duration::from_secs(30), || {
            // smtpd(8) remembers the failure for a sender, so it is another session each time.
            let reply = send(&mut logged_in(&whole), "cold@shop.example", "afterwards");
            assert!([250, 451].contains(&reply.code), "{reply}");
            reply.is_positive().then_some(())
        });
    }
}

/// A submission session in which anna has logged in, by the name of an alias domain.
pub(super) fn logged_in(whole: &Whole<'_>) -> SmtpSession {
    let mut session = whole.submission(0);
    let reply = session.command(&format!("AUTH PLAIN {}", plain("anna@store.example", PASSWORD)));
    assert_eq!(reply.code, 235, "{reply}\n{}", whole.log());
    session
}

/// Sends a message from anna; the reply is the last one.
pub(super) fn send(session: &mut SmtpSession, recipient: &str, subject: &str) -> SmtpReply {
    assert!(session.mail_from("anna@shop.example", "").is_positive());
    let reply = session.rcpt_to(recipient);
    if !reply.is_positive() {
        return reply;
    }
    session.data(&format!("From: anna@shop.example\nSubject: {subject}\n\n{subject}\n"))
}

/// Fetches the message of this subject by IMAP.
pub(super) fn read(whole: &Whole<'_>, reader: &str, subject: &str) -> String {
    let dovecot = whole.dovecot.as_ref().unwrap();
    let (mut lines, said) = imap(dovecot.imap, reader, PASSWORD);
    assert!(said.starts_with("OK"), "{reader}: {said}\n{}", whole.log());
    imap_command(&mut lines, "SELECT INBOX");
    let found = imap_command(&mut lines, &format!("SEARCH HEADER Subject {subject}"));
    let number = found[0]
        .strip_prefix("* SEARCH ")
        .unwrap_or_else(|| panic!("{reader}: {found:?}\n{}", whole.log()));
    let fetched = imap_command(&mut lines, &format!("FETCH {number} BODY.PEEK[]"));
    fetched.join("\n")
}
