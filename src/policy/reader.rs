//! A connection for questions that cannot wait long.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use crate::store::connect::{Messages, chain};
use crate::store::{Link, Pauses};

/// Asks the database over a connection that is kept open, so that whoever asks never waits for one
/// to be made. Cheap to clone; the connection ends with the last clone.
#[derive(Clone)]
pub struct Reader(Arc<Shared>);

/// It cannot be known now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unavailable {
    /// Why.
    pub reason: Arc<str>,
}

struct Shared {
    link: Link,
    state: Mutex<Result<Arc<Client>, Unavailable>>,
    keeper: Mutex<Option<AbortHandle>>,
}

/// A connection that died silently is found out so soon.
const PING: Duration = Duration::from_secs(1);

impl Reader {
    /// Starts to connect, from within a runtime.
    pub fn open(link: Link) -> Self {
        let shared = Arc::new(Shared {
            link: link.clone(),
            state: Mutex::new(Err(Unavailable::new("the database was not reached yet"))),
            keeper: Mutex::default(),
        });
        let keeper = tokio::spawn(keep(link, Arc::downgrade(&shared))).abort_handle();
        *shared.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(keeper);
        Self(shared)
    }

    /// Asks; if there is no connection the answer is that, at once.
    pub(super) async fn ask<T, F>(
        &self,
        query: impl FnOnce(Arc<Client>) -> F,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let client = self.0.state().clone()?;
        match timeout(self.0.link.query_timeout, query(client)).await {
            Ok(answer) => answer.map_err(|error| Unavailable::new(&chain(&error))),
            Err(_) => Err(Unavailable::new("the database does not answer in time")),
        }
    }

    /// How to reach the database for what takes longer.
    pub(super) fn link(&self) -> &Link {
        &self.0.link
    }
}

impl Unavailable {
    fn new(reason: &str) -> Self {
        Self { reason: reason.into() }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Result<Arc<Client>, Unavailable>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let keeper = self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(keeper) = keeper.take() {
            keeper.abort();
        }
    }
}

/// Keeps a connection for as long as somebody may ask. The poller tells the log how it goes.
async fn keep(link: Link, shared: Weak<Shared>) {
    let mut pauses = Pauses::default();
    let set = |state| shared.upgrade().map(|shared| *shared.state() = state);
    loop {
        let lost = match link.connect().await {
            Ok((client, messages)) => {
                pauses = Pauses::default();
                let client = Arc::new(client);
                if set(Ok(Arc::clone(&client))).is_none() {
                    return;
                }
                follow(&link, &client, messages).await
            }
            Err(error) => error.to_string(),
        };
        if set(Err(Unavailable::new(&lost))).is_none() {
            return;
        }
        sleep(pauses.next()).await;
    }
}

/// Follows a connection to its end, and says why it ended.
async fn follow(link: &Link, client: &Client, mut messages: Messages) -> String {
    loop {
        match timeout(PING, messages.next()).await {
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(error))) => return chain(&error),
            Ok(None) => return "the connection was closed".to_owned(),
            Err(_) => match timeout(link.query_timeout, client.simple_query("")).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return chain(&error),
                Err(_) => return format!("no answer within {:?}", link.query_timeout),
            },
        }
    }
}
