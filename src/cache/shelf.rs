//! One kind of thing, remembered by key, with concurrent misses sharing one load.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::cache::Capacity;
use crate::cache::front::Front;
use crate::directory::DirectoryError;
use crate::telemetry::metrics::{self, Cached};

/// An epoch that never comes.
const UNVERIFIED: u64 = u64::MAX;

/// What a load found.
type Loaded<V> = Result<Option<Arc<V>>, DirectoryError>;

/// The memory for one kind of thing. Cheap to clone: a load under way keeps a handle to put its
/// answer away.
pub(super) struct Shelf<K, V> {
    inner: Arc<Inner<K, V>>,
}

struct Inner<K, V> {
    front: Front<K, V>,
    /// What exists, with the epoch it was loaded in.
    known: moka::sync::Cache<K, (Arc<V>, u64)>,
    /// What does not exist.
    unknown: moka::sync::Cache<K, u64>,
    /// Loads under way. Everything that is put away or doubted is so under this lock.
    flights: Mutex<Flights<K, V>>,
    /// Grows when changes may have been missed; older answers are unverified.
    epoch: AtomicU64,
    believe_unknown: AtomicBool,
    label: Cached,
}

struct Flights<K, V> {
    by_key: HashMap<K, Flight<V>>,
    tickets: u64,
}

/// A load under way. A flight that is no longer in the map under its own ticket has been
/// overtaken by a change: those who wait get what it brings, nobody after them does.
#[derive(Clone)]
struct Flight<V> {
    ticket: u64,
    answer: Shared<BoxFuture<'static, Loaded<V>>>,
}

impl<K, V> Shelf<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    pub(super) fn new(capacity: Capacity, label: Cached) -> Self {
        let flights = Flights { by_key: HashMap::new(), tickets: 0 };
        Self {
            inner: Arc::new(Inner {
                front: Front::new(capacity.known),
                known: moka::sync::Cache::new(capacity.known),
                unknown: moka::sync::Cache::new(capacity.unknown),
                flights: Mutex::new(flights),
                epoch: AtomicU64::new(0),
                believe_unknown: AtomicBool::new(true),
                label,
            }),
        }
    }

    /// What stands under a key: remembered, or loaded now, once for everybody who waits.
    pub(super) async fn get<F, L>(&self, key: &K, load: L) -> Loaded<V>
    where
        F: Future<Output = Loaded<V>> + Send + 'static,
        L: FnOnce(K) -> F,
    {
        let inner = &self.inner;
        let epoch = inner.epoch.load(Ordering::Acquire);
        // The cache proper must see what is asked often, or it would evict just that.
        let passed_on = Turn::is_up();
        if !passed_on
            && let Some(value) = inner.front.get(key, epoch)
            && (value.is_some() || inner.believes_unknown())
        {
            metrics::cache_hits_total(inner.label).increment(1);
            return Ok(value);
        }
        let before = inner.front.moment();
        let known = inner.known.get(key);
        let remembered = match &known {
            Some((value, loaded)) if *loaded == epoch => Some(Some(Arc::clone(value))),
            None if inner.is_unknown(key, epoch) => Some(None),
            _ => None,
        };
        if let Some(value) = remembered {
            metrics::cache_hits_total(inner.label).increment(1);
            inner.front.put(key, value.clone(), epoch, before);
            return Ok(value);
        }
        metrics::cache_misses_total(inner.label).increment(1);
        let loaded = self.join(key, load).await;
        match (loaded, known) {
            (Err(_), Some((value, _))) => {
                metrics::stale_answers_total(inner.label).increment(1);
                Ok(Some(value))
            }
            (loaded, _) => loaded,
        }
    }

    /// The load under way for this key, or a new one.
    fn join<F, L>(&self, key: &K, load: L) -> Shared<BoxFuture<'static, Loaded<V>>>
    where
        F: Future<Output = Loaded<V>> + Send + 'static,
        L: FnOnce(K) -> F,
    {
        let mut flights = self.inner.flights();
        if let Some(flight) = flights.by_key.get(key) {
            return flight.answer.clone();
        }
        let ticket = flights.tickets;
        flights.tickets += 1;
        let epoch = self.inner.epoch.load(Ordering::Acquire);
        let inner = Arc::clone(&self.inner);
        let landing = key.clone();
        let loading = load(key.clone());
        let answer = async move {
            let loaded = loading.await;
            inner.land(&landing, ticket, epoch, &loaded);
            loaded
        };
        let answer = answer.boxed().shared();
        flights.by_key.insert(key.clone(), Flight { ticket, answer: answer.clone() });
        answer
    }

    /// Makes a key unverified, and keeps loads that began before from being remembered.
    pub(super) fn doubt(&self, key: &K) {
        let mut flights = self.inner.flights();
        flights.by_key.remove(key);
        // The feed may be back before lookups are: until then the old value is an answer.
        if let Some((value, _)) = self.inner.known.get(key) {
            self.inner.known.insert(key.clone(), (value, UNVERIFIED));
        }
        self.inner.unknown.invalidate(key);
        self.inner.front.clear(key);
    }

    /// Makes everything unverified.
    pub(super) fn distrust(&self) {
        let mut flights = self.inner.flights();
        flights.by_key.clear();
        self.inner.epoch.fetch_add(1, Ordering::AcqRel);
        self.inner.unknown.invalidate_all();
    }

    pub(super) fn believe_unknown(&self, believe: bool) {
        self.inner.believe_unknown.store(believe, Ordering::Release);
    }

    pub(super) fn known_len(&self) -> f64 {
        self.inner.known.run_pending_tasks();
        as_f64(self.inner.known.entry_count())
    }

    pub(super) fn unknown_len(&self) -> f64 {
        self.inner.unknown.run_pending_tasks();
        as_f64(self.inner.unknown.entry_count())
    }
}

impl<K, V> Inner<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn is_unknown(&self, key: &K, epoch: u64) -> bool {
        self.unknown.get(key) == Some(epoch) && self.believes_unknown()
    }

    fn believes_unknown(&self) -> bool {
        self.believe_unknown.load(Ordering::Acquire)
    }

    /// Puts away what a load brought, unless it was overtaken.
    fn land(&self, key: &K, ticket: u64, epoch: u64, loaded: &Loaded<V>) {
        let mut flights = self.flights();
        if flights.by_key.get(key).is_none_or(|flight| flight.ticket != ticket) {
            return;
        }
        flights.by_key.remove(key);
        match loaded {
            Ok(Some(value)) => {
                self.unknown.invalidate(key);
                self.known.insert(key.clone(), (Arc::clone(value), epoch));
            }
            Ok(None) => {
                self.known.invalidate(key);
                self.unknown.insert(key.clone(), epoch);
            }
            Err(_) => return,
        }
        // An "unknown" that was not believed for a while may stand there.
        self.front.clear(key);
    }

    fn flights(&self) -> MutexGuard<'_, Flights<K, V>> {
        // The map is consistent between statements, so a panic elsewhere does not spoil it.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts the questions of a thread.
struct Turn;

impl Turn {
    const EVERY: u8 = 16;

    /// Whether this question is one of those that are passed on.
    fn is_up() -> bool {
        thread_local! {
            static ASKED: Cell<u8> = const { Cell::new(0) };
        }
        ASKED.replace(ASKED.get().wrapping_add(1)) % Self::EVERY == 0
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of fewer than 2^52 entries")]
fn as_f64(count: u64) -> f64 {
    count as f64
}
