//! Hears what other processes have counted, over one connection, each second.

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

use crate::journal::WriteBack;
use crate::mail::policy::{Span, Subject};
use crate::policy::counters::Heard;
use crate::policy::ledger::{Clock, Shared};
use crate::store::connect::chain;
use crate::store::sent::{self, Changed};
use crate::store::{Link, Pauses};
use crate::telemetry::log;

/// What the task has. It does not keep the ledger alive.
pub(super) struct Poller {
    pub(super) journal: WriteBack,
    pub(super) link: Link,
    pub(super) clock: Clock,
    pub(super) shared: Weak<Shared>,
}

/// How often is asked.
const POLL: Duration = Duration::from_secs(1);
/// How often is forgotten what no longer counts, here and in the database.
const FORGET: Duration = Duration::from_mins(1);
const PRUNE: Duration = Duration::from_hours(1);
/// About so many is asked at once.
const TOGETHER: usize = 500;

impl Poller {
    /// Polls until nobody counts any more.
    pub(super) async fn run(self) {
        let Self { journal, link, clock, shared } = self;
        // What the process before this one has acknowledged counts.
        journal.inherited().await;
        drop(journal);
        let mut polling = Polling { link, clock, shared, prune: Instant::now() };
        let mut pauses = Pauses::default();
        loop {
            let lost = match polling.link.connect().await {
                Ok((client, _)) => {
                    pauses = Pauses::default();
                    let Err(lost) = polling.follow(&client).await else { return };
                    polling.link.lost(&lost);
                    lost
                }
                Err(error) => error.to_string(),
            };
            let Some(shared) = polling.shared.upgrade() else { return };
            shared.cannot_load(&lost);
            drop(shared);
            sleep(pauses.next()).await;
        }
    }
}

struct Polling {
    link: Link,
    clock: Clock,
    shared: Weak<Shared>,
    prune: Instant,
}

impl Polling {
    /// Follows one connection to its end, and says why it ended; nothing if the ledger has.
    async fn follow(&mut self, client: &Client) -> Result<(), String> {
        let mut position: Option<String> = None;
        let mut forget = Instant::now();
        loop {
            let Some(shared) = self.shared.upgrade() else { return Ok(()) };
            let now = (self.clock)();
            let since = Span::ALL.map(|span| shared.windowing.since(span, now));
            let [_, day] = since;
            let Changed { position: read_to, subjects } = match &position {
                Some(position) => {
                    self.ask(sent::changes(client, shared.writer, position, day)).await?
                }
                // Another server may have another history, so all of it is read.
                None => self.ask(sent::subjects(client, shared.writer, day)).await?,
            };
            for some in subjects.chunks(TOGETHER) {
                self.hear(client, &shared, some).await?;
            }
            if position.replace(read_to).is_none() {
                log::database_back(self.link.role.as_str());
                shared.has_loaded();
            }
            if forget <= Instant::now() {
                forget = Instant::now() + FORGET;
                shared.counters().forget(now);
            }
            if self.prune <= Instant::now() {
                // The next look goes on, so that none takes long.
                if self.ask(sent::prune(client, now)).await? == 0 {
                    self.prune = Instant::now() + PRUNE;
                }
            }
            drop(shared);
            sleep(POLL).await;
        }
    }

    async fn hear(
        &self,
        client: &Client,
        shared: &Shared,
        subjects: &[Subject],
    ) -> Result<(), String> {
        let now = (self.clock)();
        let since = Span::ALL.map(|span| shared.windowing.since(span, now));
        let totals = self.ask(sent::totals(client, Some(shared.writer), subjects, since)).await?;
        let mut counters = shared.counters();
        for total in totals {
            counters.hear(total.subject, Heard { windows: total.windows, reset: total.reset });
        }
        Ok(())
    }

    async fn ask<T>(
        &self,
        query: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, String> {
        match timeout(self.link.query_timeout, query).await {
            Ok(answer) => answer.map_err(|error| chain(&error)),
            Err(_) => Err(format!("no answer within {:?}", self.link.query_timeout)),
        }
    }
}
