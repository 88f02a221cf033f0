//! Transactions under way on one connection: changes are gathered until the commit.

use std::collections::BTreeMap;

use crate::protocol::ProtocolError;

/// A change to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Adds to a number; if there is none the whole transaction is "not found".
    Add {
        /// The key.
        key: Vec<u8>,
        /// How much; may be negative.
        by: i64,
    },
    /// Adds to the end of a text.
    Append {
        /// The key.
        key: Vec<u8>,
        /// The addition.
        value: Vec<u8>,
    },
    /// Sets a value.
    Set {
        /// The key.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Removes a value; if there is none that is as well.
    Unset {
        /// The key.
        key: Vec<u8>,
    },
}

/// A transaction that is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Whose keys it changes.
    pub user: Vec<u8>,
    /// After how many seconds what it sets may go; 0 for never.
    pub expire: u64,
    /// When the client made the changes, in seconds and nanoseconds since 1970, if it told.
    pub written: Option<(u64, u32)>,
    /// The changes, in their order; `None` if they were too many to be remembered, so that it must
    /// fail.
    pub changes: Option<Vec<Change>>,
}

/// The transactions under way on one connection.
#[derive(Debug, Default)]
pub struct Transactions {
    open: BTreeMap<u32, Transaction>,
    /// How many bytes their changes have, about.
    bytes: usize,
}

impl Transactions {
    /// The most transactions under way on a connection, as in Dovecot.
    pub const MAX_OPEN: usize = 1000;
    /// The most bytes of changes under way on a connection. A mail process has a handful of small
    /// changes.
    pub const MAX_BYTES: usize = 1 << 20;

    /// A transaction begins.
    ///
    /// # Errors
    /// Its number is taken, or there are too many: the connection is to be closed.
    pub fn begin(&mut self, id: u32, user: Vec<u8>, expire: u64) -> Result<(), ProtocolError> {
        if self.open.contains_key(&id) || self.open.len() >= Self::MAX_OPEN {
            return Err(ProtocolError::Malformed);
        }
        let changes = Some(Vec::new());
        self.open.insert(id, Transaction { user, expire, written: None, changes });
        Ok(())
    }

    /// Takes in a change.
    ///
    /// # Errors
    /// There is no such transaction: the connection is to be closed.
    pub fn write(&mut self, id: u32, change: Change) -> Result<(), ProtocolError> {
        let transaction = self.open.get_mut(&id).ok_or(ProtocolError::Malformed)?;
        let Some(changes) = &mut transaction.changes else { return Ok(()) };
        let bytes = change.bytes();
        if self.bytes + bytes <= Self::MAX_BYTES {
            self.bytes += bytes;
            changes.push(change);
        } else {
            self.bytes -= transaction.bytes();
            transaction.changes = None;
        }
        Ok(())
    }

    /// Takes in when the changes were made.
    ///
    /// # Errors
    /// There is no such transaction: the connection is to be closed.
    pub fn written(&mut self, id: u32, at: (u64, u32)) -> Result<(), ProtocolError> {
        let transaction = self.open.get_mut(&id).ok_or(ProtocolError::Malformed)?;
        transaction.written = Some(at);
        Ok(())
    }

    /// Takes a transaction out, to be kept or forgotten.
    ///
    /// # Errors
    /// There is no such transaction: the connection is to be closed.
    pub fn end(&mut self, id: u32) -> Result<Transaction, ProtocolError> {
        let transaction = self.open.remove(&id).ok_or(ProtocolError::Malformed)?;
        self.bytes -= transaction.bytes();
        Ok(transaction)
    }
}

impl Transaction {
    fn bytes(&self) -> usize {
        self.changes.iter().flatten().map(Change::bytes).sum()
    }
}

impl Change {
    /// The key.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Add { key, .. }
            | Self::Append { key, .. }
            | Self::Set { key, .. }
            | Self::Unset { key } => key,
        }
    }

    fn bytes(&self) -> usize {
        let value = match self {
            Self::Append { value, .. } | Self::Set { value, .. } => value.len(),
            Self::Add { .. } | Self::Unset { .. } => 0,
        };
        size_of::<Self>() + self.key().len() + value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(length: usize) -> Change {
        Change::Set { key: b"k".into(), value: vec![b'x'; length] }
    }

    #[test]
    fn changes_are_kept_in_their_order() {
        let mut transactions = Transactions::default();
        transactions.begin(1, b"alice".into(), 0).unwrap();
        transactions.begin(2, b"bob".into(), 3600).unwrap();
        let unset = Change::Unset { key: b"k".into() };
        transactions.write(1, unset.clone()).unwrap();
        transactions.write(2, set(1)).unwrap();
        transactions.written(1, (1_700_000_000, 5)).unwrap();
        transactions.write(1, set(2)).unwrap();
        let alice = Transaction {
            user: b"alice".into(),
            expire: 0,
            written: Some((1_700_000_000, 5)),
            changes: Some(vec![unset, set(2)]),
        };
        assert_eq!(transactions.end(1), Ok(alice));
        let bob = transactions.end(2).unwrap();
        assert_eq!((bob.expire, bob.changes), (3600, Some(vec![set(1)])));
        assert_eq!(transactions.bytes, 0);
    }

    #[test]
    fn numbers_are_used_once_at_a_time() {
        let gone = Err(ProtocolError::Malformed);
        let mut transactions = Transactions::default();
        assert_eq!(transactions.write(1, set(1)), gone);
        assert_eq!(transactions.written(1, (0, 0)), gone);
        assert_eq!(transactions.end(1).map(drop), gone);
        transactions.begin(1, vec![], 0).unwrap();
        assert_eq!(transactions.begin(1, vec![], 0), gone);
        transactions.end(1).unwrap();
        transactions.begin(1, vec![], 0).unwrap();
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut transactions = Transactions::default();
        transactions.begin(0, vec![], 0).unwrap();
        for _ in 0..100 {
            transactions.write(0, set(60_000)).unwrap();
            assert!(transactions.bytes <= Transactions::MAX_BYTES);
        }
        transactions.begin(1, vec![], 0).unwrap();
        transactions.write(1, set(60_000)).unwrap();
        assert_eq!(transactions.end(0).unwrap().changes, None, "too large is not half");
        assert_eq!(transactions.end(1).unwrap().changes, Some(vec![set(60_000)]));
        assert_eq!(transactions.bytes, 0);
        for id in 0..1000 {
            transactions.begin(id, vec![], 0).unwrap();
        }
        assert_eq!(transactions.begin(1000, vec![], 0), Err(ProtocolError::Malformed));
    }
}
