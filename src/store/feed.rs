//! The change feed: what any writer has changed, in the order in which it became visible.
//!
//! Triggers write the touched keys to a table and notify. A notification only says "look"; what
//! counts is the table, read on from a position. Transactions become visible in another order than
//! they are numbered, so a position is a snapshot: what it did not see yet is what is new.

use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::{Client, Row};

use crate::directory::{Change, EntryKey};
use crate::mail::{DomainPattern, Gid, Localpart};
use crate::store::connect::{ConnectError, Messages, chain};
use crate::store::link::{Link, Pauses};
use crate::telemetry::log;

/// What the feed tells.
#[derive(Debug)]
pub enum Event<'a> {
    /// Not connected yet or no longer; told once.
    Away(&'a ConnectError),
    /// The database has answered: everything up to now is known.
    Contact,
    /// These may have changed.
    Changed(Vec<Change>),
    /// Changes may have been missed.
    Missed(&'static str),
    /// The database has been away for so long that "does not exist" is no longer sure.
    AwayTooLong,
}

/// Reads changes for as long as it is run.
#[derive(Debug)]
pub struct Feed {
    link: Link,
    /// How long "does not exist" is believed without contact.
    trust: Duration,
    position: Option<Position>,
}

/// Where in the history of the database the feed stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Position {
    snapshot: String,
    /// Another history (a restored or promoted database) has other numbers.
    history: String,
}

/// Without a notification the table is looked at this often: behind a connection pooler none come,
/// and a connection that died silently is found out.
const POLL: Duration = Duration::from_secs(1);
/// Old rows of the change table are removed this often, and kept this long.
const PRUNE: Duration = Duration::from_hours(1);
const KEEP: &str = "1 day";

impl Feed {
    /// A feed over this link.
    pub fn new(link: Link, trust: Duration) -> Self {
        Self { link, trust, position: None }
    }

    /// Reads for ever, and tells what it finds.
    pub async fn run(mut self, mut tell: impl FnMut(Event<'_>) + Send) {
        let mut contact = Instant::now();
        loop {
            let (client, messages) = self.connect(contact, &mut tell).await;
            let lost = self.follow(&client, messages, &mut contact, &mut tell).await;
            self.link.lost(&lost);
        }
    }

    /// Connects, however long it takes, and tells how it goes.
    async fn connect(
        &self,
        contact: Instant,
        tell: &mut (impl FnMut(Event<'_>) + Send),
    ) -> (Client, Messages) {
        let mut pauses = Pauses::default();
        let (mut away, mut too_long) = (false, false);
        loop {
            match self.link.connect().await {
                Ok(connected) => return connected,
                // Further failures are the same news.
                Err(error) if !std::mem::replace(&mut away, true) => tell(Event::Away(&error)),
                Err(_) => {}
            }
            if contact.elapsed() >= self.trust && !std::mem::replace(&mut too_long, true) {
                tell(Event::AwayTooLong);
            }
            tokio::time::sleep(pauses.next()).await;
        }
    }

    /// Follows one connection to its end, and says why it ended.
    async fn follow(
        &mut self,
        client: &Client,
        mut messages: Messages,
        contact: &mut Instant,
        tell: &mut (impl FnMut(Event<'_>) + Send),
    ) -> String {
        // A pooler that does not support it is no reason to stop: there is the poll.
        let listening = self.ask(client.batch_execute("LISTEN postcote")).await;
        if let Err(Ask::Lost(reason)) = listening {
            return reason;
        }
        log::database_back(self.link.role.as_str());
        let mut prune = Instant::now();
        loop {
            match self.read(client).await {
                Err(reason) => return reason,
                Ok(events) => {
                    *contact = Instant::now();
                    events.into_iter().for_each(&mut *tell);
                    tell(Event::Contact);
                }
            }
            if prune <= Instant::now() {
                prune = Instant::now() + PRUNE;
                // Only a table that grows; the next round tries again.
                let _ = self
                    .ask(
                        client
                            .execute("SELECT postcote.prune_changes($1::text::interval)", &[&KEEP]),
                    )
                    .await;
            }
            let poll = tokio::time::timeout(POLL, messages.next());
            match poll.await {
                Err(_) | Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return chain(&error),
                Ok(None) => return "the connection was closed".to_owned(),
            }
            // One look serves all the notifications that are there.
            while let Ok(Some(Ok(_))) = tokio::time::timeout(Duration::ZERO, messages.next()).await
            {
            }
        }
    }

    /// Reads on from the position.
    async fn read(&mut self, client: &Client) -> Result<Vec<Event<'static>>, String> {
        let since = self.position.as_ref().map(|position| position.snapshot.as_str());
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&since];
        let query = client.query(include_str!("sql/changes.sql"), &parameters);
        let rows = match self.ask(query).await {
            Ok(rows) => rows,
            Err(Ask::Lost(reason) | Ask::Refused(reason)) => return Err(reason),
        };
        let page = Page::of(&rows).map_err(|error| chain(&error))?;
        let mut events = Vec::new();
        match &self.position {
            Some(before) if before.history != page.position.history => {
                events.push(Event::Missed("another database, or an earlier state of it"));
            }
            Some(_) if !page.continuous => {
                events.push(Event::Missed("the change log no longer reaches back"));
            }
            _ if !page.changes.is_empty() => events.push(Event::Changed(page.changes)),
            _ => {}
        }
        self.position = Some(page.position);
        Ok(events)
    }

    async fn ask<T>(
        &self,
        query: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Ask> {
        match tokio::time::timeout(self.link.query_timeout, query).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.as_db_error().is_some() => Err(Ask::Refused(chain(&error))),
            Ok(Err(error)) => Err(Ask::Lost(chain(&error))),
            Err(_) => Err(Ask::Lost(format!("no answer within {:?}", self.link.query_timeout))),
        }
    }
}

/// Why a query brought nothing.
enum Ask {
    /// The connection is gone or stuck.
    Lost(String),
    /// The server answered with an error.
    Refused(String),
}

/// What one look at the change table brought.
struct Page {
    position: Position,
    continuous: bool,
    changes: Vec<Change>,
}

impl Page {
    fn of(rows: &[Row]) -> Result<Self, tokio_postgres::Error> {
        let mut page = Self {
            position: Position { snapshot: String::new(), history: String::new() },
            continuous: false,
            changes: Vec::with_capacity(rows.len()),
        };
        for row in rows {
            page.position.snapshot = row.try_get("position")?;
            page.position.history = row.try_get("history")?;
            page.continuous = row.try_get("continuous")?;
            if row.try_get("present")? {
                page.changes.push(change(row)?);
            }
        }
        Ok(page)
    }
}

fn change(row: &Row) -> Result<Change, tokio_postgres::Error> {
    let name: Option<&str> = row.try_get("name")?;
    let gid: Option<i64> = row.try_get("gid")?;
    let localpart: Option<&str> = row.try_get("localpart")?;
    let known = match (name, gid, localpart) {
        (Some(name), _, _) => DomainPattern::parse(name).ok().map(Change::Domain),
        (None, Some(gid), Some(localpart)) => u32::try_from(gid).ok().and_then(|gid| {
            let localpart = Localpart::from_internal(localpart).ok()?;
            Some(Change::Entry(EntryKey { gid: Gid(gid), localpart }))
        }),
        _ => None,
    };
    // What cannot be understood may be anything.
    Ok(known.unwrap_or(Change::Everything))
}
