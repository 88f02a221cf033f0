//! Orders as people and programs read them.
//!
//! # JSON
//!
//! One object on standard output; fields are added to it and never changed:
//!
//! ```json
//! {"command": "orders run", "dry_run": false,
//!  "orders": [{"id": 1, "order": "create", "uid": 70000, "gid": 70000, "new_gid": null,
//!              "address": "jane@example.org", "home": "/srv/mail/a/70000/70000", "new_home": null,
//!              "state": "pending", "attempts": 0, "next_attempt": "2030-12-31T18:00:00Z",
//!              "last_error": null, "created": "2030-12-31T18:00:00Z", "finished": null,
//!              "waits_for": null, "outcome": "done"}],
//!  "missing": [], "busy": [], "pending": 0, "failed": 0}
//! ```
//!
//! Of `run`, each order is shown as it was before, with its `outcome`: `done`, `postponed` (with
//! `error` and `retry_in` seconds), `failed` (with `error`) or, of a dry run, `due`; where the work
//! was not what one would think there is a `note`. `missing` and `busy` are numbers that `retry`
//! and `drop` could do nothing about; if one of them was named, nothing was done at all. `pending`
//! and `failed` are how many there are afterwards.

use std::fmt::Write as _;

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::mail::Timestamp;
use crate::orders::Ran;
use crate::store::orders::{Counts, Order, OrderKind, OrderState, Outcome, Touched};

/// What a command did, for programs.
#[derive(Debug, Serialize)]
pub struct Report {
    command: &'static str,
    dry_run: bool,
    orders: Vec<Line>,
    missing: Vec<i64>,
    busy: Vec<i64>,
    pending: u64,
    failed: u64,
}

/// An order, for programs.
#[derive(Debug, Serialize)]
struct Line {
    id: i64,
    order: &'static str,
    uid: Option<u32>,
    gid: u32,
    new_gid: Option<u32>,
    address: String,
    home: String,
    new_home: Option<String>,
    state: &'static str,
    attempts: u32,
    next_attempt: String,
    last_error: Option<String>,
    created: String,
    finished: Option<String>,
    waits_for: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

impl From<&Order> for Line {
    fn from(order: &Order) -> Self {
        Self {
            id: order.id,
            order: order.kind.as_str(),
            uid: order.uid.map(|uid| uid.0),
            gid: order.gid.0,
            new_gid: order.new_gid.map(|gid| gid.0),
            address: order.address.clone(),
            home: order.home.clone(),
            new_home: order.new_home.clone(),
            state: order.state.as_str(),
            attempts: order.attempts,
            next_attempt: order.next_attempt.to_string(),
            last_error: order.last_error.clone(),
            created: order.created.to_string(),
            finished: order.finished.map(|time| time.to_string()),
            waits_for: order.waits_for,
            outcome: None,
            error: None,
            retry_in: None,
            note: None,
        }
    }
}

impl Report {
    /// A list.
    pub fn listed(orders: &[Order], counts: Counts) -> Self {
        Self::new("orders list", orders.iter().map(Line::from).collect(), counts)
    }

    /// What a run would do.
    pub fn due(orders: &[Order], counts: Counts) -> Self {
        let due = |order| Line { outcome: Some("due"), ..Line::from(order) };
        let report = Self::new("orders run", orders.iter().map(due).collect(), counts);
        Self { dry_run: true, ..report }
    }

    /// What a run did.
    pub fn ran(ran: &[Ran], counts: Counts) -> Self {
        let line = |Ran { order, outcome, note }: &Ran| {
            let (outcome, error, retry_in) = match outcome {
                Outcome::Done { .. } => ("done", None, None),
                Outcome::Later { error, pause } => {
                    ("postponed", Some(error.clone()), Some(pause.as_secs()))
                }
                Outcome::Failed { error } => ("failed", Some(error.clone()), None),
            };
            Line { outcome: Some(outcome), error, retry_in, note: *note, ..Line::from(order) }
        };
        Self::new("orders run", ran.iter().map(line).collect(), counts)
    }

    /// What became of orders that were named.
    pub fn touched(
        command: &'static str,
        touched: &[Touched],
        counts: Counts,
        dry_run: bool,
    ) -> Self {
        let report = Self::new(command, Vec::new(), counts);
        let mut report = Self { dry_run, ..report };
        for one in touched {
            match one {
                Touched::Changed(order) => report.orders.push(order.into()),
                Touched::Done(order) => report.missing.push(order.id),
                Touched::Busy(id) => report.busy.push(*id),
                Touched::Missing(id) => report.missing.push(*id),
            }
        }
        report
    }

    fn new(command: &'static str, orders: Vec<Line>, counts: Counts) -> Self {
        let Counts { pending, failed } = counts;
        let (missing, busy) = (Vec::new(), Vec::new());
        Self { command, dry_run: false, orders, missing, busy, pending, failed }
    }

    /// One line of JSON.
    pub fn json(&self) -> String {
        // Strings, numbers and lists are always JSON.
        format!("{}\n", serde_json::to_string(self).unwrap_or_default())
    }
}

/// A table of orders, at most so many columns wide if there is a width.
pub fn table(orders: &[Order], now: Timestamp, width: Option<u16>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(width) = width {
        table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.set_header(["ID", "ORDER", "FOR", "STATE", "TRIES", "WHERE, AND WHAT WENT WRONG"]);
    for order in orders {
        let place = match &order.new_home {
            Some(new_home) => format!("{} to {new_home}", order.home),
            None => order.home.clone(),
        };
        let story = match &order.last_error {
            Some(error) => format!("{place}: {error}"),
            None => place,
        };
        table.add_row([
            order.id.to_string(),
            order.kind.as_str().to_owned(),
            order.address.clone(),
            state(order, now),
            order.attempts.to_string(),
            story,
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    format!("{}\n", table.trim_fmt())
}

fn state(order: &Order, now: Timestamp) -> String {
    match (order.state, order.waits_for) {
        (OrderState::Done, _) => "done".to_owned(),
        (OrderState::Failed, _) => "failed".to_owned(),
        (OrderState::Pending, Some(other)) => format!("after {other}"),
        (OrderState::Pending, None) => match order.next_attempt.0 - now.0 {
            seconds if seconds > 0 => format!("in {}", span(seconds)),
            _ => "due".to_owned(),
        },
    }
}

/// Seconds as a person says it.
pub fn span(seconds: i64) -> String {
    match seconds {
        ..=90 => format!("{seconds} s"),
        91..=5400 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// What an order is about, in the infinitive: ``make the home of `jane@example.org` in `…` ``.
pub fn task(order: &Order) -> String {
    let Order { address, home, .. } = order;
    match (order.kind, &order.new_home) {
        (OrderKind::Create, _) => format!("make the home of `{address}` in `{home}`"),
        (OrderKind::Delete, _) => format!("delete `{home}`, the home of `{address}`"),
        (OrderKind::DeleteDomain, _) => format!("delete `{home}`, the directory of `{address}`"),
        (OrderKind::Move, Some(to)) => {
            format!("move the home of `{address}` from `{home}` to `{to}`")
        }
        (OrderKind::Move, None) => format!("move the home of `{address}` from `{home}`"),
    }
}

/// What a run has to say about an order, on one line.
pub fn told(ran: &Ran) -> String {
    let (id, task) = (ran.order.id, task(&ran.order));
    match (&ran.outcome, ran.note) {
        (Outcome::Done { .. }, None) => format!("done: order {id}, {task}\n"),
        (Outcome::Done { .. }, Some(note)) => format!("done: order {id}, {task}: {note}\n"),
        (Outcome::Later { error, pause }, _) => {
            let pause = span(i64::try_from(pause.as_secs()).unwrap_or(i64::MAX));
            format!("warning: order {id}, {task}, is tried again in {pause}: {error}\n")
        }
        (Outcome::Failed { error }, _) => format!("error: order {id}, {task}, failed: {error}\n"),
    }
}

/// What follows from giving an order up.
pub fn consequence(order: &Order) -> String {
    let Order { address, home, .. } = order;
    match order.kind {
        OrderKind::Create => {
            format!("`{address}` has no home in `{home}` unless somebody makes it")
        }
        OrderKind::Delete => format!("the mail of `{address}` stays in `{home}`"),
        OrderKind::DeleteDomain => format!("`{home}`, the directory of `{address}`, stays"),
        OrderKind::Move => {
            format!("`{address}` stays in `{home}`, and its mail is delivered there")
        }
    }
}

/// What is left after a run.
pub fn rest(counts: Counts) -> String {
    let mut text = String::new();
    let orders = |count| if count == 1 { "1 order".to_owned() } else { format!("{count} orders") };
    if counts.pending > 0 {
        let _ = writeln!(text, "note: {} to be carried out later", orders(counts.pending));
    }
    if counts.failed > 0 {
        let _ =
            writeln!(text, "note: {} failed; see `postcote orders list`", orders(counts.failed));
    }
    text
}
