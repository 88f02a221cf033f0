//! Takes orders and notes how they ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::{Client, Error};

use crate::config::Config;
use crate::disk::{Base, DiskError, Step, Watch};
use crate::orders::backoff;
use crate::orders::execute::{Done, Homes, Undone, execute};
use crate::store::orders::{self, Order, OrderKind, Outcome};
use crate::telemetry::log;
use crate::telemetry::metrics::{self, OrderOutcome, OrderWork};

/// Carries out orders.
#[derive(Clone)]
pub struct Worker {
    homes: Arc<Homes>,
    watch: Arc<dyn Watch + Send + Sync>,
}

/// An order that was tried, and how that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The order, as it was before.
    pub order: Order,
    /// How it ended.
    pub outcome: Outcome,
    /// What is worth saying about it.
    pub note: Option<&'static str>,
}

/// Ends the work at the next step on the disk, as a watch of the worker.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Nothing further is begun.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Watch for Stop {
    fn before(&self, _: Step) -> Result<(), DiskError> {
        if self.0.load(Ordering::Relaxed) { Err(DiskError::Stopped) } else { Ok(()) }
    }
}

impl Worker {
    /// A worker that is told by `watch` when to stop.
    pub fn new(config: &Config, watch: impl Watch + Send + 'static) -> Self {
        let accounts = &config.accounts;
        let homes = Homes {
            base: Base::new(&accounts.base_directory),
            folders: accounts.folders.clone(),
            subscribe: accounts.subscribe,
            doveadm: config.orders.doveadm.clone(),
        };
        Self { homes: Arc::new(homes), watch: Arc::new(watch) }
    }

    /// Carries out the order that has been due the longest; `None` if none is, or if the worker
    /// was told to stop.
    ///
    /// # Errors
    /// The database failed. What was done on the disk is found again by whoever comes next.
    pub async fn run_one(&self, client: &mut Client) -> Result<Option<Ran>, Error> {
        let Some(claim) = orders::claim(client).await? else { return Ok(None) };
        let order = claim.order.clone();
        let done = execute(&self.homes, &self.watch, &order, claim.occupant.as_ref()).await;
        let done = done.and_then(|done| Ok(self.watch.before(Step::Settle).map(|()| done)?));
        let (outcome, note) = match done {
            Ok(Done { left_over, note }) => {
                let left_over = left_over.map(|path| path.to_string_lossy().into_owned());
                (Outcome::Done { left_over }, note)
            }
            Err(Undone::Refused(error)) => (Outcome::Failed { error }, None),
            Err(Undone::Failed(error)) => (later(order.attempts + 1, error), None),
            Err(Undone::Stopped) => {
                claim.release().await?;
                return Ok(None);
            }
        };
        claim.settle(&outcome).await?;
        tell(&order, &outcome, note);
        Ok(Some(Ran { order, outcome, note }))
    }
}

fn later(tries: u32, error: String) -> Outcome {
    match backoff::pause(tries) {
        Some(pause) => Outcome::Later { error, pause },
        None => Outcome::Failed { error: format!("given up after {tries} tries: {error}") },
    }
}

fn tell(order: &Order, outcome: &Outcome, note: Option<&str>) {
    let kind = order.kind.as_str();
    let ended = match outcome {
        Outcome::Done { .. } => {
            log::order_done(order.id, kind, &order.address, note);
            OrderOutcome::Done
        }
        Outcome::Later { error, pause } => {
            log::order_postponed(order.id, kind, *pause, error);
            OrderOutcome::Postponed
        }
        Outcome::Failed { error } => {
            log::order_failed(order.id, kind, error);
            OrderOutcome::Failed
        }
    };
    let work = match order.kind {
        OrderKind::Create => OrderWork::Create,
        OrderKind::Delete => OrderWork::Delete,
        OrderKind::DeleteDomain => OrderWork::DeleteDomain,
        OrderKind::Move => OrderWork::Move,
    };
    metrics::orders_total(work, ended).increment(1);
}
