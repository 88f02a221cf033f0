//! Plays `*.dialog`: `>` is what a client sends, `<` what it is answered, in order; a TAB is `\t`.
//! `caller:` is who it is for the kernel, `database:` and `ledger:` come and go, `<.` is the end of
//! the connection. joe and eve, who is suspended, are accounts of example.org, also example.com.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postcote::directory::{Directory, DirectoryError, EntryKey};
use postcote::handler::Caller;
use postcote::handler::dovecot::{DictService, Guard, Ledger};
use postcote::handler::{AllUsers, Pages};
use postcote::journal::{Amount, QuotaUsage, Write, WriteError, service_name};
use postcote::login::{Logins, Settings};
use postcote::lookup::Resolver;
use postcote::mail::{
    Account, Address, Delimiters, Domain, DomainKind, DomainName, DomainSending, Entry, Gid,
    MailLocation, MailboxFormat, PasswordHash, QuotaLimit, ServiceSet, Timestamp, Uid,
};
use postcote::server::Shutdown;
use postcote::server::connection::Patience;
use postcote::server::conversation::converse;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};

/// A directory, a list of users and a ledger, all of which can go away at once.
#[derive(Clone, Default)]
struct World(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    away: bool,
    /// The ledger alone: users are known from memory.
    ledger_away: bool,
    usage: HashMap<u32, QuotaUsage>,
    /// Uid, service and time.
    logins: Vec<(u32, String, Timestamp)>,
}

const GONE: &str = "the database cannot be reached";

impl World {
    fn here<T>(&self, facts: T) -> Result<T, DirectoryError> {
        if self.0.lock().unwrap().away { Err(DirectoryError::new(GONE)) } else { Ok(facts) }
    }
}

impl Directory for World {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        if !["example.org", "example.com"].contains(&name.as_str()) {
            return self.here(None);
        }
        self.here(Some(Arc::new(Domain {
            name: name.clone().into(),
            primary: DomainName::parse("example.org").unwrap(),
            gid: Gid(70000),
            enabled: true,
            transport: None,
            kind: DomainKind::Mailbox {
                catchall: Vec::new(),
                services: ServiceSet::parse("imap,smtp").unwrap(),
                quota: QuotaLimit { bytes: 1000, messages: 0 },
            },
            sending: DomainSending::default(),
        })))
    }

    async fn wildcard(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.here(None)
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        let uid = match key.localpart.as_str() {
            "joe" => 70001,
            "eve" => 70002,
            _ => return self.here(None),
        };
        let location = MailLocation {
            home: format!("/srv/mail/{uid}").into(),
            format: MailboxFormat::Maildir,
            root: "Maildir".into(),
        };
        let mut account = Account::new(Uid(uid), location);
        account.password = Some(PasswordHash::parse("{PLAIN}sekrit").unwrap());
        account.switches.login = uid != 70002;
        self.here(Some(Arc::new(Entry::Account(account.into()))))
    }
}

impl AllUsers for World {
    type Pages = FromTheEnd;

    fn all(&self, _: Option<&str>) -> Self::Pages {
        let user = |name: &str| format!("{name}@example.org").parse().unwrap();
        let rest = self.here(vec![user("joe"), user("a/b")]);
        FromTheEnd(vec![rest, Ok(Vec::new()), Ok(vec![user("eve")])])
    }
}

/// Pages that come out from the end.
struct FromTheEnd(Vec<Result<Vec<Address>, DirectoryError>>);

impl Pages for FromTheEnd {
    async fn next(&mut self) -> Result<Option<Vec<Address>>, DirectoryError> {
        self.0.pop().transpose()
    }
}

impl Ledger for World {
    async fn commit(&self, write: Write) -> Result<(), WriteError> {
        let mut state = self.0.lock().unwrap();
        match write {
            Write::Quota { uid, bytes, messages } => {
                let known = state.usage.get(&uid.0).copied();
                let old = known.unwrap_or(QuotaUsage { bytes: 0, messages: 0 });
                let new = |old: u64, amount| match amount {
                    Some(Amount::Add(more)) => old.saturating_add_signed(more),
                    Some(Amount::Set(to)) => u64::try_from(to).unwrap(),
                    Some(Amount::Unset) | None => old,
                };
                let usage = QuotaUsage {
                    bytes: new(old.bytes, bytes),
                    messages: new(old.messages, messages),
                };
                state.usage.insert(uid.0, usage);
                if [bytes, messages].contains(&Some(Amount::Unset)) {
                    state.usage.remove(&uid.0);
                }
            }
            Write::LastLogin { uid, service, at, .. } => {
                state.logins.push((uid.0, service_name(&service), at));
            }
            Write::AppPasswordUsed { .. } | Write::Policy(_) => unreachable!(),
        }
        Ok(())
    }

    async fn usage(&self, uid: Uid) -> Result<Option<QuotaUsage>, WriteError> {
        let state = self.0.lock().unwrap();
        if state.away || state.ledger_away {
            return Err(WriteError { reason: GONE.into() });
        }
        Ok(state.usage.get(&uid.0).copied())
    }

    async fn last_logins(&self, uid: Uid) -> Result<Vec<(String, Timestamp)>, WriteError> {
        let state = self.0.lock().unwrap();
        if state.away || state.ledger_away {
            return Err(WriteError { reason: GONE.into() });
        }
        let own = state.logins.iter().filter(|(of, ..)| *of == uid.0);
        Ok(own.map(|(_, service, at)| (service.clone(), *at)).collect())
    }
}

type Service = Arc<DictService<World, World, World>>;

fn connect(service: &Service, uid: u32) -> BufReader<DuplexStream> {
    let (ours, theirs) = duplex(4096);
    let (codec, session) = service.begin(Caller { uid: Some(uid), pid: Some(1) }, Guard::Open);
    tokio::spawn(async move {
        let (shutdown, _drain) = Shutdown::new();
        let patience = Patience { idle: None, stalled: Duration::from_secs(100) };
        converse(theirs, codec, session, patience, shutdown).await
    });
    BufReader::new(ours)
}

fn service(world: &World) -> Service {
    let settings = Settings::new(&postcote::config::Config::default(), postcote::handler::now);
    let resolver = Resolver::new(world.clone(), Delimiters::default());
    let logins = Logins::new(resolver, settings, None).unwrap();
    Arc::new(DictService::new(logins, world.clone(), world.clone(), 990))
}

/// Plays a dialog; what was said instead of what was expected.
async fn play(text: &str) -> String {
    let (world, mut differences) = (World::default(), String::new());
    let service = service(&world);
    let mut stream = connect(&service, 0);
    for (number, line) in (1..).zip(text.lines()) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let wire = rest.replace("\\t", "\t").replace("\\x01", "\u{1}");
        match kind {
            "" | "#" => {}
            "caller:" => stream = connect(&service, rest.parse().unwrap()),
            "database:" => world.0.lock().unwrap().away = rest == "away",
            "ledger:" => world.0.lock().unwrap().ledger_away = rest == "away",
            ">" => stream.write_all(format!("{wire}\n").as_bytes()).await.unwrap(),
            "<" | "<." => {
                let mut said = String::new();
                stream.read_line(&mut said).await.unwrap();
                let expected = if kind == "<." { String::new() } else { format!("{wire}\n") };
                if said != expected {
                    writeln!(differences, "line {number}: {line}\n  said {said:?}").unwrap();
                }
            }
            "login:" => {
                let (uid, service, at) = world.0.lock().unwrap().logins.last().cloned().unwrap();
                assert_eq!(format!("{uid} {service} {}", at.0), rest, "line {number}");
            }
            _ => panic!("line {number}: {line}"),
        }
    }
    differences
}

#[tokio::test(start_paused = true)]
async fn dialogs_go_as_they_are_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/dict");
    let mut played = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "dialog") {
            let differences = play(&std::fs::read_to_string(&path).unwrap()).await;
            assert!(differences.is_empty(), "{}\n{differences}", path.display());
            played += 1;
        }
    }
    assert!(played >= 7, "only {played} dialogs");
}

#[tokio::test(start_paused = true)]
async fn malformed_lines_harm_nobody_else() {
    let world = World::default();
    let service = service(&world);
    let mut other = connect(&service, 0);
    other.write_all(b"H4\t0\t0\t\tx\nB1\tjoe@example.org\t0\n").await.unwrap();
    let lines: [&[u8]; 8] =
        [b"X", b"", b"C7", b"H9\t0\t0\t\tx", b"H3\t2\t0\t\tx", b"\xff\0", b"A1\tk\tx", b"B1"];
    for round in 0..10_000 {
        let mut peer = connect(&service, 0);
        let line = [b"H3\t2\t0\t\tx\n", lines[round % lines.len()], b"\n"].concat();
        peer.write_all(&line).await.unwrap();
        let mut said = String::new();
        if round % lines.len() != 7 {
            peer.read_line(&mut said).await.unwrap();
        }
        assert_eq!(said, "", "closed without a word");
    }
    let rest = b"S1\tpriv/quota/storage\t7\nS1\tpriv/quota/messages\t1\nC1\n";
    other.write_all(rest).await.unwrap();
    let mut said = String::new();
    other.read_line(&mut said).await.unwrap();
    assert_eq!(said, "O1\n");
}
