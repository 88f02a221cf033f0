//! Carries the journal over into the database, whenever there is one.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;

use crate::journal::Shared;
use crate::journal::queue::Work;
use crate::journal::segment::Segment;
use crate::store::connect::chain;
use crate::store::{Link, Pauses, write_back};
use crate::telemetry::log;

/// How often files are looked for that a process left which ended later than this one began.
const LOOK: Duration = Duration::from_secs(10);

/// What the task has.
pub(super) struct Carrier {
    pub(super) directory: PathBuf,
    pub(super) shared: Arc<Shared>,
    pub(super) link: Link,
}

impl Carrier {
    /// Carries over until nothing is left and nothing more can come.
    pub(super) async fn run(self) {
        let mut pauses = Pauses::default();
        while !self.shared.is_done() {
            // Without work there is no need for a connection.
            self.wait().await;
            if self.shared.is_done() {
                return;
            }
            let connected = self.link.connect().await;
            self.shared.seen(connected.is_err());
            let followed = match connected {
                Ok((mut client, _)) => {
                    let followed = self.follow(&mut client).await;
                    followed.inspect_err(|reason| self.link.lost(reason)).is_ok()
                }
                Err(_) => false,
            };
            if followed {
                pauses = Pauses::default();
            } else {
                tokio::time::sleep(pauses.next()).await;
            }
        }
    }

    /// Works over one connection until nothing more can come.
    async fn follow(&self, client: &mut Client) -> Result<(), String> {
        while !self.shared.is_done() {
            let work = self.shared.queue().next();
            match work {
                None => self.wait().await,
                Some(work) => self.perform(client, work).await?,
            }
        }
        Ok(())
    }

    async fn perform(&self, client: &mut Client, work: Work) -> Result<(), String> {
        match work {
            Work::Locate(name) => {
                let position = self.within_time(write_back::position(client, &name)).await?;
                self.shared.queue().located(&name, position);
            }
            Work::Carry(name, from, chunk) => {
                let range = (from, from + chunk.count);
                let carrying = write_back::carry_over(client, &name, range, &chunk.batch);
                let carried = match timeout(self.link.query_timeout, carrying).await {
                    Ok(Err(error)) if write_back::is_refusal(&error) => {
                        // One of them is bad; the others are not to wait for it.
                        log::journal_refused(&chain(&error));
                        let singly =
                            write_back::carry_over_singly(client, &name, range, &chunk.batch);
                        self.within_time(singly).await?
                    }
                    Ok(carried) => carried.map_err(|error| chain(&error))?,
                    Err(_) => return Err(self.too_long()),
                };
                if carried {
                    self.shared.queue().carried(&name, &chunk);
                } else {
                    let position = self.within_time(write_back::position(client, &name)).await?;
                    if position < range.1 {
                        return Err(format!(
                            "journal `{name}` stands at {position}, not at {from}"
                        ));
                    }
                    self.shared.queue().moved(&name, position);
                }
                self.shared.changed.notify_waiters();
            }
            Work::Remove(segment) => {
                let forgotten = self.remove(client, segment).await;
                self.shared.queue().removed();
                self.shared.changed.notify_waiters();
                forgotten?;
            }
        }
        Ok(())
    }

    /// Removes a file and then its position: a file without one would be carried over again.
    async fn remove(&self, client: &Client, segment: Segment) -> Result<(), String> {
        let name = segment.name.clone();
        match tokio::task::spawn_blocking(|| segment.remove()).await {
            Ok(Ok(())) => self.within_time(write_back::forget(client, &name)).await,
            Ok(Err(error)) => {
                log::journal_failed(&self.directory, &error);
                Ok(())
            }
            Err(_) => Ok(()),
        }
    }

    /// Waits for something to do; now and then looks for what others have left.
    async fn wait(&self) {
        let changed = self.shared.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        if self.shared.has_work() || timeout(LOOK, changed).await.is_ok() {
            return;
        }
        let directory = self.directory.clone();
        let adopting = tokio::task::spawn_blocking(move || Segment::adopt(&directory));
        match adopting.await {
            Ok(Ok(adopted)) => {
                for (segment, writes) in adopted {
                    self.shared.queue().inherit(segment, writes);
                }
            }
            Ok(Err(error)) => log::journal_failed(&self.directory, &error),
            Err(_) => {}
        }
    }

    async fn within_time<T>(
        &self,
        query: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, String> {
        match timeout(self.link.query_timeout, query).await {
            Ok(answer) => answer.map_err(|error| chain(&error)),
            Err(_) => Err(self.too_long()),
        }
    }

    fn too_long(&self) -> String {
        format!("no answer within {:?}", self.link.query_timeout)
    }
}
