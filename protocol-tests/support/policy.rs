//! The policy service within the process of a test: the whole engine over a database, by a clock that the test
//! moves. The built daemon has a clock of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use postcote::config::Config;
use postcote::daemon;
use postcote::handler::PolicyHandler;
use postcote::journal::{Amount, Write, WriteBack};
use postcote::lookup::Resolver;
use postcote::mail::policy::{Allowance, Greylisting, Limit, SendingLimits, Sent, Subject};
use postcote::mail::{Delimiters, Timestamp, Uid};
use postcote::policy::{
    Acquaintances, AppLogins, Clock, Greylist, Ledger, LedgerSettings, Policy, Reader, Remembers,
    Room,
};
use postcote::protocol::Policy as Protocol;
use postcote::server::connection::Patience;
use postcote::server::{Bound, Drain, Limits, Listener, Shutdown};
use postcote::store::{PgDirectory, Role};
use postcote::telemetry::metrics::Peer;
use tokio::net::UnixListener;

use super::scratch::Scratch;

/// A time that moves when it is told to. Clones are the same time.
#[derive(Clone, Debug)]
pub(crate) struct Time(Arc<AtomicI64>);

/// A service, as one host has it.
pub(crate) struct PolicyService {
    pub(crate) policy: Policy<PgDirectory>,
    journal: WriteBack,
    pub(crate) app_logins: AppLogins,
    ledger: Ledger,
    time: Time,
    _scratch: Scratch,
}

/// Long after the beginning of 1970, at the beginning of a minute.
const START: i64 = 1_800_001_260;
/// This machine may be busy.
const PATIENT: Duration = Duration::from_secs(20);

impl Default for Time {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }
}

impl Time {
    /// Time goes by.
    pub(crate) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

impl PolicyService {
    /// A service with the rules of a configuration, on the database of this URL.
    pub(crate) async fn open(mut config: Config, url: &str, time: &Time) -> Self {
        config.database.url = url.to_owned().into();
        // How long facts may take is not what is tried.
        config.policy.answer_within = PATIENT;
        let scratch = Scratch::new();
        let link = |role| daemon::link(&config, role).unwrap();
        let journal = WriteBack::open(&scratch.join("journal"), link(Role::Journal)).unwrap();
        let clock: Clock = {
            let time = time.clone();
            Arc::new(move || time.now())
        };
        let reader = Reader::open(link(Role::Policy));
        let settings = LedgerSettings::default();
        let ledger =
            Ledger::open(journal.clone(), link(Role::Policy), settings, Arc::clone(&clock));
        assert!(ledger.loaded(PATIENT).await, "what others have counted is not known");
        let delay = i64::try_from(config.policy.greylist_delay.as_secs()).unwrap();
        let greylisting = Greylisting { delay, ..Greylisting::default() };
        let remembers = Remembers {
            ledger: ledger.clone(),
            acquaintances: Acquaintances::new(journal.clone(), reader.clone()),
            greylist: Greylist::new(journal.clone(), reader, greylisting),
            journal: journal.clone(),
        };
        let directory = PgDirectory::open(link(Role::Lookups)).await.unwrap();
        let resolver = Resolver::new(directory, Delimiters::default());
        let app_logins = AppLogins::default();
        let policy = Policy::new(&config, resolver, remembers, app_logins.clone(), clock);
        let time = time.clone();
        Self { policy, journal, app_logins, ledger, time, _scratch: scratch }
    }

    /// Answers on a socket that everybody may open, as the daemon does, until what is returned is dropped.
    pub(crate) fn serve(&self, path: &Path) -> Drain {
        let bound = Bound::Unix(UnixListener::bind(path).unwrap(), None);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let patience = Patience { idle: None, stalled: Duration::from_secs(100) };
        let listener = Listener::new(bound, Peer::Policy, Limits { connections: 4096, patience });
        let handler = Arc::new(PolicyHandler::new(self.policy.clone(), None));
        let (shutdown, drain) = Shutdown::new();
        tokio::spawn(listener.run(Protocol::default, handler, shutdown));
        drain
    }

    /// Dovecot has told what a mailbox holds.
    pub(crate) async fn holds(&self, uid: u32, bytes: i64, messages: i64) {
        let set = |number| Some(Amount::Set(number));
        let write = Write::Quota { uid: Uid(uid), bytes: set(bytes), messages: set(messages) };
        self.journal.commit(write).await.unwrap();
    }

    /// How many messages, and recipients, count for an account within this hour, as far as this host knows.
    pub(crate) fn sent(&self, uid: u32) -> (u64, u64) {
        let none = Some(Limit::AtMost(0));
        let messages = Allowance { messages: none, ..Allowance::default() };
        let recipients = Allowance { recipients: none, ..Allowance::default() };
        let used = |hour| {
            let limits = SendingLimits { hour, ..SendingLimits::default() };
            let asked = [(Subject::Account(Uid(uid)), limits)];
            let more = Sent { messages: 1, recipients: 1, ..Sent::default() };
            match self.ledger.check(&asked, more, self.time.now()) {
                Room::Full { passed, .. } => passed.used,
                Room::Free { .. } | Room::Unknown(_) => panic!("a limit of nothing is passed"),
            }
        };
        (used(messages), used(recipients))
    }
}
