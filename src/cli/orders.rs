//! `postcote orders`: the work on the file system.

use clap::{Args, Subcommand};
use tokio_postgres::{Client, Error, Transaction};

use crate::admin::{AdminError, Format};
use crate::cli::serve::{connect, runtime};
use crate::config::Config;
use crate::disk::{Unwatched, missing_rights};
use crate::exit::{Exit, Failure};
use crate::handler::now;
use crate::orders::report::{self, Report};
use crate::orders::{KEEP, Worker};
use crate::store::orders::{self, Listed, Order, Outcome, Touched, Which};
use crate::telemetry::progress::Progress;
use crate::terminal;

/// Carries out and manages the work on the file system that changes have ordered.
///
/// `postcote admin` changes the database and leaves an order for the file system: make, move or
/// delete a home. Orders are carried out by `postcote orders run`, or by the daemon if it may, and
/// tried again for about a day when that fails.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  postcote orders run
  postcote orders list
  postcote orders retry --all")]
pub(super) struct Orders {
    #[command(subcommand)]
    verb: Verb,
    /// Prints JSON: one object, whose fields are added to and never changed
    #[arg(long, global = true, display_order = 900)]
    json: bool,
    /// Says what it would do, and does nothing
    #[arg(long, global = true, display_order = 901)]
    dry_run: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Carries out every order that is due, once
    ///
    /// Needs the rights to give files away: run it as root, or with `CAP_CHOWN`, `CAP_DAC_OVERRIDE`
    /// and `CAP_FOWNER`, and with a database user that has the role `postcote_admin`. Any number of them
    /// may run at the same time.
    ///
    /// Exit codes: 0 when nothing is left to do, 75 when orders are left to be tried later, 1 when an
    /// order has failed for good, 77 without the rights.
    #[command(after_long_help = "\
Examples:
  postcote orders run
  postcote orders run --limit 1000
  postcote orders run --dry-run")]
    Run {
        /// Carries out so many at most
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// Lists the orders that are not done
    #[command(after_long_help = "\
Examples:
  postcote orders list
  postcote orders list --all
  postcote orders list --json | jq .failed")]
    List {
        /// Lists those that were done within the last seven days, too
        #[arg(long)]
        all: bool,
    },
    /// Has orders carried out at once; those that had failed start anew
    ///
    /// While a home is to be moved its mail waits: for another day if the move is ordered anew. If one
    /// of the numbers is refused, nothing is done about the others either.
    #[command(after_long_help = "\
Examples:
  postcote orders retry 17
  postcote orders retry --all")]
    Retry {
        /// The numbers of the orders
        #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<i64>,
        /// Every order that is not done
        #[arg(long)]
        all: bool,
    },
    /// Gives orders up for good, and says what follows
    ///
    /// What was to be made is not made, what was to be deleted stays, and an account that was to be
    /// moved stays where its home is. What was ordered after it for the same account goes on. If one of
    /// the numbers is refused, nothing is done about the others either.
    #[command(after_long_help = "\
Examples:
  postcote orders drop 17
  postcote orders drop 18 19")]
    Drop {
        /// The numbers of the orders
        #[arg(value_name = "ID", required = true)]
        ids: Vec<i64>,
    },
}

/// More orders than this are not told one by one, unless they fail.
const MANY: u64 = 100;

/// What a command has to say.
struct Told {
    data: String,
    words: String,
    exit: Exit,
}

impl Orders {
    pub(super) fn run(&self, config: &Config) -> Result<Exit, Failure> {
        if matches!(self.verb, Verb::Run { .. }) && !self.dry_run {
            check_rights()?;
        }
        let told = runtime()?.block_on(async {
            let mut client = connect(config).await?;
            self.perform(config, &mut client).await.map_err(failed)
        })?;
        terminal::say(&told.words);
        terminal::print(&told.data)?;
        Ok(told.exit)
    }

    async fn perform(&self, config: &Config, client: &mut Client) -> Result<Told, Error> {
        match &self.verb {
            Verb::Run { limit } if self.dry_run => self.due(client, *limit).await,
            Verb::Run { limit } => self.carry_out(config, client, *limit).await,
            Verb::List { all } => self.list(client, *all).await,
            Verb::Retry { ids, all } => {
                let which = if *all { Which::All } else { Which::Ids(ids.clone()) };
                let be = if self.dry_run { "would be" } else { "will be" };
                self.touch(client, "orders retry", &which, orders::retry, |order| {
                    format!("order {} {be} tried at once: {}", order.id, report::task(order))
                })
                .await
            }
            Verb::Drop { ids } => {
                let which = Which::Ids(ids.clone());
                let dropped = if self.dry_run { "would drop" } else { "dropped" };
                self.touch(client, "orders drop", &which, orders::drop_orders, |order| {
                    let (id, task) = (order.id, report::task(order));
                    let warning = report::consequence(order);
                    format!("{dropped} order {id}: {task}\nwarning: {warning}")
                })
                .await
            }
        }
    }

    async fn list(&self, client: &Client, all: bool) -> Result<Told, Error> {
        let listed = if all { Listed::WithDone } else { Listed::Open };
        let list = orders::list(client, listed).await?;
        let counts = orders::counts(client).await?;
        let (mut data, mut words) = (String::new(), String::new());
        if self.json {
            data = Report::listed(&list, counts).json();
        } else if list.is_empty() {
            "note: there is nothing to list\n".clone_into(&mut words);
        } else {
            data = report::table(&list, now(), width());
        }
        Ok(Told { data, words, exit: Exit::Done })
    }

    /// Says what a run would do.
    async fn due(&self, client: &Client, limit: Option<u64>) -> Result<Told, Error> {
        let counts = orders::counts(client).await?;
        let mut due = orders::list(client, Listed::Open).await?;
        due.retain(|order| order.is_due(now()));
        due.truncate(limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX));
        let lines: Vec<_> =
            due.iter().map(|order| format!("would {}", report::task(order))).collect();
        let words = match lines.join("\n") {
            none if none.is_empty() => "note: nothing is due\n".to_owned(),
            lines => lines + "\n",
        };
        Ok(if self.json {
            Told { data: Report::due(&due, counts).json(), words: String::new(), exit: Exit::Done }
        } else {
            Told { data: String::new(), words, exit: Exit::Done }
        })
    }

    async fn carry_out(
        &self,
        config: &Config,
        client: &mut Client,
        limit: Option<u64>,
    ) -> Result<Told, Error> {
        let worker = Worker::new(config, Unwatched);
        let pending = orders::counts(client).await?.pending;
        let expected = limit.map_or(pending, |limit| limit.min(pending));
        let progress = Progress::begin("orders", usize::try_from(expected).unwrap_or(usize::MAX));
        let mut all = Vec::new();
        while limit.is_none_or(|limit| (all.len() as u64) < limit) {
            let Some(ran) = worker.run_one(client).await? else { break };
            let done = matches!(ran.outcome, Outcome::Done { .. });
            progress.advance(1);
            if !(self.json || done && expected > MANY) {
                progress.aside(|| terminal::say(&report::told(&ran)));
            }
            all.push(ran);
        }
        drop(progress);
        orders::prune(client, KEEP).await?;
        let counts = orders::counts(client).await?;
        let failed = all.iter().any(|ran| matches!(ran.outcome, Outcome::Failed { .. }));
        let exit = match (failed, counts.pending) {
            (true, _) => Exit::Refused,
            (false, 0) => Exit::Done,
            (false, _) => Exit::Temporary,
        };
        Ok(if self.json {
            Told { data: Report::ran(&all, counts).json(), words: String::new(), exit }
        } else {
            let mut words = String::new();
            let done = all.iter().filter(|ran| matches!(ran.outcome, Outcome::Done { .. })).count();
            if expected > MANY {
                words = format!("done: {done} orders\n");
            }
            Told { data: String::new(), words: words + &report::rest(counts), exit }
        })
    }

    /// Does something to orders: to all that were named, or to none.
    async fn touch(
        &self,
        client: &mut Client,
        command: &'static str,
        which: &Which,
        change: impl AsyncFnOnce(&Transaction<'_>, &Which) -> Result<Vec<Touched>, Error>,
        told: impl Fn(&Order) -> String,
    ) -> Result<Told, Error> {
        let tx = client.transaction().await?;
        let mut touched = change(&tx, which).await?;
        let exit = if *which == Which::All { Exit::Done } else { refusal(&touched) };
        let counts = orders::counts(&tx).await?;
        let (counts, note) = if exit == Exit::Done {
            if self.dry_run {
                tx.rollback().await?;
            } else {
                tx.commit().await?;
            }
            (counts, if touched.is_empty() { "note: there is nothing to do\n" } else { "" })
        } else {
            tx.rollback().await?;
            let tried = touched.len();
            touched.retain(|one| !matches!(one, Touched::Changed(_)));
            let note = if touched.len() < tried { "note: nothing was changed\n" } else { "" };
            (orders::counts(client).await?, note)
        };
        if self.json {
            let data = Report::touched(command, &touched, counts, self.dry_run).json();
            return Ok(Told { data, words: String::new(), exit });
        }
        let lines = touched.iter().map(|one| match one {
            Touched::Changed(order) => told(order) + "\n",
            Touched::Done(order) => format!("error: order {} is done already\n", order.id),
            Touched::Busy(id) if exit == Exit::Done => {
                format!("note: order {id} is being carried out just now\n")
            }
            Touched::Busy(id) => format!("error: order {id} is being carried out just now\n"),
            Touched::Missing(id) => format!("error: there is no order {id}\n"),
        });
        Ok(Told { data: String::new(), words: lines.collect::<String>() + note, exit })
    }
}

/// What becomes of a command that named these orders.
fn refusal(touched: &[Touched]) -> Exit {
    let mut exit = Exit::Done;
    for one in touched {
        match one {
            Touched::Busy(_) if exit == Exit::Done => exit = Exit::Temporary,
            Touched::Busy(_) | Touched::Changed(_) => {}
            Touched::Done(_) | Touched::Missing(_) => exit = Exit::Refused,
        }
    }
    exit
}

/// Who may not give files away would fail at every order.
fn check_rights() -> Result<(), Failure> {
    let missing = missing_rights();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("orders cannot be carried out without {}", missing.join(", "));
    Err(Failure::new(Exit::Permission, message)
        .hint("run it as root, or by conf-examples/systemd/postcote-orders.timer"))
}

fn failed(error: Error) -> Failure {
    let error = AdminError::from(error);
    let failure = Failure::new(error.exit(), error.to_string());
    match error.advice() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The width of the terminal, if standard output is one.
fn width() -> Option<u16> {
    match Format::text() {
        Format::Text { width } => width,
        Format::Json => None,
    }
}
