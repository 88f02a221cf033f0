//! Two built daemons on one database, each behind a Postfix of its own, at which people log in with their passwords:
//! what one has counted the other hears of, and whoever is killed remembers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;

use crate::conformance::installation::Installation;
use crate::conformance::smtp::{SmtpReply, SmtpSession};
use crate::support::terms::{runs_as_root, wait_for};

use super::house::{Facts, MailServer, Service};

const CONFIG: &str = "
[policy]
account-limits = [\"messages-per-hour = 3\"]
answer-within = \"10s\"
";

#[test]
fn two_daemons_have_one_limit_on_this_machine() {
    if runs_as_root("two_daemons_have_one_limit_on_this_machine") {
        two_daemons_have_one_limit(&Installation::here(), &Installation::here());
    }
}

#[test]
fn two_daemons_have_one_limit_by_two_versions() {
    let test = "two_daemons_have_one_limit_by_two_versions";
    if let Some(other) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        two_daemons_have_one_limit(&Installation::here(), &other);
    }
}

fn two_daemons_have_one_limit(one: &Installation, other: &Installation) {
    let facts = Facts::new("policy");
    let mut first = MailServer::start(one, &facts, Service::Daemon(CONFIG), "");
    let second = MailServer::start(other, &facts, Service::Daemon(CONFIG), "");
    // By whatever name of the account, as anybody it may be, and without a sender.
    for sender in ["bert@shop.example", "sales-1@shop.example", ""] {
        let mut session = logged_in(&first, "Bert@store.example");
        let reply = recipient(&mut session, sender);
        assert!(reply.is_positive(), "{sender}: {reply}");
        let reply = session.data("Subject: test\n\n\n");
        assert!(reply.is_positive(), "{sender}: {reply}");
    }
    let refused = |reply: &SmtpReply| {
        reply.enhanced.as_deref() == Some("4.7.1") && reply.text.contains("3 messages per hour")
    };
    let reply = recipient(&mut logged_in(&first, "bert@shop.example"), "bert@shop.example");
    assert!(refused(&reply), "{reply}");
    let mut session = logged_in(&second, "bert@shop.example");
    wait_for("the other daemon to hear of it", Duration::from_secs(20), || {
        refused(&recipient(&mut session, "")).then_some(())
    });
    let reply = recipient(&mut logged_in(&second, "anna@shop.example"), "anna@shop.example");
    assert!(reply.is_positive(), "nobody else is concerned: {reply}");

    for signal in [Signal::KILL, Signal::TERM] {
        first.daemon.signal(signal);
        first.daemon.wait_for_end();
        first.daemon.launch();
        first.daemon.wait_until_ready();
        let reply = recipient(&mut logged_in(&first, "bert@shop.example"), "bert@shop.example");
        assert!(refused(&reply), "after {signal:?}: {reply}");
    }
}

fn logged_in(server: &MailServer, name: &str) -> SmtpSession {
    let mut session = server.postfix.session();
    let message = STANDARD.encode(format!("\0{name}\0account-password"));
    let reply = session.command(&format!("AUTH PLAIN {message}"));
    assert_eq!(reply.code, 235, "{name}: {reply}");
    session
}

fn recipient(session: &mut SmtpSession, sender: &str) -> SmtpReply {
    assert!(session.command("RSET").is_positive());
    assert!(session.mail_from(sender, "").is_positive());
    session.rcpt_to("x@far.example")
}
