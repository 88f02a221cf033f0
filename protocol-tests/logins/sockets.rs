//! Auth and master sockets, as Postfix and Dovecot speak to them; in memory.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postcote::handler::dovecot::{AuthService, Handover, MasterService};
use postcote::handler::{AllUsers, Pages};
use postcote::handler::{Caller, Session};
use postcote::mail::Address;
use postcote::protocol::Codec;
use postcote::sasl::Mechanism;
use postcote::server::connection::Patience;
use postcote::server::conversation::converse;
use postcote::server::{Drain, Shutdown};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::time::{Instant, timeout};

use super::*;

/// As much as the kernel keeps for who writes to a unix socket and does not read meanwhile.
const BUFFER: usize = 208 * 1024;

/// Everybody: so many, and then the database goes if it is to.
struct Crowd {
    users: usize,
    is_whole: bool,
}

struct CrowdPages(usize, bool);

impl AllUsers for Crowd {
    type Pages = CrowdPages;

    fn all(&self, mask: Option<&str>) -> CrowdPages {
        CrowdPages(if mask == Some("nobody*") { 0 } else { self.users }, self.is_whole)
    }
}

impl Pages for CrowdPages {
    async fn next(&mut self) -> Result<Option<Vec<Address>>, DirectoryError> {
        if self.0 == 0 {
            return if self.1 { Ok(None) } else { Err(DirectoryError::new("gone")) };
        }
        let page = self.0.min(1000);
        self.0 -= page;
        let user = |n: usize| format!("u{n}@example.org").parse().unwrap();
        Ok(Some((0..page).map(|n| user(self.0 + n)).collect()))
    }
}

/// A daemon in small: joe, who may use IMAP and SMTP, and eve, who is disabled.
struct Desk {
    facts: Arc<Facts>,
    auth: Arc<AuthService<Arc<Facts>>>,
    master: Arc<MasterService<Arc<Facts>, Crowd>>,
}

fn desk() -> Desk {
    let (facts, logins) = logins(settings());
    facts.put("joe", account(Some(hash(FAST, "sekrit"))));
    let off = Switches { login: false, reason: Some("Unpaid".into()), ..Switches::default() };
    facts.put("eve", Account { switches: off, ..account(Some(hash(FAST, "sekrit"))) });
    let handover = Arc::new(Handover::default());
    let offered = vec![Mechanism::Plain, Mechanism::Login];
    let crowd = Crowd { users: 2500, is_whole: true };
    Desk {
        facts,
        auth: Arc::new(AuthService::new(logins.clone(), Arc::clone(&handover), offered, 4711)),
        master: Arc::new(MasterService::new(logins, handover, crowd, 4711)),
    }
}

impl Desk {
    fn auth(&self) -> Line {
        let (codec, session) = self.auth.begin().unwrap();
        Line::open(codec, session)
    }

    fn master(&self, pid: u32) -> Line {
        let (codec, session) = self.master.begin(Caller { uid: Some(0), pid: Some(pid) });
        Line::open(codec, session)
    }

    /// An auth connection of a login process, past its greeting, and its cookie.
    async fn login_process(&self, pid: u32) -> (Line, String) {
        let mut line = self.auth();
        let mut cookie = String::new();
        loop {
            let said = line.hears().await;
            if let Some(digits) = said.strip_prefix("COOKIE\t") {
                digits.clone_into(&mut cookie);
            }
            if said == "DONE" {
                break;
            }
        }
        line.says(&format!("VERSION\t1\t3\nCPID\t{pid}")).await;
        (line, cookie)
    }
}

/// One connection, from the peer's side.
struct Line {
    stream: BufReader<DuplexStream>,
    _drain: Drain,
}

impl Line {
    fn open<C, S>(codec: C, session: S) -> Self
    where
        C: Codec + Send + 'static,
        C::Reply: Send + Sync,
        C::Request: Send,
        S: Session<C> + 'static,
    {
        let (ours, theirs) = duplex(BUFFER);
        let (shutdown, drain) = Shutdown::new();
        let patience = Patience { idle: None, stalled: Duration::from_secs(100) };
        tokio::spawn(async move { converse(theirs, codec, session, patience, shutdown).await });
        Self { stream: BufReader::new(ours), _drain: drain }
    }

    async fn says(&mut self, lines: &str) {
        self.stream.write_all(format!("{lines}\n").as_bytes()).await.unwrap();
    }

    /// The next line; empty when the connection is closed.
    async fn hears(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    async fn asks(&mut self, lines: &str) -> String {
        self.says(lines).await;
        self.hears().await
    }

    async fn hears_nothing(&mut self) {
        let heard = timeout(Duration::from_mins(10), self.hears()).await;
        assert!(heard.is_err(), "heard {heard:?}");
    }
}

/// The parameters of IMAP and of Postfix, and the message of PLAIN behind them.
fn imap(name: &str, password: &str) -> String {
    let rest = "final-resp-ok\tsecured\tlip=192.0.2.1\trip=198.51.100.1";
    format!("PLAIN\tservice=imap\t{rest}\tresp={}", plain(name, password))
}

fn smtp(name: &str, password: &str) -> String {
    let rest = "nologin\tlip=192.0.2.1\trip=198.51.100.1";
    format!("PLAIN\tservice=smtp\t{rest}\tresp={}", plain(name, password))
}

fn plain(name: &str, password: &str) -> String {
    STANDARD.encode(format!("\0{name}\0{password}"))
}

#[tokio::test(start_paused = true)]
async fn the_server_speaks_first_and_tells_all_it_has() {
    let mut line = desk().auth();
    for expected in ["VERSION\t1\t2", "MECH\tPLAIN\tplaintext", "MECH\tLOGIN\tplaintext"] {
        assert_eq!(line.hears().await, expected);
    }
    assert_eq!(line.hears().await, "SPID\t4711");
    assert_eq!(line.hears().await, "CUID\t1");
    assert_eq!(line.hears().await.len(), "COOKIE\t".len() + 32);
    assert_eq!(line.hears().await, "DONE");
    let mut line = desk().master(1);
    assert_eq!(line.hears().await, "VERSION\t1\t2");
    assert_eq!(line.hears().await, "SPID\t4711", "the same, or Dovecot believes in a restart");
}

#[tokio::test(start_paused = true)]
async fn a_login_is_made_on_one_socket_and_fetched_from_the_other_once() {
    let desk = desk();
    let (mut login, cookie) = desk.login_process(77).await;
    let said = login.asks(&format!("AUTH\t5\t{}", imap("joe@example.com", "sekrit"))).await;
    assert_eq!(said, "OK\t5\tuser=joe@example.org", "canonical from the first answer on");
    // Login processes close their connection before the mail process asks.
    drop(login);

    let request = |id: u32, cookie: &str, session: u32| {
        format!("REQUEST\t{id}\t77\t5\t{cookie}\tsession_pid={session}\trequest_auth_token")
    };
    let mut mail = desk.master(99);
    mail.hears().await;
    mail.hears().await;
    mail.says("VERSION\t1\t1").await;
    let wrong = "0".repeat(32);
    let refused = "FAIL\t1\treason=no such login";
    assert_eq!(mail.asks(&request(1, &wrong, 99)).await, refused, "another cookie");
    let user = "USER\t2\tjoe@example.org\tuid=70000\tgid=70000\thome=/srv/mail/a/70000/70000\t\
                mail=maildir:/srv/mail/a/70000/70000/Maildir\tquota_rule=*:bytes=1000\t\
                auth_mech=PLAIN";
    assert_eq!(mail.asks(&request(2, &cookie, 99)).await, user);
    assert_eq!(mail.asks(&request(1, &cookie, 99)).await, refused, "it was fetched");
}

#[tokio::test(start_paused = true)]
async fn who_says_to_be_another_process_fetches_nothing() {
    let desk = desk();
    let (mut login, cookie) = desk.login_process(77).await;
    login.asks(&format!("AUTH\t5\t{}", imap("joe@example.org", "sekrit"))).await;
    let mut mail = desk.master(98);
    mail.hears().await;
    mail.hears().await;
    let request = format!("REQUEST\t1\t77\t5\t{cookie}\tsession_pid=99");
    assert_eq!(mail.asks(&request).await, "FAIL\t1\treason=no such login");
}

#[tokio::test(start_paused = true)]
async fn a_login_for_postfix_is_fetched_by_nobody() {
    let desk = desk();
    let (mut postfix, cookie) = desk.login_process(77).await;
    let said = postfix.asks(&format!("AUTH\t9\t{}", smtp("joe@example.com", "sekrit"))).await;
    assert_eq!(said, "OK\t9\tuser=joe@example.org");
    let mut mail = desk.master(99);
    mail.hears().await;
    mail.hears().await;
    let request = format!("REQUEST\t1\t77\t9\t{cookie}\tsession_pid=99");
    assert_eq!(mail.asks(&request).await, "FAIL\t1\treason=no such login");
}

#[tokio::test(start_paused = true)]
async fn failures_say_what_dovecot_says() {
    let desk = desk();
    let table = [
        (imap("joe@example.org", "wrong"), "user=joe@example.org"),
        (imap("nobody@example.org", "sekrit"), "user=nobody@example.org"),
        (imap("joe@example.org", ""), "user=joe@example.org"),
        (imap("eve@example.org", "wrong"), "user=eve@example.org"),
        (
            imap("eve@example.com", "sekrit"),
            "user=eve@example.org\tcode=user_disabled\treason=Unpaid",
        ),
        (
            imap("joe@example.com", "sekrit").replace("=imap", "=pop3"),
            "user=joe@example.org\tcode=user_disabled\treason=POP3 is not enabled for this account",
        ),
        (imap("", "sekrit"), ""),
        ("PLAIN\tservice=imap\tresp==".to_owned(), "code=invalid_base64"),
        ("PLAIN\tservice=imap\tresp=YQ==".to_owned(), ""),
        (
            format!(
                "PLAIN\tservice=imap\tresp={}",
                STANDARD.encode("eve\0joe@example.org\0sekrit")
            ),
            "code=authz_fail",
        ),
        ("CRAM-MD5\tservice=imap".to_owned(), "reason=Authentication mechanism not supported"),
    ];
    for (asked, expected) in table {
        let (mut line, _) = desk.login_process(1).await;
        let started = Instant::now();
        let said = line.asks(&format!("AUTH\t1\t{asked}")).await;
        assert_eq!(said.trim_end(), format!("FAIL\t1\t{expected}").trim_end(), "{asked}");
        // What was verified is not answered at once.
        let was_verified = expected.contains("user=");
        assert_eq!(started.elapsed() >= Duration::from_secs(2), was_verified, "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn not_knowing_is_no_failure_for_postfix() {
    let desk = desk();
    let (mut postfix, _) = desk.login_process(1).await;
    let (mut dovecot, _) = desk.login_process(2).await;
    let mut master = desk.master(3);
    master.hears().await;
    master.hears().await;
    desk.facts.go_away();
    let said = dovecot.asks(&format!("AUTH\t1\t{}", imap("joe@example.org", "sekrit"))).await;
    assert_eq!(said, "FAIL\t1\tuser=joe@example.org\tcode=temp_fail");
    // Any FAIL would become a 535 and end the user's attempts.
    let said = postfix.asks(&format!("AUTH\t1\t{}", smtp("joe@example.org", "sekrit"))).await;
    assert_eq!(said, "", "closed");
    let away = "reason=the database cannot be reached";
    let said = master.asks("USER\t1\tjoe@example.org\tservice=lmtp").await;
    assert_eq!(said, format!("FAIL\t1\t{away}"));
    let said = master.asks("PASS\t2\tjoe@example.org\tservice=imap").await;
    assert_eq!(said, format!("FAIL\t2\t{away}"));
}

#[tokio::test(start_paused = true)]
async fn a_malformed_request_fails_alone() {
    let desk = desk();
    let (mut line, _) = desk.login_process(1).await;
    let wait = imap("joe@example.org", "wrong");
    line.says(&format!("AUTH\t1\t{wait}")).await;
    let bad = "AUTH\t2\tPLAIN\tservice=imap\tresp=A";
    assert_eq!(line.asks(bad).await, "FAIL\t2\tcode=invalid_base64");
    assert_eq!(line.asks("AUTH\t3\nnonsense\n\u{1}\nAUTH\nCANCEL\nAUTH\t4").await, "FAIL\t3");
    assert_eq!(line.hears().await, "FAIL\t4");
    line.says(&format!("AUTH\t5\t{}", imap("joe@example.org", "sekrit"))).await;
    assert_eq!(line.hears().await, "OK\t5\tuser=joe@example.org", "out of order");
    assert_eq!(line.hears().await, "FAIL\t1\tuser=joe@example.org", "and the first still ends");
}

#[tokio::test(start_paused = true)]
async fn exchanges_go_step_by_step() {
    let desk = desk();
    let (mut line, _) = desk.login_process(1).await;
    let encoded = |text: &str| STANDARD.encode(text);
    assert_eq!(line.asks("AUTH\t1\tlogin\tservice=imap").await, "CONT\t1\tVXNlcm5hbWU6");
    assert_eq!(line.asks("AUTH\t2\tPLAIN\tservice=imap").await, "CONT\t2\t");
    let said = line.asks(&format!("CONT\t1\t{}", encoded("joe@example.org"))).await;
    assert_eq!(said, "CONT\t1\tUGFzc3dvcmQ6");
    let said = line.asks(&format!("CONT\t2\t{}", plain("joe@example.org", "sekrit"))).await;
    assert_eq!(said, "OK\t2\tuser=joe@example.org");
    let said = line.asks(&format!("CONT\t1\t{}", encoded("sekrit"))).await;
    assert_eq!(said, "OK\t1\tuser=joe@example.org");
    let over = "FAIL\t1\treason=Authentication request timed out";
    assert_eq!(line.asks("CONT\t1\tYQ==").await, over, "a number is free after its end");
    assert_eq!(line.asks("AUTH\t1\tLOGIN\tservice=imap\tresp=").await, "CONT\t1\tVXNlcm5hbWU6");
}

#[tokio::test(start_paused = true)]
async fn exchanges_are_cancelled_and_forgotten_without_a_word() {
    let desk = desk();
    let (mut line, _) = desk.login_process(1).await;
    line.says(&format!("AUTH\t1\t{}\nCANCEL\t1\nCANCEL\t9", imap("joe@example.org", "wrong")))
        .await;
    line.hears_nothing().await;
    assert_eq!(line.asks("AUTH\t2\tPLAIN\tservice=imap").await, "CONT\t2\t");
    // Longer than anybody types. Postfix says nothing when its client gives up.
    tokio::time::sleep(Duration::from_secs(121)).await;
    let said = line.asks(&format!("CONT\t2\t{}", plain("joe@example.org", "sekrit"))).await;
    assert_eq!(said, "FAIL\t2\treason=Authentication request timed out");
}

#[tokio::test(start_paused = true)]
async fn a_number_belongs_to_the_exchange_that_has_it() {
    let desk = desk();
    let (mut line, _) = desk.login_process(1).await;
    assert_eq!(line.asks("AUTH\t1\tLOGIN\tservice=imap").await, "CONT\t1\tVXNlcm5hbWU6");
    line.says(&format!("AUTH\t1\t{}", imap("joe@example.org", "sekrit"))).await;
    let said = line.asks(&format!("CONT\t1\t{}", STANDARD.encode("joe@example.org"))).await;
    assert_eq!(said, "CONT\t1\tUGFzc3dvcmQ6");
}

#[tokio::test(start_paused = true)]
async fn crowds_are_answered_on_one_connection() {
    let desk = desk();
    let sekrit = hash(FAST, "sekrit");
    for n in 0..500 {
        desk.facts.put(&format!("u{n}"), account(Some(sekrit.clone())));
    }
    let (mut line, _) = desk.login_process(1).await;
    let name = |id: u32| format!("u{id}@example.org");
    let ask = |id: u32| format!("AUTH\t{id}\t{}\n", imap(&name(id), "sekrit"));
    let all: String = (0..500).map(ask).collect();
    line.says(all.trim_end()).await;
    let mut told = std::collections::HashSet::new();
    for _ in 0..500 {
        let said = line.hears().await;
        let id = said.strip_prefix("OK\t").and_then(|rest| rest.split('\t').next()).unwrap();
        told.insert(id.to_owned());
    }
    assert_eq!(told.len(), 500);
}

#[tokio::test(start_paused = true)]
async fn users_are_told_in_the_words_of_each_version() {
    let desk = desk();
    let mut line = desk.master(1);
    line.hears().await;
    line.hears().await;
    let home = "uid=70000\tgid=70000\thome=/srv/mail/a/70000/70000";
    let mail = "/srv/mail/a/70000/70000/Maildir";
    let said = line.asks("VERSION\t1\t0\nUSER\t1\tJoe@Example.com\tservice=lmtp\tlip=::1").await;
    let told =
        format!("USER\t1\tjoe@example.org\t{home}\tmail=maildir:{mail}\tquota_rule=*:bytes=1000");
    assert_eq!(said, told);
    let said = line.asks("VERSION\t1\t3\nUSER\t2\tjoe@example.org\tprotocol=lmtp").await;
    let settings = format!("mail_driver=maildir\tmail_path={mail}\tquota_storage_size=1000B");
    assert_eq!(said, format!("USER\t2\tjoe@example.org\t{home}\t{settings}"));
    let said = line.asks("USER\t3\teve@example.org\tprotocol=lmtp").await;
    assert!(said.starts_with("USER\t3\teve@example.org\t"), "mail for eve was accepted: {said}");
    for nobody in ["nobody@example.org", "nobody", "@", "joe@elsewhere.example", "a\u{1}tb"] {
        let said = line.asks(&format!("USER\t4\t{nobody}\tprotocol=lmtp")).await;
        assert_eq!(said, "NOTFOUND\t4", "{nobody}");
    }
    line.stream.write_all(b"USER\t5\tj\xff@example.org\tprotocol=lmtp\n").await.unwrap();
    assert_eq!(line.hears().await, "NOTFOUND\t5");
    assert_eq!(line.asks("USER\t6").await, "FAIL\t6\treason=malformed request");
    assert_eq!(line.asks("nonsense\nCACHE-FLUSH\t7\tjoe@example.org").await, "OK\t7\t0");
}

#[tokio::test(start_paused = true)]
async fn passwords_are_looked_up_by_who_may_log_in() {
    let mut line = desk().master(1);
    line.hears().await;
    line.hears().await;
    let table = [
        ("joe@example.com\tservice=imap", "PASS\t1\tuser=joe@example.org"),
        ("joe@example.org\tprotocol=doveadm\tdebug", "PASS\t1\tuser=joe@example.org"),
        ("joe@example.org\tservice=pop3", "NOTFOUND\t1"),
        ("eve@example.org\tservice=imap", "NOTFOUND\t1"),
        ("nobody@example.org\tservice=imap", "NOTFOUND\t1"),
    ];
    for (asked, expected) in table {
        assert_eq!(line.asks(&format!("PASS\t1\t{asked}")).await, expected, "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn lists_are_streamed_and_say_whether_they_are_whole() {
    let mut desk = desk();
    let mut line = desk.master(1);
    line.hears().await;
    line.hears().await;
    line.says("LIST\t1\tuser=*\tservice=doveadm").await;
    for _ in 0..2500 {
        assert!(line.hears().await.starts_with("LIST\t1\tu"));
    }
    assert_eq!(line.hears().await, "DONE\t1\t");
    assert_eq!(line.asks("LIST\t2\tuser=nobody*").await, "DONE\t2\t");

    let Desk { facts, .. } = &desk;
    let resolver = Resolver::new(Arc::clone(facts), Delimiters::default());
    let logins = Logins::new(resolver, settings(), None).unwrap();
    let half = Crowd { users: 1, is_whole: false };
    desk.master = Arc::new(MasterService::new(logins, Arc::default(), half, 1));
    let mut line = desk.master(1);
    line.hears().await;
    line.hears().await;
    assert_eq!(line.asks("LIST\t3").await, "LIST\t3\tu0@example.org");
    assert_eq!(line.hears().await, "DONE\t3\tfail");
}

#[tokio::test(start_paused = true)]
async fn another_version_ends_the_connection() {
    let desk = desk();
    let (mut line, _) = desk.login_process(1).await;
    assert_eq!(line.asks("VERSION\t2\t0").await, "");
    let mut line = desk.master(1);
    line.hears().await;
    line.hears().await;
    line.says("VERSION\t2\t0").await;
    let mut rest = String::new();
    line.stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "");
}
