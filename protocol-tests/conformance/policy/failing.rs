//! The service is away, hangs, is late, or was away: with the printed parameters mail waits where somebody relies on an
//! answer, goes on elsewhere, and no smtpd is held up for longer than two tries take.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::conformance::installation::Installation;
use crate::conformance::server::Server;
use crate::conformance::smtp::SmtpReply;
use crate::support::terms::runs_as_root;

use super::house::{Facts, MailServer, Service};

/// The printed timeout of a try, and what is between two tries.
const TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);
/// Two tries, and what this machine takes.
const LONGEST: Duration = Duration::from_secs(11 + 3);

/// Only what may be left out.
const ADVISORY_ONLY: &str = "
smtpd_recipient_restrictions = ADVISORY
smtpd_end_of_data_restrictions = ADVISORY
";

#[test]
fn mail_waits_or_goes_on_without_an_answer_on_this_machine() {
    if runs_as_root("mail_waits_or_goes_on_without_an_answer_on_this_machine") {
        mail_waits_or_goes_on_without_an_answer(&Installation::here());
    }
}

#[test]
fn mail_waits_or_goes_on_without_an_answer_on_debian_13() {
    let test = "mail_waits_or_goes_on_without_an_answer_on_debian_13";
    if let Some(installation) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        mail_waits_or_goes_on_without_an_answer(&installation);
    }
}

fn mail_waits_or_goes_on_without_an_answer(installation: &Installation) {
    let facts = Facts::new("policy");
    let protecting = MailServer::start(installation, &facts, Service::Others, "");
    let advisory = MailServer::start(installation, &facts, Service::Others, ADVISORY_ONLY);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            mail_waits(&protecting);
            a_restart_is_got_over(&protecting);
        });
        scope.spawn(|| mail_goes_on(&advisory));
    });
}

/// What listens in the place of the service: nothing, one that never answers, and one that answers too late to allow,
/// or to refuse.
fn mail_waits(server: &MailServer) {
    let refused = |kind: &str, (reply, took): (SmtpReply, Duration), least: Duration| {
        let status = (reply.code, reply.enhanced.as_deref());
        assert_eq!(status, (451, Some("4.3.0")), "{kind}: {reply}");
        assert!(reply.text.contains("Cannot be decided now, try again later"), "{kind}: {reply}");
        assert!(took >= least && took < LONGEST, "{kind} took {took:?}");
    };
    refused("stopped", recipient(server), PAUSE);
    {
        let _hung = Server::listen(&server.policy, hang);
        refused("hung", recipient(server), TIMEOUT);
    }
    {
        let _late = Server::listen(&server.policy, |it| late(it, 6, "DUNNO"));
        refused("late", recipient(server), TIMEOUT);
    }
    // Within the timeout it is an answer. An smtpd keeps its connection, so it is closed for who listens next.
    let _slow = Server::listen(&server.policy, |it| answers(it, 1, 2, "554 5.7.1 no"));
    let (reply, took) = recipient(server);
    assert_eq!((reply.code, reply.text.contains("no")), (554, true), "{reply}");
    assert!(took < TIMEOUT, "{took:?}");
}

/// An smtpd whose connection was closed, as by a restart, asks again at once, on a new one.
fn a_restart_is_got_over(server: &MailServer) {
    let _restarting = Server::listen(&server.policy, |it| answers(it, 2, 0, "550 5.7.1 no"));
    let mut session = server.postfix.session();
    assert!(session.mail_from("x@far.example", "").is_positive());
    for _ in 0..5 {
        let (reply, took) = timed(|| session.rcpt_to("anna@shop.example"));
        assert_eq!(reply.code, 550, "{reply}");
        assert!(took < TIMEOUT, "{took:?}");
    }
}

fn mail_goes_on(server: &MailServer) {
    let message = |kind: &str, each: Duration| {
        let mut session = server.postfix.session();
        assert!(session.mail_from("x@far.example", "").is_positive());
        for recipient in ["anna@shop.example", "bert@shop.example"] {
            let (reply, took) = timed(|| session.rcpt_to(recipient));
            assert!(reply.is_positive(), "{kind}: {reply}");
            assert!(took >= each && took < LONGEST, "{kind} took {took:?}");
        }
        let mark = format!("X-Service-{kind}.");
        let (reply, took) = timed(|| session.data(&format!("Subject: test\n\n{mark}\n")));
        assert!(took >= each && took < LONGEST, "{kind} took {took:?}");
        server.postfix.wait_until_removed(reply.queue_id().unwrap_or_else(|| panic!("{reply}")));
        assert_eq!(server.recipients_of(&mark), ["anna@shop.example", "bert@shop.example"]);
    };
    message("stopped", PAUSE);
    {
        let _hung = Server::listen(&server.policy, hang);
        message("hung", TIMEOUT);
    }
    // What comes late is not taken as the answer to the next question.
    let _late = Server::listen(&server.policy, |it| late(it, 6, "554 5.7.1 no"));
    message("late", TIMEOUT);
}

fn recipient(server: &MailServer) -> (SmtpReply, Duration) {
    let mut session = server.postfix.session();
    assert!(session.mail_from("x@far.example", "").is_positive());
    timed(|| session.rcpt_to("anna@shop.example"))
}

fn timed(what: impl FnOnce() -> SmtpReply) -> (SmtpReply, Duration) {
    let start = Instant::now();
    let reply = what();
    (reply, start.elapsed())
}

/// Takes everything and says nothing.
fn hang(mut stream: UnixStream) -> std::io::Result<()> {
    stream.read_to_end(&mut Vec::new()).map(drop)
}

/// Answers each request after some seconds.
fn late(stream: UnixStream, seconds: u64, action: &str) -> std::io::Result<()> {
    answers(stream, usize::MAX, seconds, action)
}

/// Answers some requests, each after some seconds, then closes.
fn answers(
    mut stream: UnixStream,
    requests: usize,
    seconds: u64,
    action: &str,
) -> std::io::Result<()> {
    let mut some = [0; 4096];
    for _ in 0..requests {
        let mut heard = Vec::new();
        while !heard.ends_with(b"\n\n") {
            match stream.read(&mut some)? {
                0 => return Ok(()),
                count => heard.extend_from_slice(&some[..count]),
            }
        }
        std::thread::sleep(Duration::from_secs(seconds));
        stream.write_all(format!("action={action}\n\n").as_bytes())?;
    }
    Ok(())
}
