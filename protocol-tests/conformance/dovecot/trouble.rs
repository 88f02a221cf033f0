//! Logins at Postfix when something is wrong: nobody is told that a password is wrong unless it is.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::super::smtp::{SmtpReply, SmtpSession};
use super::house::PASSWORD;
use super::instance::installed;
use super::submission::{BETWEEN, FORMS, Form, Judged, OWN, log_in};
use super::whole::Plan;
use crate::support::pg;
use crate::support::terms::wait_for;

#[tokio::test]
async fn what_cannot_be_known_is_no_wrong_password() {
    for installed in installed("what_cannot_be_known_is_no_wrong_password") {
        let mut own = pg::dedicated_cluster();
        let url = own.database();
        let mut whole = Plan::new(&installed, &url).start().await;
        let mut session = whole.submission(OWN);
        let tried = |session: &mut SmtpSession, user: &str, password: &str| {
            let reply = log_in(session, Form::PlainAtOnce, user, password);
            (reply.code, reply.enhanced.unwrap_or_default())
        };
        let entered = (235, "2.7.0".to_owned());
        let later = (454, "4.7.0".to_owned());
        let refused = (535, "5.7.8".to_owned());
        // The database is away: who was asked for is known, right or wrong; others may come back.
        assert_eq!(tried(&mut whole.submission(OWN), "anna@shop.example", PASSWORD), entered);
        own.cluster.kill().unwrap();
        for form in FORMS {
            let reply = log_in(&mut session, form, "cold@shop.example", PASSWORD);
            assert_eq!(
                (reply.code, reply.enhanced.as_deref()),
                (454, Some("4.7.0")),
                "{form:?}: {reply}"
            );
        }
        assert_eq!(tried(&mut session, "anna@shop.example", "wrong"), refused);
        assert_eq!(tried(&mut whole.submission(OWN), "anna@shop.example", PASSWORD), entered);
        own.cluster.restart().unwrap();
        wait_for("the database to be asked again", Duration::from_secs(30), || {
            let reply = tried(&mut session, "iced@shop.example", "wrong");
            assert!([&later, &refused].contains(&&reply), "{reply:?}");
            (reply == refused).then_some(())
        });
        // postcote is away: a session that was open hears so, and goes on when it is back.
        whole.daemon.signal(Signal::KILL);
        wait_for("the end of the daemon", Duration::from_secs(10), || {
            whole.daemon.page("/healthz").is_none().then_some(())
        });
        for user in ["anna@shop.example", "stranger@shop.example"] {
            assert_eq!(tried(&mut session, user, PASSWORD), later, "{user}\n{}", whole.log());
        }
        whole.daemon.launch();
        whole.daemon.wait_until_ready();
        assert_eq!(tried(&mut session, "anna@shop.example", "wrong"), refused);
        assert_eq!(tried(&mut session, "anna@shop.example", PASSWORD), entered);
    }
}

/// Postfix keeps its connection for as long as a process lives, so that it finds it closed after a restart.
#[tokio::test]
async fn a_restart_puts_no_login_off() {
    for installed in installed("a_restart_puts_no_login_off") {
        let database = pg::database();
        let mut whole = Plan::new(&installed, &database.url).start().await;
        let mut session = whole.submission(OWN);
        for _ in 0..3 {
            let reply = log_in(&mut session, Form::PlainAtOnce, "anna@shop.example", "wrong");
            assert_eq!(reply.code, 535, "{:?}: {reply}", installed.version);
            whole.daemon.signal(Signal::TERM);
            whole.daemon.wait_for_end();
            whole.daemon.launch();
            whole.daemon.wait_until_ready();
        }
        let reply = log_in(&mut session, Form::LoginAsked, "anna@shop.example", PASSWORD);
        assert_eq!(reply.code, 235, "{:?}: {reply}", installed.version);
    }
}

/// Postfix hears no reply that takes longer than ten seconds.
#[tokio::test]
async fn the_slowest_refusal_is_in_time_for_postfix() {
    for installed in installed("the_slowest_refusal_is_in_time_for_postfix") {
        let database = pg::database();
        let mut plan = Plan::new(&installed, &database.url);
        plan.settings = "";
        let whole = plan.start().await;
        let mut replies = Vec::new();
        for round in ["first", "second"] {
            let guess = |number| {
                let mut session = whole.submission(OWN);
                std::thread::spawn(move || {
                    let (guess, start) = (format!("{round}-{number}"), Instant::now());
                    let reply =
                        log_in(&mut session, Form::PlainAtOnce, "bert@shop.example", &guess);
                    (reply, start.elapsed())
                })
            };
            let threads: Vec<_> = (0..8).map(guess).collect();
            replies.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
        }
        for (reply, took) in &replies {
            // Told that it was wrong or to come back, and by postcote, not by Postfix's own patience.
            let in_time = *took < Duration::from_secs(10);
            assert!([454, 535].contains(&reply.code) && in_time, "{reply} {took:?}");
        }
        let slow = |(reply, took): &(SmtpReply, Duration)| reply.code == 535 && took.as_secs() >= 4;
        assert!(replies.iter().any(slow), "{replies:?}");
        assert!(replies.iter().any(|(reply, _)| reply.code == 454), "{replies:?}");
        assert!(!whole.postfix.log().contains("timeout"), "{}", whole.log());
    }
}

/// Postfix makes a permanent reply of every refusal of Dovecot's auth process, so that this way is not for
/// programs that ask for a new password then.
#[tokio::test]
async fn dovecots_auth_between_makes_a_refusal_of_trouble() {
    for installed in installed("dovecots_auth_between_makes_a_refusal_of_trouble") {
        let judged = Judged::start(&installed).await;
        let mut session = judged.whole.submission(BETWEEN);
        judged.whole.daemon.signal(Signal::KILL);
        wait_for("the end of the daemon", Duration::from_secs(10), || {
            judged.whole.daemon.page("/healthz").is_none().then_some(())
        });
        let reply = log_in(&mut session, Form::PlainAtOnce, "anna@shop.example", PASSWORD);
        assert_eq!(reply.code, 535, "{:?}: {reply}", installed.version);
    }
}
