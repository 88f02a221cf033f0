//! Who has sent how much, on this host and on all others.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::journal::{PolicyWrite, SentWithin, Write, WriteBack};
use crate::mail::Timestamp;
use crate::mail::policy::{SendingLimits, Sent, Subject, Windowing};
use crate::policy::counters::{Ask, Counters, Room};
use crate::policy::poller::Poller;
use crate::store::Link;
use crate::telemetry::log;

/// Tells the time; tests control it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How is counted.
#[derive(Clone, Debug)]
pub struct LedgerSettings {
    /// How an hour and a day are meant.
    pub windowing: Windowing,
    /// Of how many percent of a limit is told.
    pub soft_percent: u8,
}

impl Default for LedgerSettings {
    fn default() -> Self {
        Self { windowing: Windowing::default(), soft_percent: 80 }
    }
}

/// Counts what is sent. Cheap to clone; what it does in the background ends with the last clone.
///
/// What this process counts is exact. What others count is heard of within some seconds, for each
/// process tells the database the whole of what it has counted within a minute, by way of the
/// journal, and asks it each second for what others have told. So nothing that was acknowledged is
/// forgotten by a process that starts anew, and when the database is away counting goes on.
#[derive(Clone)]
pub struct Ledger {
    journal: WriteBack,
    shared: Arc<Shared>,
}

/// What the poller shares.
pub(super) struct Shared {
    counters: Mutex<Counters>,
    /// This process, for the others.
    pub(super) writer: i64,
    pub(super) windowing: Windowing,
    loaded: watch::Sender<Loaded>,
    poller: Mutex<Option<AbortHandle>>,
}

/// Whether what others have counted was heard of.
#[derive(Clone, Debug)]
enum Loaded {
    /// Not yet, and why.
    No(Arc<str>),
    /// Once at least.
    Yes,
}

impl Ledger {
    /// Starts to ask for what others have counted, from within a runtime.
    pub fn open(journal: WriteBack, link: Link, settings: LedgerSettings, clock: Clock) -> Self {
        let LedgerSettings { windowing, soft_percent } = settings;
        let shared = Arc::new(Shared {
            counters: Mutex::new(Counters::new(windowing.clone(), soft_percent)),
            writer: i64::from_ne_bytes(RandomState::new().hash_one("").to_ne_bytes()),
            windowing,
            loaded: watch::Sender::new(Loaded::No("it was not asked yet".into())),
            poller: Mutex::default(),
        });
        let poller =
            Poller { journal: journal.clone(), link, clock, shared: Arc::downgrade(&shared) };
        let poller = tokio::spawn(poller.run()).abort_handle();
        *shared.poller.lock().unwrap_or_else(PoisonError::into_inner) = Some(poller);
        Self { journal, shared }
    }

    /// Waits until it was heard of what others have counted, and this process before it was started
    /// anew; no longer than that. Whether it was.
    pub async fn loaded(&self, longest: Duration) -> bool {
        let mut loaded = self.shared.loaded.subscribe();
        let waiting = loaded.wait_for(|loaded| matches!(loaded, Loaded::Yes));
        matches!(timeout(longest, waiting).await, Ok(Ok(_)))
    }

    /// Whether somebody may send more; counts nothing. Each subject stands in `limits` once.
    pub fn check(&self, limits: &[(Subject, SendingLimits)], more: Sent, now: Timestamp) -> Room {
        let ask = Ask { limits, more, now };
        self.shared.sure(self.shared.counters().check(ask), limits)
    }

    /// Counts more for all, also for those without a limit, or for none if it would pass a limit of
    /// one of them. When this returns, what was counted will not be forgotten by a process that starts
    /// anew, unless the disk fails, which is logged.
    ///
    /// Dropping the future forgets nothing, but may leave open whether it is on the disk.
    pub async fn count(
        &self,
        limits: &[(Subject, SendingLimits)],
        more: Sent,
        now: Timestamp,
    ) -> Room {
        let ask = Ask { limits, more, now };
        let (room, totals) = {
            let mut counters = self.shared.counters();
            match counters.check(ask) {
                full @ Room::Full { .. } => return full,
                room => (room, counters.add(ask)),
            }
        };
        if !totals.is_empty() {
            let totals = totals.into_iter();
            let totals = totals.map(|(minute, subject, sent)| SentWithin { subject, minute, sent });
            let write = PolicyWrite::Sent { writer: self.shared.writer, totals: totals.collect() };
            if let Err(error) = self.journal.commit(Write::Policy(write)).await {
                log::sent_not_written(&error);
            }
        }
        self.shared.sure(room, limits)
    }

    /// What somebody has sent within the hour and the day; `None` if it is not known what others
    /// have counted.
    pub fn used(&self, subject: Subject, now: Timestamp) -> Option<[Sent; 2]> {
        matches!(*self.shared.loaded.borrow(), Loaded::Yes)
            .then(|| self.shared.counters().used(subject, now))
    }

    /// Of how many subjects something is known.
    pub fn subjects(&self) -> usize {
        self.shared.counters().len()
    }
}

impl Shared {
    pub(super) fn counters(&self) -> MutexGuard<'_, Counters> {
        // Each method leaves them consistent, so a panic elsewhere does not spoil them.
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was heard of others is complete.
    pub(super) fn has_loaded(&self) {
        self.loaded.send_if_modified(|loaded| {
            matches!(std::mem::replace(loaded, Loaded::Yes), Loaded::No(_))
        });
    }

    /// It cannot be heard of others.
    pub(super) fn cannot_load(&self, why: &str) {
        self.loaded.send_if_modified(|loaded| {
            if let Loaded::No(reason) = loaded {
                *reason = why.into();
            }
            // Nobody waits for a reason.
            false
        });
    }

    /// Room, unless others may have taken it.
    fn sure(&self, room: Room, limits: &[(Subject, SendingLimits)]) -> Room {
        match (&room, &*self.loaded.borrow()) {
            (Room::Free { .. }, Loaded::No(why))
                if limits.iter().any(|(_, one)| !one.is_empty()) =>
            {
                Room::Unknown(Arc::clone(why))
            }
            _ => room,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let poller = self.poller.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(poller) = poller.take() {
            poller.abort();
        }
    }
}
