//! Courier's socket, as its servers speak to it; in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postcote::handler::CourierService;
use postcote::handler::{AllUsers, Pages};
use postcote::mail::Address;
use postcote::server::Shutdown;
use postcote::server::connection::Patience;
use postcote::server::conversation::converse;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::Instant;

use super::*;

const JOE: &str = "UID=70000\nGID=70000\nHOME=/srv/mail/a/70000/70000\nADDRESS=joe@example.org\n\
                   MAILDIR=/srv/mail/a/70000/70000/Maildir\nQUOTA=1000S\nOPTIONS=disablepop3=1\n.\n";
const FAIL: &str = "FAIL\n";
/// A client takes this for temporary trouble.
const CLOSED: &str = "";

/// What is sent, the whole answer, and whether it comes late as every failure does.
const TABLE: &[(&str, &str, bool)] = &[
    ("AUTH imap login joe@example.org sekrit", JOE, false),
    ("AUTH imap login Joe@Example.com sekrit", JOE, false),
    ("AUTH webmail login joe@example.org sekrit", JOE, false),
    ("AUTH esmtp login joe@example.org sekrit", JOE, false),
    ("AUTH pop3 login joe@example.org sekrit", FAIL, true),
    ("AUTH imap login joe@example.org wrong", FAIL, true),
    ("AUTH imap login joe@example.org ", FAIL, true),
    ("AUTH imap login nobody@example.org sekrit", FAIL, true),
    ("AUTH imap login eve@example.org sekrit", FAIL, true),
    ("AUTH imap cram-x sekrit", FAIL, false),
    // What `authtest` says it is; nothing may be switched off for what is not known.
    ("AUTH login login joe@example.org sekrit", FAIL, true),
    // HMAC-MD5 of `<1@x>` with the password `sekrit`, and another digest.
    ("CRAM pat@example.org RIGHT", "PAT", false),
    ("CRAM pat@example.org WRONG", FAIL, true),
    ("CRAM nobody@example.org RIGHT", FAIL, true),
    ("AUTH imap cram-md5 PDFAeD4= am9l", FAIL, false),
    ("PRE . imap joe@example.com", JOE, false),
    ("PRE . courier joe@example.org", JOE, false),
    ("PRE . pop3 joe@example.org", FAIL, false),
    ("PRE . imap nobody@example.org", FAIL, false),
    ("PRE . imap joe", FAIL, false),
    // A certificate does not let in who is suspended, but mail for eve was accepted.
    ("PRE . imap eve@example.org", FAIL, false),
    ("PRE . courier eve@example.org", "EVE", false),
    ("PASSWD imap\tjoe@example.org\tsekrit\tnew", FAIL, false),
    // Courier would take it for a maildir.
    ("PRE . imap box@example.org", CLOSED, false),
    ("AUTH imap login box@example.org sekrit", CLOSED, false),
    ("HELLO", CLOSED, false),
    ("AUTH 99999", CLOSED, false),
];

struct Names(&'static [&'static str], bool);

struct NamePages(Option<Vec<Address>>, bool);

impl AllUsers for Names {
    type Pages = NamePages;

    fn all(&self, _: Option<&str>) -> NamePages {
        let address = |name: &&str| format!("{name}@example.org").parse().unwrap();
        NamePages(Some(self.0.iter().map(address).collect()), self.1)
    }
}

impl Pages for NamePages {
    async fn next(&mut self) -> Result<Option<Vec<Address>>, DirectoryError> {
        match self.0.take() {
            None if !self.1 => Err(DirectoryError::new("gone")),
            page => Ok(page),
        }
    }
}

type Service = Arc<CourierService<Arc<Facts>, Names>>;

fn service(names: Names) -> (Arc<Facts>, Service) {
    let (facts, logins) = logins(settings());
    let secret = || account(Some(hash(FAST, "sekrit")));
    let off = Switches { login: false, ..Switches::default() };
    facts.put("joe", secret());
    facts.put("eve", Account { switches: off, ..secret() });
    facts.put("pat", account(Some(hash(Scheme::CramMd5, "sekrit"))));
    let mut boxed = secret();
    boxed.location.format = MailboxFormat::Sdbox;
    facts.put("box", boxed);
    (facts, Arc::new(CourierService::new(logins, names)))
}

/// All that is answered until the connection is closed.
async fn asks(service: &Service, sent: &[u8]) -> String {
    let (mut ours, theirs) = duplex(1024);
    let (shutdown, _drain) = Shutdown::new();
    let (codec, session) = service.begin();
    let patience = Patience { idle: None, stalled: Duration::from_secs(100) };
    tokio::spawn(async move { converse(theirs, codec, session, patience, shutdown).await });
    ours.write_all(sent).await.unwrap();
    let mut said = String::new();
    ours.read_to_string(&mut said).await.unwrap();
    said
}

/// The bytes of a line of the table. Clients send a NUL behind their data.
fn sent(line: &str) -> Vec<u8> {
    let lines = match line.split(' ').collect::<Vec<_>>()[..] {
        ["CRAM", name, which] => {
            let digest = match which {
                "RIGHT" => "fc1c01bec7128ed7ba7dda1cb98b8d65",
                _ => "00000000000000000000000000000000",
            };
            let response = STANDARD.encode(format!("{name} {digest}"));
            format!("imap\ncram-md5\nPDFAeD4=\n{response}\n")
        }
        ["AUTH", ref words @ ..] if words.len() > 1 => words.join("\n") + "\n",
        _ => return format!("{line}\n").into_bytes(),
    };
    format!("TCPREMOTEIP=198.51.100.1\nAUTH {}\n{lines}\0", lines.len()).into_bytes()
}

#[tokio::test(start_paused = true)]
async fn each_connection_has_one_answer() {
    let mut differences = Vec::new();
    for (line, expected, is_late) in TABLE {
        let (_, service) = service(Names(&[], true));
        let started = Instant::now();
        let said = asks(&service, &sent(line)).await;
        let expected = match *expected {
            "EVE" => JOE.replace("joe@", "eve@"),
            "PAT" => JOE.replace("joe@", "pat@"),
            text => text.to_owned(),
        };
        let was_late = started.elapsed() >= Duration::from_secs(2);
        if (said.as_str(), was_late) != (expected.as_str(), *is_late) {
            differences.push(format!("{line}: late {was_late}, {said:?}, not {expected:?}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn not_knowing_closes_the_connection() {
    let (facts, service) = service(Names(&["joe"], true));
    facts.go_away();
    for line in [
        "AUTH imap login joe@example.org sekrit",
        "AUTH imap login joe@example.org wrong",
        "CRAM pat@example.org RIGHT",
        "PRE . imap joe@example.org",
        "PRE . courier nobody@example.org",
        "ENUMERATE",
    ] {
        assert_eq!(asks(&service, &sent(line)).await, CLOSED, "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_users_are_streamed_and_only_a_whole_list_has_an_end() {
    // Who was deleted in between is left out, and so is what Courier cannot open.
    let (_, whole) = service(Names(&["joe", "gone", "box", "eve"], true));
    let home = "70000\t70000\t/srv/mail/a/70000/70000\t/srv/mail/a/70000/70000/Maildir";
    let joe = format!("joe@example.org\t{home}\tdisablepop3=1\n");
    let eve = format!("eve@example.org\t{home}\tdisablepop3=1\n");
    assert_eq!(asks(&whole, b"ENUMERATE\n").await, format!("{joe}{eve}.\n"));
    let (_, broken) = service(Names(&["joe"], false));
    assert_eq!(asks(&broken, b"ENUMERATE\n").await, joe);
}
