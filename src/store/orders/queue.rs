//! The queue as its worker and its administrator see it.

use std::time::Duration;

use tokio_postgres::{Client, Error, GenericClient, Row, Transaction};

use crate::mail::{Gid, Timestamp, Uid};
use crate::store::orders::OrderKind;

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderState {
    /// To be carried out, perhaps again.
    Pending,
    /// Given up until somebody looks at it.
    Failed,
    /// Carried out.
    Done,
}

impl OrderState {
    /// The name in the database, in JSON and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Done => "done",
        }
    }
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number; smaller ones were ordered before.
    pub id: i64,
    /// What is to be done.
    pub kind: OrderKind,
    /// Whose home it is about; `None` is the directory of a domain.
    pub uid: Option<Uid>,
    /// The group of the files before the work.
    pub gid: Gid,
    /// The group of the files after a move, if it is another.
    pub new_gid: Option<Gid>,
    /// The account's address, or the domain's name, when it was ordered.
    pub address: String,
    /// The directory.
    pub home: String,
    /// Where a move takes it.
    pub new_home: Option<String>,
    /// How far it is.
    pub state: OrderState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, if it is pending.
    pub next_attempt: Timestamp,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// When it was ordered.
    pub created: Timestamp,
    /// When it was done.
    pub finished: Option<Timestamp>,
    /// The earlier order that must be done first.
    pub waits_for: Option<i64>,
}

impl Order {
    /// Whether it can be carried out now, if no worker has it.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state == OrderState::Pending && self.waits_for.is_none() && self.next_attempt <= now
    }
}

/// The account that an order is about, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// Its login.
    pub address: String,
    /// Where its mail lies.
    pub home: String,
    /// `maildir`, `mdbox` or `sdbox`.
    pub mailbox_format: String,
    /// The directory of the mail below the home.
    pub mailbox_root: String,
}

/// An order that is this worker's until the claim ends. A worker that dies, or whose connection
/// ends, loses it, and the order is as it was.
pub struct Claim<'a> {
    tx: Transaction<'a>,
    /// What is to be done.
    pub order: Order,
    /// The account, if there is one; for the directory of a domain, an account that still lives
    /// there.
    pub occupant: Option<Occupant>,
}

/// How the work on an order ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done. After a move between file systems the old copy remains, for an order of its own.
    Done {
        /// The directory to remove later.
        left_over: Option<String>,
    },
    /// It has to be tried again after a pause.
    Later {
        /// Why it failed.
        error: String,
        /// How long to wait.
        pause: Duration,
    },
    /// It makes no sense to try again.
    Failed {
        /// Why it failed.
        error: String,
    },
}

/// How many orders there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// To be carried out.
    pub pending: u64,
    /// Given up.
    pub failed: u64,
}

/// Which orders an administrator means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every one that is not done.
    All,
    /// These.
    Ids(Vec<i64>),
}

/// What an administrator's command found at one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touched {
    /// It was changed; this is how it was before.
    Changed(Order),
    /// It is done already.
    Done(Order),
    /// A worker has it just now.
    Busy(i64),
    /// There is no such order.
    Missing(i64),
}

/// Takes the order that has been due the longest, has no earlier one before it and is no other
/// worker's.
///
/// # Errors
/// The database failed.
pub async fn claim(client: &mut Client) -> Result<Option<Claim<'_>>, Error> {
    let tx = client.transaction().await?;
    // The work takes as long as it takes; without this the server might end the claim meanwhile.
    tx.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
    let Some(row) = tx.query_opt(include_str!("../sql/claim_order.sql"), &[]).await? else {
        return Ok(None);
    };
    let order = order(&row)?;
    let query = match order.kind {
        OrderKind::DeleteDomain => include_str!("../sql/order_occupant_of_domain.sql"),
        _ => include_str!("../sql/order_occupant.sql"),
    };
    let occupant = match order.uid {
        Some(uid) => tx.query_opt(query, &[&uid]).await?,
        None => tx.query_opt(query, &[&order.home]).await?,
    };
    let occupant = occupant.as_ref().map(occupant_of).transpose()?;
    Ok(Some(Claim { tx, order, occupant }))
}

impl Claim<'_> {
    /// Notes how the work ended, and ends the claim. With a move that is done, the account has its
    /// new home in the same moment.
    ///
    /// # Errors
    /// The database failed; the order is as it was before the claim.
    pub async fn settle(self, outcome: &Outcome) -> Result<(), Error> {
        let Self { tx, order, .. } = self;
        let id = order.id;
        match outcome {
            Outcome::Done { left_over } => {
                if let (Some(uid), Some(new_home)) = (order.uid, &order.new_home) {
                    let sql = include_str!("../sql/account_has_moved.sql");
                    tx.execute(sql, &[&uid, new_home]).await?;
                }
                if let Some(directory) = left_over {
                    let sql = "INSERT INTO postcote.mailbox_order (kind, gid, uid, address, home) \
                               SELECT 'delete', coalesce(new_gid, gid), uid, address, $2 \
                               FROM postcote.mailbox_order WHERE id = $1";
                    tx.execute(sql, &[&id, directory]).await?;
                }
                let sql = "UPDATE postcote.mailbox_order SET state = 'done', last_error = NULL, \
                           attempts = attempts + 1, finished_at = clock_timestamp() WHERE id = $1";
                tx.execute(sql, &[&id]).await?;
            }
            Outcome::Later { error, pause } => {
                let sql = "UPDATE postcote.mailbox_order SET attempts = attempts + 1, \
                           last_error = $2, \
                           next_attempt_at = clock_timestamp() + make_interval(secs => $3) \
                           WHERE id = $1";
                tx.execute(sql, &[&id, error, &pause.as_secs_f64()]).await?;
            }
            Outcome::Failed { error } => {
                let sql = "UPDATE postcote.mailbox_order SET state = 'failed', last_error = $2, \
                           attempts = attempts + 1 WHERE id = $1";
                tx.execute(sql, &[&id, error]).await?;
            }
        }
        tx.commit().await
    }

    /// Gives the order back as it was.
    ///
    /// # Errors
    /// The database failed, which gives it back, too.
    pub async fn release(self) -> Result<(), Error> {
        self.tx.rollback().await
    }
}

/// The orders that are not done, or all that are still known, in the order of their numbers.
///
/// # Errors
/// The database failed.
pub async fn list(client: &Client, which: Listed) -> Result<Vec<Order>, Error> {
    let rows = client
        .query(include_str!("../sql/list_orders.sql"), &[&(which == Listed::WithDone)])
        .await?;
    rows.iter().map(order).collect()
}

/// Which orders are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// Those that are not done.
    Open,
    /// Those that were done lately, too.
    WithDone,
}

/// How long it is until an order can be carried out that could not be yet; zero if one can now.
///
/// # Errors
/// The database failed.
pub async fn next_due(client: &Client) -> Result<Option<Duration>, Error> {
    let row = client.query_one(include_str!("../sql/next_order.sql"), &[]).await?;
    let seconds: Option<f64> = row.try_get(0)?;
    Ok(seconds.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO)))
}

/// How many orders there are.
///
/// # Errors
/// The database failed.
pub async fn counts(client: &impl GenericClient) -> Result<Counts, Error> {
    let sql = "SELECT count(*) FILTER (WHERE state = 'pending'), \
               count(*) FILTER (WHERE state = 'failed') \
               FROM postcote.mailbox_order WHERE state <> 'done'";
    let row = client.query_one(sql, &[]).await?;
    let number = |count: i64| count.unsigned_abs();
    Ok(Counts { pending: number(row.try_get(0)?), failed: number(row.try_get(1)?) })
}

/// Forgets orders that were done longer ago than this.
///
/// # Errors
/// The database failed.
pub async fn prune(client: &Client, keep: Duration) -> Result<u64, Error> {
    let sql = "DELETE FROM postcote.mailbox_order WHERE state = 'done' \
               AND finished_at < now() - make_interval(secs => $1)";
    client.execute(sql, &[&keep.as_secs_f64()]).await
}

/// Has orders carried out at once; those that had failed start anew, with all their tries.
///
/// # Errors
/// The database failed.
pub async fn retry(tx: &Transaction<'_>, which: &Which) -> Result<Vec<Touched>, Error> {
    touch(
        tx,
        which,
        "UPDATE postcote.mailbox_order SET state = 'pending', \
                      attempts = CASE state WHEN 'failed' THEN 0 ELSE attempts END, \
                      created_at = CASE state WHEN 'failed' THEN now() ELSE created_at END, \
                      next_attempt_at = now() WHERE id = ANY ($1)",
    )
    .await
}

/// Gives orders up for good. What comes after a move that is given up finds the home where it is.
///
/// # Errors
/// The database failed.
pub async fn drop_orders(tx: &Transaction<'_>, which: &Which) -> Result<Vec<Touched>, Error> {
    touch(tx, which, include_str!("../sql/drop_orders.sql")).await
}

async fn touch(tx: &Transaction<'_>, which: &Which, change: &str) -> Result<Vec<Touched>, Error> {
    let wanted: Option<&[i64]> = match which {
        Which::All => None,
        Which::Ids(ids) => Some(ids),
    };
    let locked = "SELECT id FROM postcote.mailbox_order WHERE state <> 'done' \
                  AND ($1::bigint[] IS NULL OR id = ANY ($1)) ORDER BY id FOR UPDATE SKIP LOCKED";
    let rows = tx.query(locked, &[&wanted]).await?;
    let ours: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
    let rows = tx.query(include_str!("../sql/named_orders.sql"), &[&wanted]).await?;
    let known: Vec<Order> = rows.iter().map(order).collect::<Result<_, _>>()?;
    tx.execute(change, &[&ours]).await?;
    let mut touched: Vec<Touched> = known
        .into_iter()
        .map(|order| match order.state {
            _ if ours.contains(&order.id) => Touched::Changed(order),
            OrderState::Done => Touched::Done(order),
            OrderState::Failed | OrderState::Pending => Touched::Busy(order.id),
        })
        .collect();
    for id in wanted.unwrap_or_default() {
        let known = touched.iter().any(|one| one.id() == *id);
        if !known {
            touched.push(Touched::Missing(*id));
        }
    }
    Ok(touched)
}

impl Touched {
    /// The number of the order.
    pub fn id(&self) -> i64 {
        match self {
            Self::Changed(order) | Self::Done(order) => order.id,
            Self::Busy(id) | Self::Missing(id) => *id,
        }
    }
}

fn order(row: &Row) -> Result<Order, Error> {
    let kind: &str = row.try_get("kind")?;
    let state: &str = row.try_get("state")?;
    let attempts: i32 = row.try_get("attempts")?;
    let states = [OrderState::Pending, OrderState::Failed, OrderState::Done];
    Ok(Order {
        id: row.try_get("id")?,
        // The schema has no other kinds and states.
        kind: OrderKind::ALL
            .into_iter()
            .find(|one| one.as_str() == kind)
            .unwrap_or(OrderKind::Create),
        uid: row.try_get("uid")?,
        gid: row.try_get("gid")?,
        new_gid: row.try_get("new_gid")?,
        address: row.try_get("address")?,
        home: row.try_get("home")?,
        new_home: row.try_get("new_home")?,
        state: states.into_iter().find(|one| one.as_str() == state).unwrap_or(OrderState::Failed),
        attempts: attempts.unsigned_abs(),
        next_attempt: Timestamp(row.try_get("next_attempt")?),
        last_error: row.try_get("last_error")?,
        created: Timestamp(row.try_get("created")?),
        finished: row.try_get::<_, Option<i64>>("finished")?.map(Timestamp),
        waits_for: row.try_get("waits_for")?,
    })
}

fn occupant_of(row: &Row) -> Result<Occupant, Error> {
    Ok(Occupant {
        address: row.try_get("address")?,
        home: row.try_get("home")?,
        mailbox_format: row.try_get("mailbox_format")?,
        mailbox_root: row.try_get("mailbox_root")?,
    })
}
