//! The daemon, wired together in the order in which it starts: configuration, log, metrics,
//! database, cache, listeners, ready. No decisions are made here.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::cache::{CachedDirectory, Capacity};
use crate::config::{Config, Listen, Protocol, Source};
use crate::handler::{ControlHandler, SocketmapHandler, TableAnswers, TcpTableHandler, now};
use crate::lookup::explain::{Explanation, explain};
use crate::lookup::{LookupError, Resolver};
use crate::protocol::{Socketmap, TcpTable};
use crate::server::connection::Patience;
use crate::server::{Access, BindError, Limits, Listener, Shutdown, bind};
use crate::store::conninfo::{ConnInfo, ConnInfoError};
use crate::store::migrate::{MigrateError, MigrationStatus, status};
use crate::store::{Event, Feed, Link, OpenError, PgDirectory, Role};
use crate::telemetry::http::{self, Status};
use crate::telemetry::log;
use crate::telemetry::metrics::{self, Peer};

/// How long "does not exist" is believed while the database is out of sight.
const TRUST: Duration = Duration::from_mins(5);
/// Postfix gives a reply 100 s; a peer that needs longer for a request is stuck.
const STALLED: Duration = Duration::from_secs(100);
/// How long requests under way may take when the daemon ends; systemd allows 90 s.
const DRAIN: Duration = Duration::from_secs(20);
/// How often caches are tidied and their sizes published; metrics must be drained that often, too.
const UPKEEP: Duration = Duration::from_secs(5);

/// The daemon cannot start, or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A socket cannot be opened.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The database refuses us in a way that waiting does not mend.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The URL of the database is none.
    #[error(transparent)]
    Url(#[from] ConnInfoError),
    /// No listener is configured.
    #[error("no listener is configured, so nobody could ask anything")]
    NoListener,
    /// The schema cannot be examined.
    #[error(transparent)]
    Schema(#[from] MigrateError),
    /// The schema is older than this version.
    #[error("the database schema is not up to date: {0} migrations are pending")]
    SchemaPending(usize),
    /// The operating system refuses something that is needed.
    #[error("{what}: {source}")]
    Os {
        /// What was tried.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// A task that must live has ended.
    #[error("the {0} ended unexpectedly")]
    TaskEnded(&'static str),
}

/// Links to the database of a configuration.
///
/// # Errors
/// The URL is none.
pub fn link(config: &Config, role: Role) -> Result<Link, ConnInfoError> {
    Ok(Link {
        info: ConnInfo::parse(config.database.url.expose_secret())?,
        role,
        connect_timeout: config.database.connect_timeout,
        query_timeout: config.database.query_timeout,
    })
}

/// Explains an address from the database, without a daemon.
///
/// # Errors
/// The database cannot be reached or does not answer.
pub async fn explain_from_database(
    config: &Config,
    asked: &str,
) -> Result<Explanation, ExplainError> {
    let directory = PgDirectory::open(link(config, Role::Admin)?).await?;
    let resolver = Resolver::new(directory, config.addresses.recipient_delimiter.clone());
    Ok(explain(&resolver, asked, now()).await?)
}

/// Why an address could not be explained from the database.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database does not answer, or the expansion passes a limit.
    #[error(transparent)]
    Lookup(#[from] LookupError),
    /// The URL of the database is none.
    #[error(transparent)]
    Url(#[from] ConnInfoError),
}

/// Runs the daemon until SIGTERM or SIGINT. `source` is where SIGHUP reads the configuration again.
///
/// # Errors
/// It could not start, or a part of it that must live has ended.
pub async fn serve(config: Config, source: Option<Source>) -> Result<(), ServeError> {
    let reload = log::install(config.log.format, &config.log.level);
    let stop = stop_signal().map_err(|source| os("cannot watch for signals", source))?;
    let running = run(&config, stop, log::ready);
    tokio::pin!(running);
    let mut hangup = signal(SignalKind::hangup()).map_err(|e| os("cannot watch for signals", e))?;
    loop {
        tokio::select! {
            ended = &mut running => return ended,
            Some(()) = hangup.recv() => {
                if let (Some(source), Some(reload)) = (&source, &reload) {
                    read_again(&config, source, reload);
                }
            }
        }
    }
}

/// Runs until SIGTERM or SIGINT; calls `ready` when questions are answered.
///
/// # Errors
/// It could not start, or a part of it that must live has ended.
pub async fn serve_until_stopped(config: &Config, ready: impl FnOnce()) -> Result<(), ServeError> {
    let stop = stop_signal().map_err(|source| os("cannot watch for signals", source))?;
    run(config, stop, ready).await
}

/// Runs until `stop` ends; calls `ready` when every listener is open.
///
/// # Errors
/// It could not start, or a part of it that must live has ended.
pub async fn run(
    config: &Config,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(),
) -> Result<(), ServeError> {
    if config.listen.is_empty() {
        return Err(ServeError::NoListener);
    }
    allow_many_files(config);
    let mut tasks = JoinSet::new();
    let health = Arc::new(Health::default());
    serve_http(config, Arc::clone(&health), &mut tasks).await?;
    tokio::pin!(stop);

    let opened = tokio::select! {
        opened = open_database(config) => opened?,
        () = &mut stop => return Ok(()),
    };
    let capacity =
        Capacity { known: config.cache.entries.get(), unknown: config.cache.unknown.get() };
    let cache = Arc::new(CachedDirectory::new(opened, capacity));
    let feed = Feed::new(link(config, Role::Feed)?, TRUST);
    let first_contact = Arc::new(Notify::new());
    tasks.spawn(follow(feed, Arc::clone(&cache), Arc::clone(&health), Arc::clone(&first_contact)));
    tasks.spawn(upkeep(Arc::clone(&cache)));
    tokio::select! {
        () = first_contact.notified() => {}
        () = &mut stop => return Ok(()),
    }

    let delimiters = config.addresses.recipient_delimiter.clone();
    let answers = Arc::new(TableAnswers::new(Resolver::new(cache, delimiters)));
    let (shutdown, drain) = Shutdown::new();
    listen(config, &answers, &shutdown, &mut tasks)?;
    drop(shutdown);
    health.serving.store(true, Ordering::Release);
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    ready();

    let ended = tokio::select! {
        () = stop => None,
        Some(ended) = tasks.join_next() => Some(ended.unwrap_or("task that panicked")),
    };
    health.serving.store(false, Ordering::Release);
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    if let Some(task) = ended {
        log::task_ended(task);
    } else {
        log::draining();
    }
    if !drain.drain(DRAIN).await {
        log::drain_timed_out(DRAIN);
    }
    ended.map_or(Ok(()), |task| Err(ServeError::TaskEnded(task)))
}

type Cache = CachedDirectory<PgDirectory>;

/// Waits for the first contact, and refuses what waiting does not mend.
async fn open_database(config: &Config) -> Result<PgDirectory, ServeError> {
    let link = link(config, Role::Lookups)?;
    let mut told = false;
    loop {
        match link.connect().await {
            Ok((client, _messages)) => {
                let MigrationStatus { pending, .. } = status(&client).await?;
                if !pending.is_empty() {
                    return Err(ServeError::SchemaPending(pending.len()));
                }
                drop(client);
                match PgDirectory::open(link.clone()).await {
                    Err(OpenError::Connect(error)) if !error.is_configuration() => {}
                    opened => return Ok(opened?),
                }
            }
            Err(error) if error.is_configuration() => {
                return Err(OpenError::Connect(error).into());
            }
            Err(error) if !std::mem::replace(&mut told, true) => log::waiting_for_database(&error),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Opens every listener, then lets them take connections.
fn listen(
    config: &Config,
    answers: &Arc<TableAnswers<Arc<Cache>>>,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<&'static str>,
) -> Result<(), ServeError> {
    let control = &config.control;
    let access = Access { mode: Some(control.mode.0), owner: None, group: control.group.clone() };
    make_directory_of(config);
    let bound = bind(&control.address, &access)?;
    let limits =
        Limits { connections: 64, patience: Patience { idle: Some(STALLED), stalled: STALLED } };
    let listener = Listener::new(bound, Peer::Control, limits);
    let handler = Arc::new(ControlHandler::new(Arc::clone(answers)));
    let shutdown = shutdown.clone();
    let mut running = vec![{
        let shutdown = shutdown.clone();
        Box::pin(async move { listener.run(Socketmap::default, handler, shutdown).await })
            as std::pin::Pin<Box<dyn Future<Output = ()> + Send>>
    }];
    for listen in &config.listen {
        let bound = bind(&listen.address, &access_of(listen))?;
        let (answers, shutdown) = (Arc::clone(answers), shutdown.clone());
        let patience = Patience { idle: listen.idle_timeout, stalled: STALLED };
        let limits = Limits { connections: listen.max_connections.get(), patience };
        log::listening(listen.protocol.as_str(), &listen.address);
        running.push(match (listen.protocol, listen.table) {
            (Protocol::TcpTable, Some(table)) => {
                let listener = Listener::new(bound, Peer::TcpTable, limits);
                let handler = Arc::new(TcpTableHandler::new(answers, table));
                Box::pin(async move { listener.run(TcpTable::default, handler, shutdown).await })
            }
            _ => {
                let listener = Listener::new(bound, Peer::Socketmap, limits);
                let handler = Arc::new(SocketmapHandler::new(answers));
                Box::pin(async move { listener.run(Socketmap::default, handler, shutdown).await })
            }
        });
    }
    for task in running {
        tasks.spawn(async move {
            task.await;
            "listener"
        });
    }
    Ok(())
}

fn access_of(listen: &Listen) -> Access {
    Access { mode: Some(listen.mode.0), owner: listen.owner.clone(), group: listen.group.clone() }
}

/// `/run` is empty after a boot; systemd makes our directory there, other ways of starting do not.
fn make_directory_of(config: &Config) {
    if let crate::config::Endpoint::Unix(path) = &config.control.address
        && let Some(directory) = path.parent()
    {
        // If it cannot be made, opening the socket says why.
        let _ = std::fs::create_dir_all(directory);
    }
}

/// Hands what the feed tells to the cache and to those who watch.
async fn follow(
    feed: Feed,
    cache: Arc<Cache>,
    health: Arc<Health>,
    first_contact: Arc<Notify>,
) -> &'static str {
    feed.run(move |event| match event {
        Event::Away(error) => {
            metrics::database_up().set(0);
            health.away(Some(error.to_string()));
        }
        Event::Contact => {
            metrics::database_up().set(1);
            health.away(None);
            cache.believe_unknown(true);
            first_contact.notify_one();
        }
        Event::Changed(changes) => {
            metrics::changes_total().increment(changes.len() as u64);
            changes.iter().for_each(|change| cache.apply(change));
        }
        Event::Missed(reason) => {
            metrics::distrusted_total().increment(1);
            log::distrusted(reason);
            cache.distrust();
        }
        Event::AwayTooLong => {
            log::unknown_no_longer_believed(TRUST);
            cache.believe_unknown(false);
        }
    })
    .await;
    "change feed"
}

async fn upkeep(cache: Arc<Cache>) -> &'static str {
    let mut interval = tokio::time::interval(UPKEEP);
    loop {
        interval.tick().await;
        cache.report();
    }
}

/// What `/readyz` and the gauges know.
#[derive(Debug, Default)]
struct Health {
    serving: AtomicBool,
    contact: std::sync::Mutex<Contact>,
}

#[derive(Debug, Default)]
struct Contact {
    last: Option<Instant>,
    away: Option<String>,
}

impl Health {
    fn away(&self, reason: Option<String>) {
        if let Ok(mut contact) = self.contact.lock() {
            if reason.is_none() {
                contact.last = Some(Instant::now());
            }
            contact.away = reason;
        }
    }
}

impl Status for Health {
    fn refresh(&self) {
        if let Ok(contact) = self.contact.lock()
            && let Some(last) = contact.last
        {
            metrics::database_last_contact_seconds().set(last.elapsed().as_secs_f64());
        }
    }

    fn not_ready(&self) -> Option<String> {
        if self.serving.load(Ordering::Acquire) {
            return None;
        }
        let away = self.contact.lock().ok().and_then(|contact| contact.away.clone());
        Some(away.unwrap_or_else(|| "waiting for the database".to_owned()))
    }
}

async fn serve_http(
    config: &Config,
    health: Arc<Health>,
    tasks: &mut JoinSet<&'static str>,
) -> Result<(), ServeError> {
    // A process has one recorder; a second daemon in it (in tests) counts into the first one's.
    let Ok(recorder) = metrics::install() else { return Ok(()) };
    let upkeep = recorder.clone();
    tasks.spawn(async move {
        let mut interval = tokio::time::interval(UPKEEP);
        loop {
            interval.tick().await;
            upkeep.run_upkeep();
        }
    });
    if config.http.enabled {
        let address = &config.http.address;
        let failed = |source| os(&format!("cannot listen on `{address}` for http"), source);
        let listener = TcpListener::bind((address.host.as_str(), address.port)).await;
        let listener = listener.map_err(failed)?;
        log::listening("http", address);
        tasks.spawn(async move {
            http::serve(listener, recorder, health).await;
            "http listener"
        });
    }
    Ok(())
}

/// Every connection is a file: asks for as many as the limits allow connections.
fn allow_many_files(config: &Config) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted: usize = config.listen.iter().map(|listen| listen.max_connections.get()).sum();
    let wanted = wanted as u64 + 256;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) {
        let raised = maximum.map_or(wanted, |maximum| maximum.min(wanted));
        let limit = Rlimit { current: Some(raised), maximum };
        if setrlimit(Resource::Nofile, limit).is_err() || raised < wanted {
            log::few_files(raised, wanted);
        }
    }
}

/// Reads the configuration again: the log level changes at once, the rest is named.
fn read_again(running: &Config, source: &Source, reload: &log::Reload) {
    let fresh = match Config::load(source) {
        Ok(fresh) => fresh,
        Err(error) => return log::reload_failed(&error),
    };
    log::refilter(reload, &fresh.log.level);
    let sections = [
        ("[database]", fresh.database != running.database),
        ("[addresses]", fresh.addresses != running.addresses),
        ("[[listen]]", fresh.listen != running.listen),
        ("[http]", fresh.http != running.http),
        ("[cache]", fresh.cache != running.cache),
        ("[control]", fresh.control != running.control),
    ];
    let changed = sections.into_iter().filter(|(_, changed)| *changed);
    log::reloaded(&changed.map(|(section, _)| section).collect::<Vec<_>>());
}

/// Ends at SIGTERM or SIGINT.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn os(what: &str, source: io::Error) -> ServeError {
    ServeError::Os { what: what.to_owned(), source }
}
