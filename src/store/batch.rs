//! The directory in PostgreSQL. Lookups that wait at the same moment share one query.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio_postgres::{Client, Statement};

use crate::directory::{Directory, DirectoryError, EntryKey};
use crate::mail::{Domain, DomainName, DomainPattern, Entry};
use crate::store::connect::{ConnectError, Messages, chain};
use crate::store::link::{Link, Pauses};
use crate::store::read::{self, Rows};
use crate::telemetry::log;

/// Answers from the views, in batches.
#[derive(Clone, Debug)]
pub struct PgDirectory {
    asks: mpsc::Sender<Ask>,
}

/// A question that waits for its batch.
#[derive(Debug)]
enum Ask {
    Domain(DomainPattern, oneshot::Sender<Answer<Domain>>),
    Entry(EntryKey, oneshot::Sender<Answer<Entry>>),
}

type Answer<T> = Result<Option<Arc<T>>, DirectoryError>;

/// Questions that may wait. Above it the answer is "ask later", before memory is the limit.
const MAX_WAITING: usize = 65_536;
/// Keys in one query.
const MAX_BATCH: usize = 512;
/// Queries under way at once on the one connection: while they are, the next batch gathers.
const MAX_QUERIES: usize = 4;

/// The directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is one, but the views are not as they should be.
    #[error("the views of the schema `postcote` cannot be read: {}", chain(.0))]
    Views(#[from] tokio_postgres::Error),
}

impl PgDirectory {
    /// Connects, and starts the task that asks the database for as long as the directory lives.
    ///
    /// # Errors
    /// The database cannot be reached, or has no views to read; nothing is started then. Once
    /// open, a directory comes back by itself whenever the database does.
    pub async fn open(link: Link) -> Result<Self, OpenError> {
        let first = Session::open(&link, link.connect().await?).await?;
        let (asks, questions) = mpsc::channel(MAX_WAITING);
        tokio::spawn(Loader { link, questions }.run(first));
        Ok(Self { asks })
    }

    async fn ask<T>(&self, ask: Ask, answer: oneshot::Receiver<Answer<T>>) -> Answer<T> {
        self.asks
            .try_send(ask)
            .map_err(|_| DirectoryError::new("too many lookups wait for the database"))?;
        answer.await.unwrap_or_else(|_| Err(DirectoryError::new("the database connection ended")))
    }
}

impl Directory for PgDirectory {
    async fn domain(&self, name: &DomainName) -> Answer<Domain> {
        let (sender, answer) = oneshot::channel();
        self.ask(Ask::Domain(DomainPattern::Exact(name.clone()), sender), answer).await
    }

    async fn wildcard(&self, parent: &DomainName) -> Answer<Domain> {
        let (sender, answer) = oneshot::channel();
        self.ask(Ask::Domain(DomainPattern::Below(parent.clone()), sender), answer).await
    }

    async fn entry(&self, key: &EntryKey) -> Answer<Entry> {
        let (sender, answer) = oneshot::channel();
        self.ask(Ask::Entry(key.clone(), sender), answer).await
    }
}

impl Ask {
    fn refuse(self, error: &DirectoryError) {
        // Whoever asked may have gone; then there is nobody to tell.
        let _ = match self {
            Self::Domain(_, sender) => sender.send(Err(error.clone())).map_err(drop),
            Self::Entry(_, sender) => sender.send(Err(error.clone())).map_err(drop),
        };
    }
}

/// The task behind a [`PgDirectory`].
struct Loader {
    link: Link,
    questions: mpsc::Receiver<Ask>,
}

/// A connection with its statements.
#[derive(Debug)]
struct Session {
    client: Client,
    domains: Statement,
    entries: Statement,
    timeout: Duration,
    /// Tells that a query took too long or failed with the connection.
    broken: Notify,
}

impl Loader {
    async fn run(mut self, first: (Session, Messages)) {
        let mut connected = Some(first);
        while let Some((session, messages)) = connected {
            let session = Arc::new(session);
            let lost = tokio::select! {
                lost = end_of(messages) => lost,
                () = session.broken.notified() => "a query failed or took too long".to_owned(),
                () = serve(Arc::clone(&session), &mut self.questions) => return,
            };
            self.link.lost(&lost);
            connected = self.come_back().await;
        }
    }

    /// Connects; meanwhile every question is refused at once, for nobody knows how long it takes.
    /// `None` when there is nobody left to ask.
    async fn come_back(&mut self) -> Option<(Session, Messages)> {
        let unreachable = DirectoryError::new("the database cannot be reached");
        let link = self.link.clone();
        let connecting = async {
            let mut pauses = Pauses::default();
            loop {
                // The views may be missing, too, while a backup is being restored.
                if let Ok(connected) = link.connect().await
                    && let Ok(session) = Session::open(&link, connected).await
                {
                    return session;
                }
                tokio::time::sleep(pauses.next()).await;
            }
        };
        tokio::pin!(connecting);
        loop {
            tokio::select! {
                session = &mut connecting => {
                    log::database_back(self.link.role.as_str());
                    return Some(session);
                }
                ask = self.questions.recv() => ask?.refuse(&unreachable),
            }
        }
    }
}

/// Waits for the end of a connection, and says why it ended.
async fn end_of(mut messages: Messages) -> String {
    loop {
        match messages.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => return chain(&error),
            None => return "the connection was closed".to_owned(),
        }
    }
}

/// Gathers questions into batches until nobody is left to ask.
async fn serve(session: Arc<Session>, questions: &mut mpsc::Receiver<Ask>) {
    let slots = Arc::new(Semaphore::new(MAX_QUERIES));
    let mut batch = Vec::with_capacity(MAX_BATCH);
    while questions.recv_many(&mut batch, MAX_BATCH).await > 0 {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        // More may have come while all slots were taken.
        while batch.len() < MAX_BATCH
            && let Ok(ask) = questions.try_recv()
        {
            batch.push(ask);
        }
        let (session, asks) = (Arc::clone(&session), std::mem::take(&mut batch));
        tokio::spawn(async move {
            session.answer(asks).await;
            drop(slot);
        });
    }
}

impl Session {
    async fn open(
        link: &Link,
        (client, messages): (Client, Messages),
    ) -> Result<(Self, Messages), tokio_postgres::Error> {
        let (domains, entries) = tokio::try_join!(
            client.prepare(include_str!("sql/domains.sql")),
            client.prepare(include_str!("sql/entries.sql")),
        )?;
        let (timeout, broken) = (link.query_timeout, Notify::new());
        Ok((Self { client, domains, entries, timeout, broken }, messages))
    }

    async fn answer(&self, asks: Vec<Ask>) {
        let mut domains: HashMap<DomainPattern, Vec<oneshot::Sender<Answer<Domain>>>> =
            HashMap::new();
        let mut entries: HashMap<EntryKey, Vec<oneshot::Sender<Answer<Entry>>>> = HashMap::new();
        for ask in asks {
            match ask {
                Ask::Domain(name, sender) => domains.entry(name).or_default().push(sender),
                Ask::Entry(key, sender) => entries.entry(key).or_default().push(sender),
            }
        }
        let names: Vec<DomainPattern> = domains.keys().cloned().collect();
        let keys: Vec<EntryKey> = entries.keys().cloned().collect();
        let loaded = tokio::join!(
            self.within_time(read::domains(&self.client, &self.domains, &names)),
            self.within_time(read::entries(&self.client, &self.entries, &keys)),
        );
        deliver(domains, &loaded.0);
        deliver(entries, &loaded.1);
    }

    async fn within_time<T>(
        &self,
        query: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DirectoryError> {
        match tokio::time::timeout(self.timeout, query).await {
            Ok(Ok(loaded)) => Ok(loaded),
            Ok(Err(error)) => {
                // Whatever went wrong, a fresh connection prepares its statements anew.
                self.broken.notify_one();
                Err(DirectoryError::new(format!("the database refused: {}", chain(&error))))
            }
            Err(_) => {
                self.broken.notify_one();
                let waited = self.timeout;
                Err(DirectoryError::new(format!("the database did not answer within {waited:?}")))
            }
        }
    }
}

/// Hands everybody the answer to their key. A key without a row does not exist; a row that cannot
/// be understood is an answer that nobody knows.
fn deliver<K: std::hash::Hash + Eq, T>(
    waiting: HashMap<K, Vec<oneshot::Sender<Answer<T>>>>,
    loaded: &Result<Rows<K, T>, DirectoryError>,
) {
    for (key, senders) in waiting {
        let answer = match loaded {
            Err(error) => Err(error.clone()),
            Ok(rows) => rows.get(&key).cloned().transpose(),
        };
        for sender in senders {
            // Whoever asked may have gone.
            let _ = sender.send(answer.clone());
        }
    }
}
