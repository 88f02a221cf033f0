//! The queue of work on the file system that committed changes still need.
//!
//! Whoever changes the data writes its orders in the same transaction, so neither half is lost:
//! a change that is rolled back leaves no order, and an order outlives the process that wrote it.
//! Work on one account is done in the order in which it was ordered.

mod queue;

use tokio_postgres::{Error, Transaction};

use crate::mail::{Gid, Uid};

pub use queue::{
    Claim, Counts, Listed, Occupant, Order, OrderState, Outcome, Touched, Which, claim, counts,
    drop_orders, list, next_due, prune, retry,
};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderKind {
    /// Make the home and the mailbox of an account.
    Create,
    /// Remove the home of an account with all mail.
    Delete,
    /// Remove the directory of a domain with everything that is left in it.
    DeleteDomain,
    /// Take the home of an account to another place.
    Move,
}

impl OrderKind {
    /// All of them, by name.
    pub const ALL: [Self; 4] = [Self::Create, Self::Delete, Self::DeleteDomain, Self::Move];

    /// The name in the database, in JSON and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteDomain => "delete-domain",
            Self::Move => "move",
        }
    }
}

/// Where the home of an account was before it changed its domain.
#[derive(Clone, Copy, Debug)]
pub struct OldHome<'a> {
    /// The domain whose group the files have.
    pub gid: Gid,
    /// The absolute path.
    pub path: &'a str,
}

/// Orders the homes of accounts that this transaction has made.
///
/// # Errors
/// The database failed.
pub async fn create(tx: &Transaction<'_>, uids: &[Uid]) -> Result<(), Error> {
    tx.execute(include_str!("sql/order_create.sql"), &[&uids]).await.map(drop)
}

/// Orders the removal of the homes of accounts. Must come before the accounts are deleted: the
/// order says where they are, or where a move that is not done yet will take them.
///
/// # Errors
/// The database failed.
pub async fn delete(tx: &Transaction<'_>, uids: &[Uid]) -> Result<(), Error> {
    tx.execute(include_str!("sql/order_delete.sql"), &[&uids]).await.map(drop)
}

/// Orders the removal of a domain's directory, which waits for the orders before it that concern
/// the domain. Must come before the domain is deleted, and after [`delete`] of its accounts.
///
/// # Errors
/// The database failed.
pub async fn delete_domain(tx: &Transaction<'_>, gid: Gid) -> Result<(), Error> {
    tx.execute(include_str!("sql/order_delete_domain.sql"), &[&gid]).await.map(drop)
}

/// Orders that the home of an account goes where its domain has its homes, and pins the account
/// to the old place until that is done. Must come after the account got its new domain. Nothing
/// is ordered if the home is there already.
///
/// # Errors
/// The database failed.
pub async fn move_home(tx: &Transaction<'_>, uid: Uid, from: OldHome<'_>) -> Result<(), Error> {
    let pin = "UPDATE postcote.account SET home = $2 WHERE uid = $1";
    tx.execute(pin, &[&uid, &from.path]).await?;
    tx.execute(include_str!("sql/order_move.sql"), &[&uid, &from.path, &from.gid]).await.map(drop)
}

/// Withdraws what was ordered for an account, or for all of a domain, and makes no sense without
/// it: nobody must make the home of an account that is gone.
///
/// # Errors
/// The database failed.
pub async fn withdraw(tx: &Transaction<'_>, gid: Gid, uid: Option<Uid>) -> Result<(), Error> {
    let statement = "DELETE FROM postcote.mailbox_order WHERE kind = 'create' \
                     AND state <> 'done' AND gid = $1 AND ($2::bigint IS NULL OR uid = $2)";
    tx.execute(statement, &[&gid, &uid]).await.map(drop)
}
