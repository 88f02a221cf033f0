//! To whom accounts have written before.

use std::collections::HashSet;
use std::sync::Arc;

use crate::journal::{PolicyWrite, Write, WriteBack};
use crate::mail::policy::hash;
use crate::mail::{Timestamp, Uid};
use crate::policy::reader::{Reader, Unavailable};
use crate::policy::upkeep::Upkeep;
use crate::store::acquaintances::among;
use crate::store::forgetting::Old;

/// Knows to whom accounts have written within half a year. Cheap to clone.
///
/// Whoever steals a password writes to people whom its owner never wrote to. Addresses are known by
/// a hash only, and go with the account.
#[derive(Clone)]
pub struct Acquaintances {
    journal: WriteBack,
    reader: Reader,
    /// The last day, by account and hash. Who is not in here may stand in the database.
    known: moka::sync::Cache<(Uid, i64), i32>,
    upkeep: Arc<Upkeep>,
}

/// Some hundred octets each.
const MAX_KNOWN: u64 = 100_000;
/// After so many days an acquaintance is a stranger again.
const KEEP: i32 = 180;
/// So often is written down that somebody is written to again.
const REFRESH: i32 = 7;

impl Acquaintances {
    /// Begins with what the database knows.
    pub fn new(journal: WriteBack, reader: Reader) -> Self {
        let known = moka::sync::Cache::new(MAX_KNOWN);
        Self { journal, reader, known, upkeep: Arc::new(Upkeep::new()) }
    }

    /// For each recipient, in the canonical form of an address, whether the account has not written
    /// to it before. One that is named twice is a stranger once.
    ///
    /// Dropping the future is safe, so whoever cannot wait may give up.
    ///
    /// # Errors
    /// The database cannot be reached, which is said at once, or does not answer in time.
    pub async fn strangers(
        &self,
        uid: Uid,
        recipients: &[&str],
        now: Timestamp,
    ) -> Result<Vec<bool>, Unavailable> {
        let since = day(now).saturating_sub(KEEP);
        let hashes: Vec<i64> = recipients.iter().map(|recipient| hash_of(uid, recipient)).collect();
        let is_known = |hash: &i64| self.known.get(&(uid, *hash)).is_some_and(|day| day >= since);
        let unknown: Vec<i64> = hashes.iter().copied().filter(|hash| !is_known(hash)).collect();
        let mut strangers: HashSet<i64> = unknown.iter().copied().collect();
        if !unknown.is_empty() {
            let found = self
                .reader
                .ask(async move |client| among(&client, uid, &unknown, since).await)
                .await?;
            for (hash, day) in found {
                self.known.insert((uid, hash), day);
                strangers.remove(&hash);
            }
        }
        Ok(hashes.iter().map(|hash| strangers.remove(hash)).collect())
    }

    /// Remembers that the account has written to them.
    pub fn wrote_to(&self, uid: Uid, recipients: &[&str], now: Timestamp) {
        let day = day(now);
        let mut hashes: Vec<i64> =
            recipients.iter().map(|recipient| hash_of(uid, recipient)).collect();
        hashes.retain(|hash| {
            let last = self.known.get(&(uid, *hash));
            last.is_none_or(|last| last.saturating_add(REFRESH) <= day)
        });
        if hashes.is_empty() {
            return;
        }
        for hash in &hashes {
            self.known.insert((uid, *hash), day);
        }
        let write = PolicyWrite::WroteTo { uid, recipients: hashes, day };
        self.journal.note(Write::Policy(write));
        let before = day.saturating_sub(KEEP);
        self.upkeep.come_by(&self.reader, Old::Acquaintances { before }, now);
    }
}

/// Of two accounts that write to the same address nobody can see it.
fn hash_of(uid: Uid, recipient: &str) -> i64 {
    hash(&format!("{}\n{recipient}", uid.0))
}

/// Days since 1970-01-01, up to some million years.
fn day(at: Timestamp) -> i32 {
    i32::try_from(at.0.div_euclid(86_400)).unwrap_or_default()
}
