//! Lookups: socketmap and `tcp_table` differ in how a table is named and in how long a reply may be.

use std::sync::Arc;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

use crate::directory::Directory;
use crate::handler::Handler;
use crate::lookup::{Lookup, LookupError, Resolver, Table, Value};
use crate::mail::Timestamp;
use crate::protocol::{Reply, Socketmap, TcpTable, socketmap, tcp_table};
use crate::telemetry::log;
use crate::telemetry::metrics::{self, Label, Outcome};

/// Answers lookups in any table.
#[derive(Debug)]
pub struct TableAnswers<D> {
    resolver: Resolver<D>,
}

impl<D: Directory> TableAnswers<D> {
    /// Answers by this resolver.
    pub fn new(resolver: Resolver<D>) -> Self {
        Self { resolver }
    }

    /// The resolver.
    pub fn resolver(&self) -> &Resolver<D> {
        &self.resolver
    }

    /// The answer for a key in a table. This is the one place where lookups are counted and timed.
    pub async fn answer(&self, table: Table, key: &[u8], fits: fn(&Reply) -> bool) -> Reply {
        let started = Instant::now();
        let key = std::str::from_utf8(key);
        // What is no UTF-8 is no address: it does not exist.
        let understood = key.ok().and_then(|text| table.key(text));
        let answer = match understood {
            Some(key) => self.resolver.resolve(&Lookup { table, key, now: now() }).await,
            None => Ok(None),
        };
        let mut reply = Reply::from(answer);
        if !fits(&reply) {
            reply = too_long(table, &reply);
        }
        let (outcome, duration) = (outcome(&reply), started.elapsed());
        metrics::lookups_total(table, outcome).increment(1);
        metrics::lookup_duration_seconds().record(duration);
        if tracing::enabled!(tracing::Level::DEBUG) {
            let key = key.unwrap_or("(not UTF-8)");
            match &reply {
                Reply::Temporary(reason) => log::lookup_failed(table, key, reason),
                _ => log::lookup_answered(table, key, outcome.text(), duration),
            }
        }
        reply
    }
}

/// The failure that must never become a "not found" ends here, as "ask later".
impl From<Result<Option<Value>, LookupError>> for Reply {
    fn from(answer: Result<Option<Value>, LookupError>) -> Self {
        match answer {
            Ok(Some(value)) => Self::Found(value.into()),
            Ok(None) => Self::NotFound,
            Err(error) => Self::Temporary(error.to_string()),
        }
    }
}

/// Serves every table on one socketmap socket.
#[derive(Debug)]
pub struct SocketmapHandler<D> {
    answers: Arc<TableAnswers<D>>,
}

impl<D> SocketmapHandler<D> {
    /// Answers by these.
    pub fn new(answers: Arc<TableAnswers<D>>) -> Self {
        Self { answers }
    }
}

impl<D: Directory + 'static> Handler<Socketmap> for SocketmapHandler<D> {
    async fn handle(&self, request: socketmap::Request) -> Reply {
        let name = std::str::from_utf8(request.table()).unwrap_or("(not UTF-8)");
        match Table::parse(name) {
            Some(table) => self.answers.answer(table, request.key(), socketmap::fits).await,
            None => no_such_table(name),
        }
    }
}

/// Serves one table on one port, as the protocol has no table names.
#[derive(Debug)]
pub struct TcpTableHandler<D> {
    answers: Arc<TableAnswers<D>>,
    table: Table,
}

impl<D> TcpTableHandler<D> {
    /// Answers by these, from this table.
    pub fn new(answers: Arc<TableAnswers<D>>, table: Table) -> Self {
        Self { answers, table }
    }
}

impl<D: Directory + 'static> Handler<TcpTable> for TcpTableHandler<D> {
    async fn handle(&self, request: tcp_table::Request) -> Reply {
        match request {
            tcp_table::Request::Get(key) => {
                self.answers.answer(self.table, &key, tcp_table::fits).await
            }
            tcp_table::Request::Put => Reply::NotFound,
        }
    }
}

/// PERM: the one answer that tells the administrator to edit a file.
pub(super) fn no_such_table(name: &str) -> Reply {
    let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    log::unknown_table(&name);
    let names: Vec<_> = Table::ALL.into_iter().map(Table::as_str).collect();
    Reply::Misconfigured(format!("no table `{name}`; there are {}", names.join(", ")))
}

fn too_long(table: Table, reply: &Reply) -> Reply {
    let octets = match reply {
        Reply::Found(value) => value.len(),
        _ => 0,
    };
    metrics::oversized_answers_total(table).increment(1);
    log::answer_too_long(table, octets);
    Reply::Temporary(format!("an answer of {octets} octets is longer than the protocol carries"))
}

fn outcome(reply: &Reply) -> Outcome {
    match reply {
        Reply::Found(_) => Outcome::Found,
        Reply::NotFound => Outcome::NotFound,
        Reply::Temporary(_) => Outcome::Temporary,
        Reply::Misconfigured(_) => Outcome::Misconfigured,
    }
}

/// The time, for switches and expiry dates: some milliseconds late at most, and cheap.
pub fn now() -> Timestamp {
    Timestamp(clock_gettime(ClockId::RealtimeCoarse).tv_sec)
}
