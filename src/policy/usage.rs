//! What mailboxes hold, as Dovecot has told the dict listener.

use std::time::Duration;

use moka::sync::Cache;

use crate::journal::{QuotaUsage, WriteBack, WriteError};
use crate::mail::Uid;

/// Asks for quota usage, and remembers it for a moment. Cheap to clone.
#[derive(Clone)]
pub(super) struct Usage {
    journal: WriteBack,
    known: Cache<Uid, Option<QuotaUsage>>,
}

const MOST: u64 = 10_000;
/// One message has up to a thousand recipients, and each is asked about when it is named.
const REMEMBERED: Duration = Duration::from_secs(5);

impl Usage {
    pub(super) fn new(journal: WriteBack) -> Self {
        Self {
            journal,
            known: Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build(),
        }
    }

    /// What a mailbox holds; `None` if nobody has told.
    ///
    /// # Errors
    /// It cannot be known now.
    pub(super) async fn of(&self, uid: Uid) -> Result<Option<QuotaUsage>, WriteError> {
        if let Some(known) = self.known.get(&uid) {
            return Ok(known);
        }
        let usage = self.journal.quota(uid).await?;
        self.known.insert(uid, usage);
        Ok(usage)
    }
}
