//! What the policy service writes back: what was sent, to whom, and who has come back.
//!
//! What was sent is told as a whole for each minute, so it may be written twice. Only how often a
//! network has come back is added up.

use std::collections::BTreeMap;

use tokio_postgres::{Error, Transaction};

use crate::mail::policy::{Network, Sent, Subject};
use crate::mail::{Timestamp, Uid};

/// One thing that the policy service wants to know later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyWrite {
    /// Somebody was told to wait, or has come back.
    Greylisted {
        /// Who, to whom, from where, as a hash.
        triplet: i64,
        /// When it was told to wait.
        first: Timestamp,
        /// When it last came back.
        passed: Option<Timestamp>,
    },
    /// Somebody in a network has come back, or was there again.
    NetworkPassed {
        /// The network.
        network: Network,
        /// How many more have come back.
        passes: u32,
        /// When.
        at: Timestamp,
    },
    /// Mail was sent.
    Sent {
        /// The number that this process has made up.
        writer: i64,
        /// What it has counted.
        totals: Vec<SentWithin>,
    },
    /// An account has written to somebody.
    WroteTo {
        /// The account.
        uid: Uid,
        /// Hashes of the addresses.
        recipients: Vec<i64>,
        /// The day, in days since 1970-01-01.
        day: i32,
    },
}

/// All that a process has counted for somebody within a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentWithin {
    /// Who has sent it.
    pub subject: Subject,
    /// Minutes since 1970-01-01 00:00 UTC.
    pub minute: i64,
    /// All of it.
    pub sent: Sent,
}

/// Several writes as one, each thing once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PolicyBatch {
    greylist: BTreeMap<i64, (i64, Option<i64>)>,
    networks: BTreeMap<Network, (i64, i64)>,
    /// By subject, minute and writer.
    sent: BTreeMap<(Subject, i64, i64), Sent>,
    sent_to: BTreeMap<(Uid, i64), i32>,
}

impl PolicyBatch {
    /// Adds one more.
    pub(super) fn push(&mut self, write: &PolicyWrite) {
        match write {
            PolicyWrite::Greylisted { triplet, first, passed } => {
                let known = self.greylist.entry(*triplet).or_insert((first.0, None));
                *known = (known.0.max(first.0), known.1.max(passed.map(|at| at.0)));
            }
            PolicyWrite::NetworkPassed { network, passes, at } => {
                let known = self.networks.entry(*network).or_insert((0, at.0));
                *known = (known.0.saturating_add((*passes).into()), known.1.max(at.0));
            }
            PolicyWrite::Sent { writer, totals } => {
                for SentWithin { subject, minute, sent } in totals {
                    let known = self.sent.entry((*subject, *minute, *writer)).or_default();
                    *known = known.greatest(*sent);
                }
            }
            PolicyWrite::WroteTo { uid, recipients, day } => {
                for recipient in recipients {
                    let known = self.sent_to.entry((*uid, *recipient)).or_insert(*day);
                    *known = *day.max(known);
                }
            }
        }
    }

    /// Each thing for itself.
    pub(super) fn singly(&self) -> impl Iterator<Item = Self> {
        let triplets = self
            .greylist
            .iter()
            .map(|(key, known)| Self { greylist: [(*key, *known)].into(), ..Self::default() });
        let networks = self
            .networks
            .iter()
            .map(|(key, known)| Self { networks: [(*key, *known)].into(), ..Self::default() });
        let sent = self
            .sent
            .iter()
            .map(|(key, sent)| Self { sent: [(*key, *sent)].into(), ..Self::default() });
        let sent_to = self
            .sent_to
            .iter()
            .map(|(key, day)| Self { sent_to: [(*key, *day)].into(), ..Self::default() });
        triplets.chain(networks).chain(sent).chain(sent_to)
    }

    pub(super) async fn write(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        if !self.sent.is_empty() {
            self.write_sent(tx).await?;
        }
        if !self.sent_to.is_empty() {
            let uids: Vec<i64> = self.sent_to.keys().map(|(uid, _)| uid.0.into()).collect();
            let recipients: Vec<i64> = self.sent_to.keys().map(|(_, hash)| *hash).collect();
            let days: Vec<i32> = self.sent_to.values().copied().collect();
            tx.execute(include_str!("sql/put_sent_to.sql"), &[&uids, &recipients, &days]).await?;
        }
        if !self.greylist.is_empty() {
            let triplets: Vec<i64> = self.greylist.keys().copied().collect();
            let firsts: Vec<i64> = self.greylist.values().map(|(first, _)| *first).collect();
            let passed: Vec<Option<i64>> = self.greylist.values().map(|(_, at)| *at).collect();
            let statement = include_str!("sql/put_greylist.sql");
            tx.execute(statement, &[&triplets, &firsts, &passed]).await?;
        }
        if !self.networks.is_empty() {
            let networks: Vec<String> = self.networks.keys().map(ToString::to_string).collect();
            let passes: Vec<i64> = self.networks.values().map(|(passes, _)| *passes).collect();
            let times: Vec<i64> = self.networks.values().map(|(_, at)| *at).collect();
            let statement = include_str!("sql/put_greylist_clients.sql");
            tx.execute(statement, &[&networks, &passes, &times]).await?;
        }
        Ok(())
    }

    async fn write_sent(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let kinds: Vec<&str> = self.sent.keys().map(|(who, ..)| who.key().0).collect();
        let ids: Vec<i64> = self.sent.keys().map(|(who, ..)| who.key().1).collect();
        let minutes: Vec<i64> = self.sent.keys().map(|(_, minute, _)| *minute).collect();
        let writers: Vec<i64> = self.sent.keys().map(|(.., writer)| *writer).collect();
        let column = |of: fn(&Sent) -> u64| -> Vec<i64> {
            self.sent.values().map(|sent| i64::try_from(of(sent)).unwrap_or(i64::MAX)).collect()
        };
        let messages = column(|sent| sent.messages);
        let recipients = column(|sent| sent.recipients);
        let bytes = column(|sent| sent.bytes);
        let new_recipients = column(|sent| sent.new_recipients);
        let statement = include_str!("sql/put_sent.sql");
        tx.execute(
            statement,
            &[&kinds, &ids, &minutes, &writers, &messages, &recipients, &bytes, &new_recipients],
        )
        .await
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_told_as_a_whole_the_greatest_stands() {
        let sent = |messages, bytes| Sent { messages, bytes, ..Sent::default() };
        let subject = Subject::Account(Uid(70000));
        let told = |sent| PolicyWrite::Sent {
            writer: 5,
            totals: vec![SentWithin { subject, minute: 9, sent }],
        };
        let mut batch = PolicyBatch::default();
        for sent in [sent(1, 100), sent(3, 300), sent(2, 200)] {
            batch.push(&told(sent));
        }
        assert_eq!(batch.sent, [((subject, 9, 5), sent(3, 300))].into());
    }

    #[test]
    fn who_comes_back_is_added_up_by_network_and_kept_by_triplet() {
        let network: Network = "192.0.2.0/24".parse().unwrap();
        let at = Timestamp;
        let mut batch = PolicyBatch::default();
        for (first, passed) in [(5, None), (5, Some(at(400))), (7, None)] {
            batch.push(&PolicyWrite::Greylisted { triplet: 1, first: at(first), passed });
            let passes = u32::from(passed.is_some());
            batch.push(&PolicyWrite::NetworkPassed { network, passes, at: at(first) });
        }
        assert_eq!(batch.greylist, [(1, (7, Some(400)))].into());
        assert_eq!(batch.networks, [(network, (1, 7))].into());
        assert_eq!(batch.singly().count(), 2);
    }
}
