//! What is to be done now and then.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::mail::Timestamp;
use crate::policy::reader::Reader;
use crate::store::connect::chain;
use crate::store::forgetting::{Old, forget};
use crate::telemetry::log;

/// Removes what is too old, once an hour at most, whenever somebody comes by.
#[derive(Debug)]
pub(super) struct Upkeep(AtomicI64);

const HOUR: i64 = 3600;

impl Upkeep {
    /// Nothing was removed yet.
    pub(super) fn new() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }

    /// Begins to remove what is too old if it is time to, over a connection of its own: nobody
    /// waits for it.
    pub(super) fn come_by(&self, reader: &Reader, old: Old, now: Timestamp) {
        let last = self.0.load(Ordering::Relaxed);
        let order = Ordering::Relaxed;
        if now.0.saturating_sub(HOUR) < last
            || self.0.compare_exchange(last, now.0, order, order).is_err()
        {
            return;
        }
        let link = reader.link().clone();
        tokio::spawn(async move {
            // Without a database nothing grows either; there is a next hour.
            let Ok((client, _)) = link.connect().await else { return };
            if let Err(error) = forget(&client, old).await {
                log::not_forgotten(&chain(&error));
            }
        });
    }
}
