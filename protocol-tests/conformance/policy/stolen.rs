//! A stolen password is used by way of two servers at once, whose services share a database: what goes out is what the
//! account may send, and not a message more.

use std::time::Duration;

use crate::conformance::installation::Installation;
use crate::conformance::smtp::SmtpReply;
use crate::support::policy::{PolicyService, Time};
use crate::support::terms::{runs_as_root, wait_for};

use super::house::{Facts, MailServer, Service};

/// bert@shop.example.
const UID: u32 = 70001;
const LIMIT: u64 = 7;
const CONFIG: &str = "policy.account-limits = [\"messages-per-hour = 7\"]";

#[test]
fn a_stolen_account_is_stopped_at_its_limit_by_two_servers() {
    if runs_as_root("a_stolen_account_is_stopped_at_its_limit_by_two_servers") {
        stopped_at_its_limit(&Installation::here(), &Installation::here());
    }
}

#[test]
fn a_stolen_account_is_stopped_at_its_limit_by_two_versions() {
    let test = "a_stolen_account_is_stopped_at_its_limit_by_two_versions";
    if let Some(other) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        stopped_at_its_limit(&Installation::here(), &other);
    }
}

fn stopped_at_its_limit(one: &Installation, other: &Installation) {
    let (facts, time) = (Facts::new("policy"), Time::default());
    let services = [(); 2].map(|()| facts.service(CONFIG, &time));
    let server = |installation, service| {
        MailServer::start(installation, &facts, Service::Within(service), "")
    };
    let servers = [server(one, &services[0]), server(other, &services[1])];

    let mut accepted = 0;
    for attempt in 0..2 * LIMIT {
        let reply = send(&servers[usize::try_from(attempt % 2).unwrap()]);
        if attempt < LIMIT {
            assert!(reply.is_positive(), "message {attempt}: {reply}");
            accepted += 1;
            // Within seconds one host hears what the other has counted; a thief who is faster sends what fits in.
            both_know(&services, accepted);
        } else {
            assert_eq!((reply.code, reply.enhanced.as_deref()), (450, Some("4.7.1")), "{reply}");
            assert!(reply.text.contains("may send 7 messages per hour"), "{reply}");
        }
    }
    both_know(&services, LIMIT);

    time.pass(3590);
    assert_eq!(send(&servers[0]).code, 450);
    // To the end of the minute in which the first one was counted.
    time.pass(70);
    for server in &servers {
        let reply = send(server);
        assert!(reply.is_positive(), "{reply}");
    }
    both_know(&services, 2);
}

fn both_know(services: &[PolicyService; 2], messages: u64) {
    wait_for("both services to know", Duration::from_secs(20), || {
        services.iter().all(|service| service.sent(UID).0 == messages).then_some(())
    });
}

/// The reply to a message, or to the recipient if that is refused.
fn send(server: &MailServer) -> SmtpReply {
    let mut session = server.postfix.session();
    session.log_in("bert@shop.example");
    assert!(session.mail_from("bert@shop.example", "").is_positive());
    let reply = session.rcpt_to("victim@far.example");
    if reply.is_positive() { session.data("Subject: buy\n\n\n") } else { reply }
}
