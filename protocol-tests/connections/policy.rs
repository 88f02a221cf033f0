//! The policy listener of the built daemon: what is no request is never answered, what is one is never answered by
//! accident, and a crowd on one account does not get a message more than it may.

use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::Signal;

use crate::support::daemon::Daemon;
use crate::support::lines::Lines;
use crate::support::scratch::Scratch;
use crate::support::site::Site;

/// A request that is refused, without its empty line.
const REFUSED: &str = "request=smtpd_access_policy\nprotocol_state=RCPT\nsasl_username=mute@shop.example\n\
                       sender=mute@shop.example\nrecipient=x@far.example\ninstance=1a2b\n";
const REFUSAL: &str = "action=550 5.7.1 Account may not send: unpaid";

/// A daemon with a policy listener, and where that is.
struct House {
    site: Site,
    socket: PathBuf,
    _scratch: Scratch,
}

impl House {
    async fn new(policy: &str) -> Self {
        let scratch = Scratch::new();
        let socket = scratch.join("policy");
        let listen = format!(
            "\n[[listen]]\nprotocol = \"policy\"\naddress = \"unix:{}\"\n\n[policy]\n\
             answer-within = \"10s\"\n{policy}\n",
            socket.display()
        );
        let site = Site::with("policy", |setup| setup.listen = listen).await;
        Self { site, socket, _scratch: scratch }
    }

    fn client(&self) -> Lines {
        Lines::connect(&self.socket)
    }
}

/// Asks, with the empty line; the answer without the empty line that ends it.
fn ask(client: &mut Lines, request: &str) -> String {
    let answer = client.asks(request);
    assert_eq!(client.hears(), "", "more than one line: {answer}");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_request_is_not_answered_and_disturbs_nobody() {
    let line = |text: &str| format!("{REFUSED}{text}\n").into_bytes();
    let long = |octets: usize| line(&format!("ccert_subject={}\n", "x".repeat(octets)));
    let replaced = |old: &str, new: &str| format!("{REFUSED}\n").replace(old, new).into_bytes();
    let requests: &[(Vec<u8>, &str)] = &[
        (b"\n\n".to_vec(), "nothing"),
        (b"\0\0\0\0\n\n".to_vec(), "zero bytes"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "another protocol"),
        (b"36:virtual_alias_maps info@shop.example,\n\n".to_vec(), "yet another"),
        (replaced("request=smtpd_access_policy\n", ""), "not said to be a request"),
        (replaced("smtpd_access_policy", "junk"), "a request of another kind"),
        (line("request=smtpd_access_policy\n"), "said twice to be a request"),
        (line("sasl_username=anna@shop.example\n"), "two logins"),
        (line("sasl_username=\n"), "two logins, the second one empty"),
        (line("recipient=anna@shop.example\n"), "two recipients"),
        (line("protocol_state=CONNECT\n"), "two states"),
        (replaced("=RCPT", "=rcpt"), "a state in small letters"),
        (replaced("RCPT\n", "RCPT\0"), "a line that runs into the next one"),
        (line("no equals sign\n"), "a line without a value"),
        (line("=no name\n"), "a value without a name"),
        (line("size=-1\n"), "a size below nothing"),
        (line("size=1e9\n"), "a size with a letter"),
        (line("size= 1\n"), "a size with a space"),
        (line("size=99999999999999999999\n"), "a size beyond all numbers"),
        (line("recipient_count=4294967296\n"), "more recipients than there are"),
        (line("recipient_count=\u{0661}\n"), "digits of another script"),
        (replaced("\n", "\r\n"), "lines that end with CR LF"),
        (REFUSED.as_bytes().to_vec(), "no empty line"),
        (long(200_000), "a long line"),
        (long(10_000_000), "ten megabytes in a line"),
        (vec![b'x'; 1_000_000], "no line at all"),
        ("a=b\n".repeat(100_000).into_bytes(), "lines without end"),
    ];
    let house = House::new("").await;
    let mut bystander = house.client();
    for (request, why) in requests {
        let mut client = house.client();
        assert_eq!(ask(&mut client, REFUSED), REFUSAL, "before {why}");
        // Who is closed amid what it says is not told either.
        let _ = client.says_raw(request);
        let said = client.ends();
        assert!(said.is_empty(), "{why} is answered: {}", said.escape_ascii());
        assert_eq!(ask(&mut bystander, REFUSED), REFUSAL, "after {why}");
    }
    let malformed = house.site.daemon.metric("postcote_malformed_requests_total{peer=\"policy\"}");
    assert!(malformed >= 20, "{malformed} of them were malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_values_open_nothing() {
    // What is put in the place of a part of the request, and the answer; `-` is the same answer as without.
    let table: &[(&str, &[u8], &str, &str)] = &[
        ("recipient=x@far.example", b"recipient=\xFF\xFE", "a recipient that is no text", "-"),
        ("recipient=x@far.example", b"recipient=", "no recipient", "-"),
        ("recipient=x@far.example", b"recipient=a\0b@shop.example", "a NUL in it", "-"),
        ("recipient=x@far.example", b"recipient=@", "no address", "-"),
        ("sender=mute@shop.example", b"sender=\xFF", "a sender that is no text", "-"),
        ("sender=mute@shop.example", b"sender=", "no sender", "-"),
        ("instance=1a2b", b"instance=\xFF", "an instance that is no text", "-"),
        ("instance=1a2b", b"instance=", "no instance", "-"),
        ("instance=1a2b", b"policy_context=nowhere", "rules that nobody knows", "-"),
        ("instance=1a2b", b"policy_context=\xFF", "rules of no name", "-"),
        ("instance=1a2b", b"policy_context=protecting", "some of the rules", "-"),
        ("instance=1a2b", b"client_address=\xFF", "a client that is no address", "-"),
        ("instance=1a2b", b"action=OK", "an answer in the request", "-"),
        ("instance=1a2b", b"size=\nrecipient_count=", "numbers left out", "-"),
        (
            "mute@shop.example\ns",
            b"mute@shop.example\xFF\ns",
            "a login that is no text",
            "action=553 5.7.1",
        ),
        (
            "mute@shop.example\ns",
            b"mute\0@shop.example\ns",
            "a login with a NUL",
            "action=553 5.7.1",
        ),
    ];
    let house = House::new("").await;
    let mut client = house.client();
    for (part, other, why, expected) in table {
        let at = REFUSED.find(part).unwrap();
        let rest = &REFUSED.as_bytes()[at + part.len()..];
        let request = [&REFUSED.as_bytes()[..at], other, rest, b"\n"].concat();
        client.says_raw(&request).unwrap();
        let answer = client.hears();
        let expected = if *expected == "-" { REFUSAL } else { *expected };
        assert!(answer.starts_with(expected), "{why}: {answer}");
        assert_eq!(client.hears(), "", "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_connections_pass_no_limit_by_one_and_a_restart_forgets_nothing() {
    const LIMIT: u64 = 100;
    const CONNECTIONS: u64 = 50;
    let mut house = House::new("account-limits = [\"messages-per-hour = 100\"]").await;
    let accepted = AtomicU64::new(0);
    let hammer = |house: &House, round: u64| {
        let together = Barrier::new(CONNECTIONS.try_into().unwrap());
        std::thread::scope(|scope| {
            for connection in 0..CONNECTIONS {
                let (accepted, together) = (&accepted, &together);
                let mut client = house.client();
                scope.spawn(move || {
                    together.wait();
                    for message in 0..4 {
                        let instance = format!("{round}.{connection}.{message}");
                        match ask(&mut client, &end_of_message(&instance)).as_str() {
                            "action=DUNNO" => accepted.fetch_add(1, Ordering::Relaxed),
                            no if no.starts_with("action=450 4.7.1 bert@") => 0,
                            other => panic!("{instance}: {other}"),
                        };
                    }
                });
            }
        });
    };
    hammer(&house, 0);
    assert_eq!(accepted.load(Ordering::Relaxed), LIMIT);
    for (round, signal) in [(1, Signal::KILL), (2, Signal::TERM)] {
        restart(&mut house.site.daemon, signal);
        hammer(&house, round);
        assert_eq!(accepted.load(Ordering::Relaxed), LIMIT, "after a restart");
    }
}

fn end_of_message(instance: &str) -> String {
    format!(
        "request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\nsasl_username=bert@shop.example\n\
         sender=bert@shop.example\nrecipient=x@far.example\nrecipient_count=1\nsize=100\n\
         instance={instance}\n"
    )
}

fn restart(daemon: &mut Daemon, signal: Signal) {
    daemon.signal(signal);
    daemon.wait_for_end();
    daemon.launch();
    daemon.wait_until_ready();
}
