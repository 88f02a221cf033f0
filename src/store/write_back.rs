//! What the daemon writes back: last logins, quota usage, the use of app passwords, and what the
//! policy service remembers.
//!
//! A journal that was carried over up to some position is never carried over from before it: the
//! position moves in the same transaction as the writes, under a lock on its row.

use std::collections::BTreeMap;
use std::net::IpAddr;

use tokio_postgres::{Client, Error, Transaction};

use crate::mail::{Timestamp, Uid};
use crate::store::connect::chain;
use crate::store::policy_write::{PolicyBatch, PolicyWrite};
use crate::telemetry::log;

/// One thing to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// An app password was used.
    AppPasswordUsed {
        /// Its number.
        id: i64,
        /// When.
        at: Timestamp,
    },
    /// Somebody logged in.
    LastLogin {
        /// Who.
        uid: Uid,
        /// To what.
        service: String,
        /// When.
        at: Timestamp,
        /// Where from.
        remote: Option<IpAddr>,
    },
    /// Something that the policy service wants to know later.
    Policy(PolicyWrite),
    /// A mailbox has grown or shrunk. One transaction of a client is one of these.
    Quota {
        /// Whose.
        uid: Uid,
        /// Its bytes, unless they were not spoken of.
        bytes: Option<Amount>,
        /// Its messages, unless they were not spoken of.
        messages: Option<Amount>,
    },
}

/// What becomes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So much more, or less if negative. Changes nothing that is not known.
    Add(i64),
    /// Exactly so much; nothing below zero.
    Set(i64),
    /// It is no longer known, and neither is the other number: both are to be counted anew.
    Unset,
}

/// What a mailbox holds, as far as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaUsage {
    /// Bytes.
    pub bytes: u64,
    /// Messages.
    pub messages: u64,
}

/// Several writes as one, each thing once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    app_passwords: BTreeMap<i64, i64>,
    logins: BTreeMap<(u32, String), (i64, Option<IpAddr>)>,
    quotas: BTreeMap<u32, [Option<Amount>; 2]>,
    policy: PolicyBatch,
}

impl Write {
    /// The same with the name of a service that the database takes.
    #[must_use]
    pub fn legal(self) -> Self {
        match self {
            Self::LastLogin { uid, service, at, remote } => {
                Self::LastLogin { uid, service: service_name(&service), at, remote }
            }
            other => other,
        }
    }
}

/// The name by which the database knows a service.
pub fn service_name(told: &str) -> String {
    let legal = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut name: String = told.chars().filter(legal).take(40).collect();
    name.make_ascii_lowercase();
    if name.is_empty() {
        "unknown".clone_into(&mut name);
    }
    name
}

impl Amount {
    /// One after the other, as one.
    #[must_use]
    pub fn then(self, next: Self) -> Self {
        match (self, next) {
            (Self::Add(one), Self::Add(other)) => Self::Add(one.saturating_add(other)),
            (Self::Set(one), Self::Add(other)) => Self::Set(one.saturating_add(other)),
            // What is not known stays so, however much it grows.
            (Self::Unset, Self::Add(_)) => Self::Unset,
            (_, Self::Set(_) | Self::Unset) => next,
        }
    }

    /// As [`then`](Self::then) where nothing may have been told.
    pub(crate) fn after(earlier: Option<Self>, next: Option<Self>) -> Option<Self> {
        match (earlier, next) {
            (Some(earlier), Some(next)) => Some(earlier.then(next)),
            (earlier, next) => next.or(earlier),
        }
    }
}

impl Batch {
    /// Adds one more write, after all the others.
    pub fn push(&mut self, write: &Write) {
        match write {
            Write::AppPasswordUsed { id, at } => {
                let last = self.app_passwords.entry(*id).or_insert(at.0);
                *last = at.0.max(*last);
            }
            Write::LastLogin { uid, service, at, remote } => {
                let key = (uid.0, service.clone());
                let last = self.logins.entry(key).or_insert((at.0, *remote));
                if last.0 <= at.0 {
                    *last = (at.0, *remote);
                }
            }
            Write::Policy(write) => self.policy.push(write),
            Write::Quota { uid, bytes, messages } => {
                let both = self.quotas.entry(uid.0).or_default();
                // Unknown is unknown to both; a number that is set is known from then on.
                let [earlier_bytes, earlier_messages] = *both;
                *both = [
                    Amount::after(earlier_bytes, *bytes),
                    Amount::after(earlier_messages, *messages),
                ];
            }
        }
    }
}

impl Batch {
    /// Each thing for itself.
    fn singly(&self) -> impl Iterator<Item = Self> {
        let quotas = self
            .quotas
            .iter()
            .map(|(uid, amounts)| Self { quotas: [(*uid, *amounts)].into(), ..Self::default() });
        let logins = self
            .logins
            .iter()
            .map(|(key, last)| Self { logins: [(key.clone(), *last)].into(), ..Self::default() });
        let uses = self
            .app_passwords
            .iter()
            .map(|(id, at)| Self { app_passwords: [(*id, *at)].into(), ..Self::default() });
        let policy = self.policy.singly().map(|policy| Self { policy, ..Self::default() });
        quotas.chain(logins).chain(uses).chain(policy)
    }

    async fn write(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        self.write_quotas(tx).await?;
        if !self.logins.is_empty() {
            let uids: Vec<i64> = self.logins.keys().map(|(uid, _)| i64::from(*uid)).collect();
            let services: Vec<&str> = self.logins.keys().map(|(_, name)| name.as_str()).collect();
            let times: Vec<i64> = self.logins.values().map(|(at, _)| *at).collect();
            let remotes: Vec<_> = self.logins.values().map(|(_, ip)| *ip).collect();
            let statement = include_str!("sql/put_last_logins.sql");
            tx.execute(statement, &[&uids, &services, &times, &remotes]).await?;
        }
        if !self.app_passwords.is_empty() {
            let ids: Vec<i64> = self.app_passwords.keys().copied().collect();
            let times: Vec<i64> = self.app_passwords.values().copied().collect();
            tx.execute(include_str!("sql/put_app_password_uses.sql"), &[&ids, &times]).await?;
        }
        self.policy.write(tx).await
    }

    async fn write_quotas(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let (mut gone, mut uids) = (Vec::new(), Vec::new());
        let mut columns: [Vec<Option<i64>>; 4] = Default::default();
        for (uid, amounts) in &self.quotas {
            if amounts.contains(&Some(Amount::Unset)) {
                gone.push(i64::from(*uid));
                continue;
            }
            uids.push(i64::from(*uid));
            let [bytes, messages] = amounts.map(parts);
            let parts = [bytes.0, bytes.1, messages.0, messages.1];
            columns.iter_mut().zip(parts).for_each(|(column, part)| column.push(part));
        }
        if !gone.is_empty() {
            let statement = "DELETE FROM postcote.quota_usage WHERE uid = ANY ($1)";
            tx.execute(statement, &[&gone]).await?;
        }
        if !uids.is_empty() {
            let [set_bytes, add_bytes, set_messages, add_messages] = &columns;
            let change = include_str!("sql/change_quota_usage.sql");
            tx.execute(change, &[&uids, set_bytes, add_bytes, set_messages, add_messages]).await?;
            let begin = include_str!("sql/begin_quota_usage.sql");
            tx.execute(begin, &[&uids, set_bytes, set_messages]).await?;
        }
        Ok(())
    }
}

/// How far a journal was carried over; makes the row that says so.
///
/// # Errors
/// The database failed.
pub async fn position(client: &Client, journal: &str) -> Result<u64, Error> {
    let row = "INSERT INTO postcote.journal_position (journal, position) VALUES ($1, 0) \
               ON CONFLICT DO NOTHING";
    client.execute(row, &[&journal]).await?;
    let query = "SELECT position FROM postcote.journal_position WHERE journal = $1";
    let position: i64 = client.query_one(query, &[&journal]).await?.try_get(0)?;
    Ok(u64::try_from(position).unwrap_or(0))
}

/// Writes what stands in a journal between two positions. `false` if somebody has carried it over
/// from there already: then nothing was done.
///
/// # Errors
/// The database failed; whether it was done says the position.
pub async fn carry_over(
    client: &mut Client,
    journal: &str,
    (from, to): (u64, u64),
    batch: &Batch,
) -> Result<bool, Error> {
    let tx = client.transaction().await?;
    if !move_position(&tx, journal, (from, to)).await? {
        return Ok(false);
    }
    batch.write(&tx).await?;
    tx.commit().await?;
    Ok(true)
}

/// First of all, for whoever else carries the same journal over waits for this row.
async fn move_position(
    tx: &Transaction<'_>,
    journal: &str,
    (from, to): (u64, u64),
) -> Result<bool, Error> {
    let statement = "UPDATE postcote.journal_position SET position = $3, changed_at = now() \
                     WHERE journal = $1 AND position = $2";
    let signed = |position: u64| i64::try_from(position).unwrap_or(i64::MAX);
    Ok(tx.execute(statement, &[&journal, &signed(from), &signed(to)]).await? > 0)
}

/// Whether a server refused for what it was told, so that telling it again changes nothing.
pub fn is_refusal(error: &Error) -> bool {
    // Data exceptions and broken constraints.
    error.code().is_some_and(|code| code.code().starts_with("22") || code.code().starts_with("23"))
}

/// As [`carry_over`], but each thing for itself: what is refused is left out and told.
///
/// # Errors
/// The database failed; whether it was done says the position.
pub async fn carry_over_singly(
    client: &mut Client,
    journal: &str,
    (from, to): (u64, u64),
    batch: &Batch,
) -> Result<bool, Error> {
    let mut tx = client.transaction().await?;
    if !move_position(&tx, journal, (from, to)).await? {
        return Ok(false);
    }
    for one in batch.singly() {
        let attempt = tx.transaction().await?;
        match one.write(&attempt).await {
            Ok(()) => attempt.commit().await?,
            Err(error) if is_refusal(&error) => {
                log::journal_dropped(&chain(&error));
                attempt.rollback().await?;
            }
            Err(error) => return Err(error),
        }
    }
    tx.commit().await?;
    Ok(true)
}

/// What is set, and what is added.
fn parts(amount: Option<Amount>) -> (Option<i64>, Option<i64>) {
    match amount {
        Some(Amount::Set(to)) => (Some(to), None),
        Some(Amount::Add(more)) => (None, Some(more)),
        Some(Amount::Unset) | None => (None, None),
    }
}

/// Forgets a journal that is no more.
///
/// # Errors
/// The database failed.
pub async fn forget(client: &Client, journal: &str) -> Result<(), Error> {
    let statement = "DELETE FROM postcote.journal_position WHERE journal = $1";
    client.execute(statement, &[&journal]).await.map(drop)
}

/// What a mailbox holds; `None` if nobody has told, or if there is no such account.
///
/// # Errors
/// The database failed.
pub async fn quota(client: &Client, uid: Uid) -> Result<Option<QuotaUsage>, Error> {
    let query = "SELECT bytes, messages FROM postcote.quota_usage WHERE uid = $1";
    let row = client.query_opt(query, &[&uid]).await?;
    row.map(|row| {
        let count = |column| row.try_get::<_, i64>(column).map(|n| u64::try_from(n).unwrap_or(0));
        Ok(QuotaUsage { bytes: count(0)?, messages: count(1)? })
    })
    .transpose()
}

/// When an account logged in last, by service.
///
/// # Errors
/// The database failed.
pub async fn last_logins(client: &Client, uid: Uid) -> Result<Vec<(String, Timestamp)>, Error> {
    let query = "SELECT service, extract(epoch FROM at)::bigint FROM postcote.last_login \
                 WHERE uid = $1 ORDER BY service";
    let rows = client.query(query, &[&uid]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, Timestamp(row.try_get(1)?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_one_another() {
        use Amount::{Add, Set, Unset};
        let table: &[(&[Amount], Amount)] = &[
            (&[Add(5), Add(-3)], Add(2)),
            (&[Set(5), Add(-3)], Set(2)),
            (&[Add(5), Set(3)], Set(3)),
            (&[Unset, Set(3)], Set(3)),
            (&[Unset, Add(3)], Unset),
            (&[Set(3), Unset], Unset),
            (&[Unset, Add(1), Set(7), Add(1)], Set(8)),
            (&[Add(i64::MAX), Add(i64::MAX)], Add(i64::MAX)),
        ];
        for (amounts, expected) in table {
            let all = amounts.iter().copied().reduce(Amount::then);
            assert_eq!(all, Some(*expected), "{amounts:?}");
        }
    }
}
