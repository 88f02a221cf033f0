//! Logins by SMTP: Postfix asks postcote itself, or Dovecot's auth process that asks postcote, and says
//! what it says with a Dovecot that needs nobody.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::smtp::{SmtpReply, SmtpSession};
use super::clients::plain;
use super::house::PASSWORD;
use super::instance::{Dovecot, Installed, installed, printed};
use super::native::{Native, auth_port, readable};
use super::whole::{Plan, Whole};
use crate::support::daemon::free_port;
use crate::support::pg;
use crate::support::scratch::Scratch;

/// How a name and a password travel.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    LoginAsked,
    LoginWithName,
    PlainAsked,
    PlainAtOnce,
}

pub(super) const FORMS: [Form; 4] =
    [Form::LoginAsked, Form::LoginWithName, Form::PlainAsked, Form::PlainAtOnce];

/// A name, a password, by which name the other Dovecot knows that person, and whether that is let in.
const TABLE: &[(&str, &str, &str, bool)] = &[
    ("anna@shop.example", PASSWORD, "anna@shop.example", true),
    ("ANNA@Store.Example", PASSWORD, "anna@shop.example", true),
    ("anna@shop.example", "wrong", "anna@shop.example", false),
    ("anna@shop.example", "", "anna@shop.example", false),
    ("stranger@shop.example", PASSWORD, "stranger@shop.example", false),
    ("anna@strange.example", PASSWORD, "anna@strange.example", false),
    ("letters@shop.example", PASSWORD, "letters@shop.example", false),
    ("mute@shop.example", PASSWORD, "mute@shop.example", false),
    ("shut@shop.example", PASSWORD, "shut@shop.example", false),
    ("held@shop.example", PASSWORD, "held@shop.example", false),
    ("over@shop.example", PASSWORD, "over@shop.example", false),
    // Only who knows the password learns more; Dovecot would tell everybody.
    ("held@shop.example", "wrong", "anna@shop.example", false),
];

/// Commands that are no login, and are refused by every server alike.
const ODD: &[&str] =
    &["AUTH PLAIN", "AUTH PLAIN =", "AUTH PLAIN AGFubmE=", "AUTH PLAIN !", "AUTH NTLM"];

/// The submission ports of [`Judged`].
pub(super) const OWN: usize = 0;
pub(super) const BETWEEN: usize = 1;
const NATIVE: usize = 2;

#[tokio::test]
async fn who_sends_logs_in_as_with_dovecot() {
    for installed in installed("who_sends_logs_in_as_with_dovecot") {
        let judged = Judged::start(&installed).await;
        let mut wrong = String::new();
        for (user, password, known, enters) in TABLE {
            for form in FORMS {
                // At once: Dovecot's own takes its time.
                let replies = std::thread::scope(|scope| {
                    let threads =
                        [(OWN, user), (BETWEEN, user), (NATIVE, known)].map(|(port, name)| {
                            let mut session = judged.whole.submission(port);
                            scope.spawn(move || log_in(&mut session, form, name, password))
                        });
                    threads.map(|thread| thread.join().unwrap())
                });
                if let Some(difference) = difference(&replies, *enters) {
                    writeln!(wrong, "{user} {password} {form:?}: {difference}").unwrap();
                }
            }
        }
        for command in ODD {
            let [own, between, native] = [OWN, BETWEEN, NATIVE].map(|port| {
                let mut session = judged.whole.submission(port);
                let reply = session.command(command);
                // What was asked for is given up.
                if reply.code == 334 { session.command("*") } else { reply }
            });
            if own != native || between != native {
                writeln!(wrong, "{command}: {own} | {between} | {native}").unwrap();
            }
        }
        assert!(wrong.is_empty(), "{:?}:\n{wrong}\n{}", installed.version, judged.whole.log());
    }
}

/// How the replies to one login differ from those of the Dovecot that needs nobody.
fn difference(replies: &[SmtpReply; 3], enters: bool) -> Option<String> {
    let [own, between, native] = replies;
    let expected = if enters { (235, "2.7.0") } else { (535, "5.7.8") };
    let as_expected =
        |reply: &SmtpReply| (reply.code, reply.enhanced.as_deref().unwrap_or_default()) == expected;
    let same = own.text == readable(&native.text);
    // A passdb can say that it does not know somebody, and no more.
    let alike = enters || between.text.starts_with("Error: authentication failed");
    (!replies.iter().all(as_expected) || !same || !alike)
        .then(|| format!("{own} | {between} | {native}"))
}

/// Sends a name and a password and gives the reply that ends it.
pub(super) fn log_in(
    session: &mut SmtpSession,
    form: Form,
    user: &str,
    password: &str,
) -> SmtpReply {
    let (name, secret) = (STANDARD.encode(user), STANDARD.encode(password));
    let lines = match form {
        Form::LoginAsked => vec!["AUTH LOGIN".to_owned(), name, secret],
        Form::LoginWithName => vec![format!("AUTH LOGIN {name}"), secret],
        Form::PlainAsked => vec!["AUTH PLAIN".to_owned(), plain(user, password)],
        Form::PlainAtOnce => vec![format!("AUTH PLAIN {}", plain(user, password))],
    };
    let mut reply = None;
    for line in lines {
        let last = session.command(&line);
        if last.code != 334 {
            return last;
        }
        reply = Some(last);
    }
    reply.unwrap()
}

/// A Postfix with three submission ports, and whom they ask.
pub(super) struct Judged<'a> {
    pub(super) whole: Whole<'a>,
    _between: Dovecot<'a>,
    _native: Native<'a>,
    _database: pg::TestDatabase<'static>,
}

impl<'a> Judged<'a> {
    pub(super) async fn start(installed: &'a Installed) -> Self {
        let database = pg::database();
        let native = Native::start(installed);
        let between = Arc::new(Scratch::new());
        let port = free_port();
        let mut plan = Plan::new(installed, &database.url);
        plan.listen.push(("dovecot-dict", between.join("dict")));
        for port in [port, native.auth] {
            plan.sasl.push(format!("inet:127.0.0.1:{port}"));
        }
        let whole = plan.start().await;
        let between = start_between(installed, between, port);
        Self { whole, _between: between, _native: native, _database: database }
    }
}

/// A Dovecot whose auth process asks postcote for passwords, and answers Postfix on a port.
fn start_between(installed: &Installed, scratch: Arc<Scratch>, port: u16) -> Dovecot<'_> {
    let login = printed(installed.version, installed.version.between())
        + "auth_mechanisms = plain login\nauth_failure_delay = 0\n"
        + &auth_port(port);
    let listening = installed.configure(&scratch, &login);
    installed.start(scratch, listening)
}

/// Who may send as whom, once logged in as anna, and what is said at RCPT.
const SENDERS: &[(&str, u16, &str)] = &[
    ("anna@shop.example", 250, "2.1.5"),
    ("Anna@Store.Example", 250, "2.1.5"),
    ("anna+lists@shop.example", 250, "2.1.5"),
    ("info@shop.example", 250, "2.1.5"),
    ("info@store.example", 250, "2.1.5"),
    ("bert@shop.example", 553, "5.7.1"),
    ("sales@shop.example", 553, "5.7.1"),
    ("stranger@shop.example", 553, "5.7.1"),
    ("anna@outside.example", 553, "5.7.1"),
];

#[tokio::test]
async fn who_has_logged_in_sends_as_what_is_theirs() {
    for installed in installed("who_has_logged_in_sends_as_what_is_theirs") {
        let database = pg::database();
        let whole = Plan::new(&installed, &database.url).start().await;
        let mut wrong = String::new();
        let mut session = whole.submission(OWN);
        let reply = session.mail_from("anna@shop.example", "");
        assert!(reply.is_positive(), "{reply}");
        let stranger = session.rcpt_to("bert@shop.example");
        assert_eq!(stranger.code, 553, "{stranger}");
        assert!(session.command("RSET").is_positive());
        // The login is canonical, whatever name was used.
        let reply = log_in(&mut session, Form::PlainAtOnce, "ANNA@store.example", PASSWORD);
        assert_eq!(reply.code, 235, "{reply}\n{}", whole.log());
        for (sender, code, enhanced) in SENDERS {
            assert!(session.mail_from(sender, "").is_positive());
            let reply = session.rcpt_to("bert@shop.example");
            if (reply.code, reply.enhanced.as_deref()) != (*code, Some(enhanced)) {
                writeln!(wrong, "{sender}: {reply}, not {code} {enhanced}").unwrap();
            }
            assert!(session.command("RSET").is_positive());
        }
        assert!(wrong.is_empty(), "{:?}:\n{wrong}\n{}", installed.version, whole.log());
    }
}
