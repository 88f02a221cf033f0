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
use crate::support::fixture::Fixture;
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

/// Knows that team@shop.example is for its members, and of nobody else whether they exist.
struct Partly(Fixture);

impl Directory for Partly {
    async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.0.directory().domain(name).await
    }

    async fn wildcard(&self, parent: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
        self.0.directory().wildcard(parent).await
    }

    async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        match key.localpart.as_str() {
            "team" => self.0.directory().entry(key).await,
            _ => Away::Fails.answer().await,
        }
    }
}

/// Asks by a rule alone, over a directory and a database that are away.
async fn ask<D: Directory + 'static>(
    rule: &str,
    away: D,
    login: Option<&str>,
    scratch: &Scratch,
) -> (Answer, Duration) {
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
    let question = Question {
        stage: Stage::Recipient,
        client: Some("192.0.2.1".parse().unwrap()),
        login: login.map(Into::into),
        sender: Sender::read(login.unwrap_or("x@far.example")),
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
            let login = (*rule != "greylisting").then_some("anna@shop.example");
            let (answer, took) = ask(rule, away, login, &Scratch::new()).await;
            assert_eq!(answer, *expected, "{rule}");
            // A timer of tokio has a resolution of one millisecond.
            assert!(took <= Duration::from_millis(51), "{rule}: {took:?}");
        }
    }
}

/// Whoever is not among the members that are known may be one of the others.
#[tokio::test]
async fn a_list_is_not_shut_to_a_member_who_cannot_be_known() {
    let partly = || Partly(Fixture::read("policy"));
    for (rule, expected) in
        [("restricted-aliases", Answer::cannot_know()), ("mailbox-full", Answer::Dunno)]
    {
        let (answer, _) = ask(rule, partly(), None, &Scratch::new()).await;
        assert_eq!(answer, expected, "{rule}");
    }
}
