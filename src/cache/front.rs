//! The keys that are asked again and again, in front of the cache proper.
//!
//! A hit in [`moka`] reads a clock, joins two queues that all readers share, and pays its share of
//! the upkeep: several times what finding the value costs. Here each key has one place, and the
//! key that was asked last has it.

use std::hash::{BuildHasher, Hash};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use foldhash::fast::RandomState;

/// What was answered last, by place.
pub(super) struct Front<K, V> {
    places: Box<[Place<K, V>]>,
    hasher: RandomState,
    cleared: AtomicU64,
}

type Place<K, V> = RwLock<Option<Kept<K, V>>>;

struct Kept<K, V> {
    key: K,
    value: Found<V>,
    epoch: u64,
}

/// What stands under a key; `None` if it does not exist.
type Found<V> = Option<Arc<V>>;

/// A point in the history of a [`Front`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment(u64);

impl<K: Clone + Eq + Hash, V> Front<K, V> {
    /// A front for a cache of this capacity. A sixteenth of it gets most lookups, by Zipf's law
    /// more than three quarters of them, and costs 4 MB for a million entries.
    pub(super) fn new(capacity: u64) -> Self {
        Self {
            places: (0..=capacity / 16).map(|_| RwLock::new(None)).collect(),
            hasher: RandomState::default(),
            cleared: AtomicU64::new(0),
        }
    }

    /// What was answered for a key in this epoch, if that is still here. Never waits.
    pub(super) fn get(&self, key: &K, epoch: u64) -> Option<Found<V>> {
        let place = self.place(key)?.try_read().ok()?;
        let kept = place.as_ref().filter(|kept| kept.epoch == epoch && kept.key == *key)?;
        Some(kept.value.clone())
    }

    /// Now. To be taken before the cache proper is asked for what is then [`put`](Self::put).
    pub(super) fn moment(&self) -> Moment {
        Moment(self.cleared.load(Ordering::Acquire))
    }

    /// Keeps an answer, unless something was cleared since `before`: then it may be outdated.
    pub(super) fn put(&self, key: &K, value: Found<V>, epoch: u64, before: Moment) {
        let Some(mut place) = self.place(key).and_then(|place| place.try_write().ok()) else {
            return;
        };
        // Whoever clears counts first and takes this lock then, so it either is seen here or
        // clears what is put here.
        if self.moment() == before {
            *place = Some(Kept { key: key.clone(), value, epoch });
        }
    }

    /// Forgets a key. The cache proper must have been changed before.
    pub(super) fn clear(&self, key: &K) {
        self.cleared.fetch_add(1, Ordering::AcqRel);
        if let Some(place) = self.place(key) {
            *place.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn place(&self, key: &K) -> Option<&Place<K, V>> {
        let places = self.places.len() as u64;
        let number = self.hasher.hash_one(key) % places;
        self.places.get(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_cleared_meanwhile_is_not_kept() {
        let front = Front::new(10);
        let before = front.moment();
        front.put(&"key", Some(Arc::new("old")), 0, before);
        assert_eq!(front.get(&"key", 0), Some(Some(Arc::new("old"))));
        front.clear(&"key");
        assert_eq!(front.get(&"key", 0), None);
        front.put(&"key", Some(Arc::new("old")), 0, before);
        assert_eq!(front.get(&"key", 0), None, "read before the change, put after it");
        front.put(&"key", None, 0, front.moment());
        assert_eq!(front.get(&"key", 0), Some(None));
        assert_eq!(front.get(&"key", 1), None, "another epoch");
    }

    #[test]
    fn keys_that_share_a_place_are_told_apart() {
        let front = Front::new(0);
        front.put(&"one", Some(Arc::new(1)), 0, front.moment());
        assert_eq!(front.get(&"two", 0), None);
        front.put(&"two", Some(Arc::new(2)), 0, front.moment());
        assert_eq!(front.get(&"one", 0), None);
        assert_eq!(front.get(&"two", 0), Some(Some(Arc::new(2))));
    }
}
