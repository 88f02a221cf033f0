//! What is answered when facts do not come: in time, and never by a rule that would have refused.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use postcote::config::Config;
use postcote::directory::{Directory, DirectoryError, EntryKey};
use postcote::journal::WriteBack;
use postcote::lookup::Resolver;
use postcote::mail::policy::Greylisting;
use postcote::mail::{Delimiters, Domain, DomainName, Entry, Timestamp};
use postcote::policy::{
    Acquaintances, Answer, AppLogins, Greylist, Ledger, LedgerSettings, Policy, Question, Reader,
    Remembers, Sender, Stage,
};
use postcote::store::Role;
use tokio::time::Instant;

use crate::policy::link;
use crate::support::scratch::Scratch;

/// A directory that says nothing, or that nobody can reach.
#[derive(Clone, Copy)]
enum Away {
    Hangs,
    Fails,
}

impl Away {
    async fn answer<T>(self) -> Result<Option<Arc<T>>, DirectoryError> {
        match self {
            Self::Hangs => std::future::pending().await,
            Self::Fails => Err(DirectoryError::new("the database is away")),
        }
    }
}

impl Directory for Away {
    async fn domain(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.answer().await
    }

    async fn wildcard(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.answer().await
    }

    async fn entry(&self, _: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        self.answer().await
    }
}

/// Asks by a rule alone, over a directory and a database that are away.
async fn ask(rule: &str, away: Away, scratch: &Scratch) -> (Answer, Duration) {
    let text = format!("policy.rules = [\"{rule}\"]");
    let config = Config::parse(&text, Path::new("test")).unwrap();
    let nowhere = format!("postgresql:///none?host={}", scratch.path().display());
    let link = |role| link(&nowhere, role);
    let journal = WriteBack::open(&scratch.join(rule), link(Role::Journal)).unwrap();
    let clock = Arc::new(|| Timestamp(1_800_000_000));
    let reader = Reader::open(link(Role::Policy));
    let settings = LedgerSettings::default();
    let remembers = Remembers {
        ledger: Ledger::open(journal.clone(), link(Role::Policy), settings, clock.clone()),
        acquaintances: Acquaintances::new(journal.clone(), reader.clone()),
        greylist: Greylist::new(journal.clone(), reader, Greylisting::default()),
        journal,
    };
    let resolver = Resolver::new(away, Delimiters::default());
    let policy = Policy::new(&config, resolver, remembers, AppLogins::default(), clock);
    let login = (rule != "greylisting").then(|| "anna@shop.example".into());
    let question = Question {
        stage: Stage::Recipient,
        client: Some("192.0.2.1".parse().unwrap()),
        login,
        sender: Sender::read("anna@shop.example"),
        recipient: Some("team@shop.example".into()),
        instance: (*b"1a2b.0").into(),
        ..Question::default()
    };
    let asked = Instant::now();
    let answer = policy.decide(question, &policy.rules_of(None)).await;
    (answer, asked.elapsed())
}

/// The clock of the runtime stands still but for what is waited for, so this measures no machine.
#[tokio::test(start_paused = true)]
async fn without_facts_advice_is_left_out_and_protection_defers() {
    let table = [
        ("account-states", Answer::cannot_know()),
        ("sender-rights", Answer::cannot_know()),
        ("restricted-aliases", Answer::cannot_know()),
        ("mailbox-full", Answer::Dunno),
        ("greylisting", Answer::Dunno),
        ("sending-limits", Answer::Dunno),
    ];
    for away in [Away::Hangs, Away::Fails] {
        for (rule, expected) in &table {
            let (answer, took) = ask(rule, away, &Scratch::new()).await;
            assert_eq!(answer, *expected, "{rule}");
            // A timer of tokio has a resolution of one millisecond.
            assert!(took <= Duration::from_millis(51), "{rule}: {took:?}");
        }
    }
}
