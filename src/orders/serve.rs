//! A worker inside the daemon: woken by the database, and looking by itself now and then.

use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::config::Config;
use crate::orders::{Stop, Worker};
use crate::store::Link;
use crate::store::connect::{Messages, chain};
use crate::store::orders;
use crate::telemetry::log;
use crate::telemetry::metrics;

/// How long orders that are done can still be listed.
pub const KEEP: Duration = Duration::from_hours(24 * 7);
/// How often older ones are forgotten.
const PRUNE: Duration = Duration::from_hours(1);
/// How often orders are counted while there is work.
const COUNT: Duration = Duration::from_secs(5);
/// Another worker may hold the order that is due; looking again at once would find it so.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long to wait before the database is tried again, at first and at most.
const RECONNECT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Carries out orders until it is dropped. Work under way then stops at its next step, and is
/// found again by whoever comes next.
pub async fn serve(config: &Config, link: &Link) {
    let stop = Stopper(Stop::default());
    let worker = Worker::new(config, stop.0.clone());
    let mut pause = RECONNECT.0;
    let mut told = String::new();
    loop {
        let begun = Instant::now();
        let reason = match link.connect().await {
            Ok((client, messages)) => {
                follow(&worker, client, messages, config.orders.interval).await
            }
            Err(error) => error.to_string(),
        };
        // The same failure again is no news.
        if told != reason {
            log::orders_interrupted(&reason);
            told = reason;
        }
        if begun.elapsed() > RECONNECT.1 {
            pause = RECONNECT.0;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT.1);
    }
}

/// Stops the work on the disk together with the task that waits for it.
struct Stopper(Stop);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Works on one connection until it ends, and says why it ended.
async fn follow(
    worker: &Worker,
    mut client: Client,
    mut messages: Messages,
    interval: Duration,
) -> String {
    // A pooler that does not support it is no reason to stop: there is the interval.
    let _ = client.batch_execute("LISTEN postcote_order").await;
    let mut prune = Instant::now();
    loop {
        let due = match round(worker, &mut client, &mut prune).await {
            Ok(due) => due,
            Err(error) => return reason(&error),
        };
        let wait = due.unwrap_or(interval).clamp(SHORTEST, interval.max(SHORTEST));
        match tokio::time::timeout(wait, messages.next()).await {
            Err(_) | Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return chain(&error),
            Ok(None) => return "the connection was closed".to_owned(),
        }
        // One look serves all the notifications that are there.
        while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::ZERO, messages.next()).await {}
    }
}

/// Carries out what is due, and says when to come again.
async fn round(
    worker: &Worker,
    client: &mut Client,
    prune: &mut Instant,
) -> Result<Option<Duration>, tokio_postgres::Error> {
    let mut counted = None::<Instant>;
    loop {
        let ran = worker.run_one(client).await?;
        // Counting a hundred thousand after each one would take longer than the work.
        if ran.is_none() || counted.is_none_or(|at| at.elapsed() > COUNT) {
            let counts = orders::counts(client).await?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            {
                metrics::orders_pending().set(counts.pending as f64);
                metrics::orders_failed().set(counts.failed as f64);
            }
            counted = Some(Instant::now());
        }
        if ran.is_none() {
            break;
        }
    }
    if *prune <= Instant::now() {
        *prune = Instant::now() + PRUNE;
        orders::prune(client, KEEP).await?;
    }
    orders::next_due(client).await
}

fn reason(error: &tokio_postgres::Error) -> String {
    if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) {
        return format!("{}; the database user lacks the role `postcote_admin`", chain(error));
    }
    chain(error)
}
