//! What the policy service counts and remembers, on one host and on several.

mod acquaintances;
mod crash;
mod dialogs;
mod greylist;
mod hammer;
mod ledger;
mod outage;
mod unsure;
mod warning;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use postcote::journal::WriteBack;
use postcote::mail::policy::{Allowance, Limit, SendingLimits, Sent, Subject};
use postcote::mail::{Gid, Timestamp, Uid};
use postcote::policy::{Ledger, LedgerSettings, Room, Windowing};
use postcote::store::{Link, Role};
use tokio::time::Instant;

use crate::support::scratch::Scratch;

const SOON: Duration = Duration::from_secs(30);
/// A full hour.
const NOON: i64 = 1_800_000_000;
const JOE: Subject = Subject::Account(Uid(70000));
const SHOP: Subject = Subject::Domain(Gid(70000));
const ONE: Sent = Sent { messages: 1, recipients: 2, bytes: 1000, new_recipients: 1 };

/// A clock that stands still until it is told.
#[derive(Clone)]
struct Time(Arc<AtomicI64>);

impl Time {
    fn noon() -> Self {
        Self(Arc::new(AtomicI64::new(NOON)))
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A host: a journal on a disk and a ledger.
struct Host {
    journal: WriteBack,
    ledger: Ledger,
    time: Time,
}

impl Host {
    fn start(directory: &Path, url: &str, time: &Time) -> Self {
        Self::with(directory, url, time, Windowing::Sliding)
    }

    fn with(directory: &Path, url: &str, time: &Time, windowing: Windowing) -> Self {
        let journal = WriteBack::open(directory, link(url, Role::Journal)).unwrap();
        let settings = LedgerSettings { windowing, ..LedgerSettings::default() };
        let clock = time.clone();
        let clock = Arc::new(move || clock.now());
        let ledger = Ledger::open(journal.clone(), link(url, Role::Policy), settings, clock);
        Self { journal, ledger, time: time.clone() }
    }

    async fn loaded(self) -> Self {
        assert!(self.ledger.loaded(SOON).await);
        self
    }

    async fn count(&self, limits: &[(Subject, SendingLimits)]) -> Room {
        self.ledger.count(limits, ONE, self.time.now()).await
    }

    /// Messages within the hour and the day.
    fn messages(&self, subject: Subject) -> [u64; 2] {
        self.ledger.used(subject, self.time.now()).unwrap().map(|sent| sent.messages)
    }

    async fn until(&self, subject: Subject, messages: [u64; 2]) {
        let what = format!("{subject}: {messages:?}");
        until(&what, || async { self.messages(subject) == messages }).await;
    }

    /// Ends as a daemon does; everything is in the database then.
    async fn stop(self) {
        let Self { journal, ledger, .. } = self;
        drop(ledger);
        assert!(journal.close(SOON).await);
    }
}

fn link(url: &str, role: Role) -> Link {
    let mut config = postcote::config::Config::default();
    config.database.url = url.to_owned().into();
    postcote::daemon::link(&config, role).unwrap()
}

fn free() -> SendingLimits {
    SendingLimits::default()
}

fn per_hour(messages: u64) -> SendingLimits {
    let hour = Allowance { messages: Some(Limit::AtMost(messages)), ..Allowance::default() };
    SendingLimits { hour, ..SendingLimits::default() }
}

fn per_day(messages: u64) -> SendingLimits {
    let day = Allowance { messages: Some(Limit::AtMost(messages)), ..Allowance::default() };
    SendingLimits { day, ..SendingLimits::default() }
}

async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = Instant::now() + SOON;
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn disk(scratch: &Scratch, host: &str) -> std::path::PathBuf {
    scratch.join(host)
}
