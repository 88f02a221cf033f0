//! Writes what peers tell into the database, and loses nothing that was acknowledged.
//!
//! An acknowledged write is on the disk, in a file that only grows (`segment`): neither the end of
//! the database nor of this process takes it back. From there it is carried over into the database,
//! in order, many at once, and the position up to which that was done moves in the same transaction:
//! whatever nobody was told of, nothing is added twice. A file goes when everything in it was carried
//! over; what a process has left, the next one takes over.

mod carrier;
mod pending;
mod policy_record;
mod queue;
mod record;
mod segment;
mod writer;

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::mail::{Timestamp, Uid};
use crate::store::connect::chain;
use crate::store::{Link, write_back};
use crate::telemetry::log;

pub use crate::store::policy_write::{PolicyWrite, SentWithin};
pub use crate::store::write_back::{Amount, QuotaUsage, Write, service_name};

use carrier::Carrier;
use pending::{About, Told};
use queue::Queue;
use segment::Segment;

/// Takes writes and tells what they came to. Cheap to clone.
#[derive(Clone)]
pub struct WriteBack {
    writes: mpsc::Sender<writer::Waiting>,
    shared: Arc<Shared>,
    link: Arc<Link>,
    reading: Arc<tokio::sync::Mutex<Option<Arc<Client>>>>,
    carrier: AbortHandle,
}

/// A write was not acknowledged, or it cannot be known now what the writes came to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct WriteError {
    /// Why.
    pub reason: Arc<str>,
}

/// What the tasks share.
pub(super) struct Shared {
    queue: Mutex<Queue>,
    /// Told whenever the queue has changed.
    changed: Notify,
    /// Nothing more is written.
    ended: AtomicBool,
    /// The database could not be reached the last time.
    away: AtomicBool,
}

/// Writes that may wait for the disk; whoever comes then waits for a place.
const MAX_WAITING: usize = 10_000;
/// How long a reader waits until what was written before is in the database.
const CATCH_UP: Duration = Duration::from_secs(5);

impl WriteBack {
    /// Opens the journal in a directory, which is made if it is missing, takes over what was left
    /// there, and starts the tasks. Blocks for as long as that takes to read.
    ///
    /// # Errors
    /// The directory cannot be read or written.
    pub fn open(directory: &Path, link: Link) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut queue = Queue::default();
        for (segment, writes) in Segment::adopt(directory)? {
            queue.inherit(segment, writes);
        }
        let shared = Arc::new(Shared {
            queue: Mutex::new(queue),
            changed: Notify::new(),
            ended: AtomicBool::new(false),
            away: AtomicBool::new(false),
        });
        let (writes, waiting) = mpsc::channel(MAX_WAITING);
        let (path, state) = (directory.to_owned(), Arc::clone(&shared));
        let thread = std::thread::Builder::new().name("journal".to_owned());
        thread.spawn(move || writer::run(&path, &state, waiting))?;
        let carrier = Carrier {
            directory: directory.to_owned(),
            shared: Arc::clone(&shared),
            link: link.clone(),
        };
        let carrier = tokio::spawn(carrier.run()).abort_handle();
        Ok(Self { writes, shared, link: Arc::new(link), reading: Arc::default(), carrier })
    }

    /// Writes. When this returns the write is on the disk, and will be in the database exactly
    /// once, whatever happens.
    ///
    /// Dropping the future leaves open whether it is written.
    ///
    /// # Errors
    /// It was not written: the disk is full or broken, or the database was away for too long.
    pub async fn commit(&self, write: Write) -> Result<(), WriteError> {
        let ended = || WriteError::new("the journal is closed");
        let (sender, done) = oneshot::channel();
        self.writes.send((write.legal(), sender)).await.map_err(|_| ended())?;
        done.await.unwrap_or_else(|_| Err(ended()))
    }

    /// Writes what nobody waits for. It is lost if this process is killed at once, or if the disk
    /// fails; as it is if so much waits for the disk that there is no more room.
    pub fn note(&self, write: Write) {
        // The writer tells of a disk that fails.
        let (sender, _) = oneshot::channel();
        if self.writes.try_send((write.legal(), sender)).is_err() {
            log::journal_busy();
        }
    }

    /// Waits until what earlier processes have acknowledged is in the database.
    pub async fn inherited(&self) {
        loop {
            let changed = self.shared.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if !self.shared.queue().inherits() {
                return;
            }
            changed.await;
        }
    }

    /// What a mailbox holds, with everything that was acknowledged; `None` if nobody has told. What
    /// was told since the database is away is known without it.
    ///
    /// # Errors
    /// It cannot be known now.
    pub async fn quota(&self, uid: Uid) -> Result<Option<QuotaUsage>, WriteError> {
        // Not in the condition of an `if let`, which would hold the lock for as long as its block.
        let told = self.shared.queue().pending().usage(uid);
        if let Told::All(known) = told {
            return Ok(known);
        }
        let client = self.reader_after(About::Quota(uid)).await?;
        self.within_time(write_back::quota(&client, uid)).await
    }

    /// When an account logged in last, by each service, with everything that was acknowledged.
    ///
    /// # Errors
    /// It cannot be known now.
    pub async fn last_logins(&self, uid: Uid) -> Result<Vec<(String, Timestamp)>, WriteError> {
        let client = self.reader_after(About::Login(uid)).await?;
        self.within_time(write_back::last_logins(&client, uid)).await
    }

    async fn within_time<T>(
        &self,
        query: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, WriteError> {
        match timeout(self.link.query_timeout, query).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(WriteError::new(chain(&error))),
            Err(_) => Err(WriteError::new("the database does not answer in time")),
        }
    }

    /// Waits until everything is in the database, no longer than that; the rest is taken over by
    /// the next process. `true` if nothing is left.
    pub async fn close(self, longest: Duration) -> bool {
        let Self { writes, shared, carrier, .. } = self;
        drop(writes);
        let emptied = async {
            loop {
                let changed = shared.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if shared.is_done() {
                    return;
                }
                changed.await;
            }
        };
        let emptied = timeout(longest, emptied).await.is_ok();
        // Under way or not: the position says how far it got.
        carrier.abort();
        emptied
    }

    /// A connection that sees what was acknowledged about something.
    async fn reader_after(&self, about: About) -> Result<Arc<Client>, WriteError> {
        let away = || WriteError::new("the database cannot be reached");
        let done = timeout(CATCH_UP, self.shared.carried_over(about)).await;
        if done != Ok(true) {
            return Err(away());
        }
        self.reader().await.ok_or_else(away)
    }

    /// A connection to read by.
    async fn reader(&self) -> Option<Arc<Client>> {
        let mut reading = self.reading.lock().await;
        if let Some(client) = reading.as_ref().filter(|client| !client.is_closed()) {
            return Some(Arc::clone(client));
        }
        let (client, _) = self.link.connect().await.ok()?;
        Some(Arc::clone(reading.insert(Arc::new(client))))
    }
}

impl WriteError {
    fn new(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into() }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each method leaves it consistent, so a panic elsewhere does not spoil it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Whether nothing is left and nothing more can come.
    fn is_done(&self) -> bool {
        self.ended.load(Ordering::Acquire) && self.queue().is_empty()
    }

    fn has_work(&self) -> bool {
        self.is_done() || self.queue().has_work()
    }

    /// Whether the database can be reached has been seen.
    fn seen(&self, away: bool) {
        self.away.store(away, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Waits until the database has what was told. `false` if it cannot be reached: who asks is told at
    /// once.
    async fn carried_over(&self, about: About) -> bool {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if !self.queue().pending().has(about) {
                return true;
            }
            if self.away.load(Ordering::Acquire) {
                return false;
            }
            changed.await;
        }
    }
}
