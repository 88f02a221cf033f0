//! Does the time of a failed login tell why it failed? Measured without the delay that hides it.
//!
//! Prints, for each kind of failure, the median and the quartiles in milliseconds, and by how much
//! it differs from a wrong password of the same round, as the median of all rounds, so that a machine
//! that has other work, too, slows both down: `cargo bench --bench logins`. The kinds take
//! turns in being first, and the last line is the first kind again: what it differs by is noise.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot go on stops"
)]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use postcote::directory::{Directory, DirectoryError, EntryKey};
use postcote::login::{Attempt, Logins, Settings};
use postcote::lookup::Resolver;
use postcote::mail::{
    Account, Delimiters, Domain, DomainKind, DomainName, DomainSending, Entry, Gid, HashForm,
    LoginNames, MailLocation, MailboxFormat, QuotaLimit, ServiceSet, Switches, Timestamp, Uid,
};
use postcote::password;

/// Measures failed logins.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many of each kind.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// The scheme of all passwords.
    #[arg(long, default_value = "ARGON2ID")]
    scheme: String,
    /// What `cargo bench` hands to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Accounts of `example.org`.
struct Facts(HashMap<String, Arc<Entry>>);

impl Directory for Facts {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        Ok(Some(Arc::new(Domain {
            name: name.clone().into(),
            primary: name.clone(),
            gid: Gid(70000),
            enabled: true,
            transport: None,
            kind: DomainKind::Mailbox {
                catchall: Vec::new(),
                services: ServiceSet::parse("imap").unwrap(),
                quota: QuotaLimit::default(),
            },
            sending: DomainSending::default(),
        })))
    }

    async fn wildcard(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        Ok(None)
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        Ok(self.0.get(key.localpart.as_str()).cloned())
    }
}

fn account(form: HashForm, change: impl FnOnce(&mut Account)) -> Arc<Entry> {
    let location = MailLocation {
        home: "/srv/mail/a/70000/70000".into(),
        format: MailboxFormat::Maildir,
        root: "Maildir".into(),
    };
    let mut account = Account::new(Uid(70000), location);
    account.password = Some(password::hash(form, "joe@example.org", b"right", None).unwrap());
    change(&mut account);
    Arc::new(Entry::Account(account.into()))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments = Arguments::parse();
    let form = HashForm::parse(&arguments.scheme).unwrap();
    let off = Switches { login: false, ..Switches::default() };
    let facts = Facts(HashMap::from([
        ("joe".to_owned(), account(form, |_| ())),
        ("locked".to_owned(), account(form, |account| account.switches = off)),
        ("late".to_owned(), account(form, |account| account.expires = Some(Timestamp(0)))),
    ]));
    let settings = Settings {
        names: LoginNames::new("@"),
        scheme: form,
        parallel: NonZeroUsize::MIN,
        memory_kib: 1024 * 1024,
        remember: Duration::ZERO,
        // What makes all failures equal is switched off: what is left is what it hides.
        failure_delay: Duration::ZERO,
        longest_delay: Duration::from_secs(8),
        now: || Timestamp(1),
    };
    let logins = Logins::new(Resolver::new(facts, Delimiters::default()), settings, None).unwrap();
    let kinds = [
        ("wrong password", "joe@example.org", "imap", "wrong"),
        ("unknown user", "ghost@example.org", "imap", "wrong"),
        ("disabled account", "locked@example.org", "imap", "right"),
        ("disabled, wrong password", "locked@example.org", "imap", "wrong"),
        ("expired account", "late@example.org", "imap", "right"),
        ("disabled service", "joe@example.org", "pop3", "right"),
        ("empty password", "joe@example.org", "imap", ""),
        ("wrong password again", "joe@example.org", "imap", "wrong"),
    ];
    let mut times = vec![Vec::new(); kinds.len()];
    for round in 0..arguments.rounds {
        // What one leaves behind (caches, freed memory) must not always meet the same other.
        let first = round as usize % kinds.len();
        let mut turns: Vec<_> = kinds.iter().zip(&mut times).collect();
        turns.rotate_left(first);
        for (turn, ((_, name, service, password), times)) in (0..).zip(turns) {
            // From somewhere else each time and the same mistake each time, so that nobody waits.
            let remote = Some(IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + round * 16 + turn)));
            let attempt = Attempt { name, service, remote, local: None };
            let begun = Instant::now();
            assert!(logins.by_password(&attempt, password.as_bytes()).await.is_err());
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    let wrong = times.first().cloned().unwrap_or_default();
    println!("{:<26}{:>8}{:>8}{:>8}{:>8}", form.to_string(), "q1", "median", "q3", "differs");
    for ((kind, ..), times) in kinds.iter().zip(&mut times) {
        let mut ratios: Vec<_> =
            times.iter().zip(&wrong).map(|(time, wrong)| time / wrong).collect();
        let [q1, median, q3] = [1, 2, 3].map(|quarter| quartile(times, quarter));
        let differs = (quartile(&mut ratios, 2) - 1.0) * 100.0;
        println!("{kind:<26}{q1:>8.2}{median:>8.2}{q3:>8.2}{differs:>7.1}%");
    }
}

fn quartile(values: &mut [f64], quarter: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() * quarter / 4).copied().unwrap()
}
