//! Tells strangers to wait, and knows who has come back.

use std::net::IpAddr;
use std::sync::Arc;

use crate::journal::{PolicyWrite, Write, WriteBack};
use crate::mail::Timestamp;
use crate::mail::policy::{Greylisted, Greylisting, Learnt, Network, Proof, Seen, Triplet};
use crate::policy::reader::{Reader, Unavailable};
use crate::policy::upkeep::Upkeep;
use crate::store::forgetting::Old;
use crate::store::greylist::find;

/// Knows who was told to wait, and who has come back; all daemons of a database do. Cheap to clone.
///
/// Memory is bounded: what was forgotten here is read again. What nobody comes back for is removed
/// from the database, too.
#[derive(Clone)]
pub struct Greylist {
    settings: Greylisting,
    journal: WriteBack,
    reader: Reader,
    triplets: moka::sync::Cache<i64, Seen>,
    /// Those that need not wait.
    proven: moka::sync::Cache<Network, Proof>,
    upkeep: Arc<Upkeep>,
}

/// Some hundred octets each.
const MAX_KNOWN: u64 = 100_000;
/// So often is written down that somebody was there again.
const REFRESH: i64 = 86_400;

impl Greylist {
    /// Begins with what the database knows.
    pub fn new(journal: WriteBack, reader: Reader, settings: Greylisting) -> Self {
        Self {
            settings,
            journal,
            reader,
            triplets: moka::sync::Cache::new(MAX_KNOWN),
            proven: moka::sync::Cache::new(MAX_KNOWN),
            upkeep: Arc::new(Upkeep::new()),
        }
    }

    /// What a request is known by.
    pub fn triplet(&self, client: IpAddr, sender: &str, recipient: &str) -> Triplet {
        self.settings.triplet(client, sender, recipient)
    }

    /// What a client is told. Who stands in memory is answered without the database.
    ///
    /// Dropping the future is safe, so whoever cannot wait may give up.
    ///
    /// # Errors
    /// The database is needed and cannot be reached, which is said at once, or does not answer in
    /// time. Nothing was remembered.
    pub async fn ask(&self, triplet: Triplet, now: Timestamp) -> Result<Greylisted, Unavailable> {
        let (seen, proof) = self.known(triplet, now).await?;
        let (answer, learnt) = self.settings.decide(seen, proof, now);
        let proof = proof.filter(|_| self.settings.is_proven(proof, now));
        if let Some(proof) = proof {
            self.proven.insert(triplet.network, proof);
        }
        self.learn(triplet, seen, proof, learnt, now);
        Ok(answer)
    }

    /// What a client would be told, if it asked; nothing is remembered.
    ///
    /// # Errors
    /// As for [`ask`](Self::ask).
    pub async fn look(&self, triplet: Triplet, now: Timestamp) -> Result<Greylisted, Unavailable> {
        let (seen, proof) = self.known(triplet, now).await?;
        Ok(self.settings.decide(seen, proof, now).0)
    }

    /// What is known of a triplet and its network, from memory if that is enough.
    async fn known(
        &self,
        triplet: Triplet,
        now: Timestamp,
    ) -> Result<(Option<Seen>, Option<Proof>), Unavailable> {
        let proof = self.proven.get(&triplet.network);
        let seen = self.triplets.get(&triplet.hash);
        let (_, learnt) = self.settings.decide(seen, proof, now);
        let is_known = seen.is_some() && learnt != Learnt::Begins;
        if is_known || self.settings.is_proven(proof, now) {
            return Ok((seen, proof));
        }
        let found = self.reader.ask(async move |client| find(&client, triplet).await);
        let (read, proof) = found.await?;
        Ok((latest(seen, read), proof))
    }

    /// Remembers what came of it; the proof is that of a network that need not wait.
    fn learn(
        &self,
        Triplet { network, hash }: Triplet,
        seen: Option<Seen>,
        proof: Option<Proof>,
        learnt: Learnt,
        now: Timestamp,
    ) {
        let passed = |passes| PolicyWrite::NetworkPassed { network, passes, at: now };
        let is_due = |last: Timestamp| last.0.saturating_add(REFRESH) <= now.0;
        if let Some(proof) = proof {
            if is_due(proof.last) {
                self.proven.insert(network, Proof { last: now, ..proof });
                self.note(passed(0));
            }
            return;
        }
        let known = seen.map(|seen| match learnt {
            Learnt::Nothing if seen.passed.is_none_or(|at| at < seen.first || !is_due(at)) => seen,
            Learnt::Nothing | Learnt::ComesBack => Seen { passed: Some(now), ..seen },
            Learnt::Begins => Seen { first: now, ..seen },
        });
        let known = known.unwrap_or(Seen { first: now, passed: None });
        self.triplets.insert(hash, known);
        if seen != Some(known) {
            let Seen { first, passed } = known;
            self.note(PolicyWrite::Greylisted { triplet: hash, first, passed });
        }
        if learnt == Learnt::ComesBack {
            self.note(passed(1));
        }
        self.upkeep.come_by(&self.reader, self.old(now), now);
    }

    fn note(&self, write: PolicyWrite) {
        self.journal.note(Write::Policy(write));
    }

    fn old(&self, now: Timestamp) -> Old {
        let ago = |seconds: i64| Timestamp(now.0.saturating_sub(seconds));
        Old::Waiting {
            before: ago(self.settings.retry_within),
            known_before: ago(self.settings.forgotten_after),
        }
    }
}

/// What two daemons know of a triplet, together.
fn latest(one: Option<Seen>, other: Option<Seen>) -> Option<Seen> {
    match (one, other) {
        (Some(one), Some(other)) => {
            Some(Seen { first: one.first.max(other.first), passed: one.passed.max(other.passed) })
        }
        (one, other) => one.or(other),
    }
}
