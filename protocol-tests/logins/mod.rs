//! Who is let in and who is not, in memory: names, passwords, services, states, delays.

mod courier;
mod daemon;
mod database;
mod decisions;
mod known_faults;
mod sockets;
mod vectors;
mod waiting;

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use postcote::directory::{Directory, DirectoryError, EntryKey};
use postcote::login::{Attempt, LoginError, Logins, Settings, User};
use postcote::lookup::Resolver;
use postcote::mail::{
    Account, AppPassword, Delimiters, Domain, DomainKind, DomainName, DomainSending, Entry, Gid,
    HashForm, Localpart, LoginNames, MailLocation, MailboxFormat, PasswordHash, QuotaLimit, Scheme,
    ServiceSet, Switches, Timestamp, Uid,
};
use postcote::password;

/// What time it is for all of them.
const NOW: Timestamp = Timestamp(1_000_000);

/// A directory of one domain, `example.org`, also known as `example.com`, that can go away.
#[derive(Default)]
struct Facts {
    accounts: Mutex<HashMap<String, Arc<Entry>>>,
    away: Mutex<bool>,
}

impl Facts {
    fn put(&self, name: &str, account: Account) {
        let entry = Arc::new(Entry::Account(account.into()));
        self.accounts.lock().unwrap().insert(name.to_owned(), entry);
    }

    fn go_away(&self) {
        *self.away.lock().unwrap() = true;
    }

    fn here<T>(&self, facts: T) -> Result<T, DirectoryError> {
        if *self.away.lock().unwrap() {
            return Err(DirectoryError::new("the database cannot be reached"));
        }
        Ok(facts)
    }
}

impl Directory for Facts {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        let enabled = match name.as_str() {
            "example.org" | "example.com" => true,
            "closed.example" => false,
            _ => return self.here(None),
        };
        let primary = if enabled { "example.org" } else { "closed.example" };
        let domain = Domain {
            name: name.clone().into(),
            primary: DomainName::parse(primary).unwrap(),
            gid: Gid(70000),
            enabled,
            transport: None,
            kind: DomainKind::Mailbox {
                catchall: Vec::new(),
                services: ServiceSet::parse("imap,smtp").unwrap(),
                quota: QuotaLimit { bytes: 1000, messages: 0 },
            },
            sending: DomainSending::default(),
        };
        self.here(Some(Arc::new(domain)))
    }

    async fn wildcard(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.here(None)
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        let found = self.accounts.lock().unwrap().get(key.localpart.as_str()).cloned();
        self.here(found)
    }
}

/// The fastest scheme that is not plain.
const FAST: Scheme = Scheme::Ssha256;

fn hash(scheme: Scheme, password: &str) -> PasswordHash {
    password::hash(scheme.into(), "joe@example.org", password.as_bytes(), None).unwrap()
}

fn account(password: Option<PasswordHash>) -> Account {
    let location = MailLocation {
        home: "/srv/mail/a/70000/70000".into(),
        format: MailboxFormat::Maildir,
        root: "Maildir".into(),
    };
    Account { password, ..Account::new(Uid(70000), location) }
}

fn app(id: i64, password: &str, services: Option<&str>, expires: Option<i64>) -> AppPassword {
    AppPassword {
        id,
        hash: hash(FAST, password),
        services: services.map(|names| ServiceSet::parse(names).unwrap()),
        expires: expires.map(Timestamp),
        sending: None,
    }
}

fn settings() -> Settings {
    Settings {
        names: LoginNames::new("@:")
            .with_prefix("org", DomainName::parse("example.org").unwrap())
            .with_local_address(ip("192.0.2.80"), DomainName::parse("example.com").unwrap()),
        scheme: HashForm::from(FAST),
        parallel: NonZeroUsize::new(2).unwrap(),
        memory_kib: 1024 * 1024,
        remember: Duration::from_mins(5),
        failure_delay: Duration::from_secs(2),
        longest_delay: Duration::from_secs(8),
        now: || NOW,
    }
}

/// Logins over facts that stay reachable for the test.
fn logins(settings: Settings) -> (Arc<Facts>, Logins<Arc<Facts>>) {
    let facts = Arc::new(Facts::default());
    let resolver = Resolver::new(Arc::clone(&facts), Delimiters::default());
    let logins = Logins::new(resolver, settings, None).unwrap();
    (facts, logins)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn from<'a>(name: &'a str, service: &'a str) -> Attempt<'a> {
    Attempt { name, service, remote: Some(ip("198.51.100.1")), local: None }
}

/// The outcome as a peer would see it.
fn seen(outcome: &Result<User, LoginError>) -> String {
    match outcome {
        Ok(user) => {
            let app =
                user.app_password.map_or(String::new(), |id| format!(" by app password {id}"));
            format!("ok {}{app}", user.login)
        }
        Err(LoginError::Unavailable(error)) => format!("temporary: {error}"),
        Err(LoginError::Denied { denial, user }) => {
            let code = denial.code().map_or(String::new(), |code| format!(" code={code}"));
            let reason = denial.reason().map_or(String::new(), |text| format!(" reason={text}"));
            format!("fail user={user}{code}{reason}")
        }
    }
}

fn localpart(text: &str) -> Localpart {
    Localpart::from_internal(text).unwrap()
}
