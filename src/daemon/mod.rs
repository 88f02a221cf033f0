//! The daemon, wired together in the order in which it starts: configuration, log, metrics,
//! database, cache, listeners, ready. No decisions are made here.

mod database;
mod error;
mod health;
mod listeners;
mod logins;
mod policy;
mod rehash;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use crate::cache::{CachedDirectory, Capacity};
use crate::config::{Config, Source, check};
use crate::disk;
use crate::handler::{TableAnswers, now};
use crate::login::Rehash;
use crate::lookup::Resolver;
use crate::lookup::explain::{Explanation, explain};
use crate::orders;
use crate::server::Shutdown;
use crate::store::conninfo::{ConnInfo, ConnInfoError};
use crate::store::{Feed, Link, PgDirectory, Role};
use crate::telemetry::{http, log, metrics};

use database::{TRUST, first_contact, follow};
pub use error::{ExplainError, ServeError};
use health::Health;
use listeners::listen;
use logins::LoginServices;
pub use rehash::rehash;

/// How long requests under way may take when the daemon ends; systemd allows 90 s.
const DRAIN: Duration = Duration::from_secs(20);
/// How long the journal may take to get into the database when the daemon ends; the rest is taken
/// over by the next one.
const CARRY_OVER: Duration = Duration::from_secs(1);
/// How many hashes wait to be replaced; what comes then is replaced at its next login.
const REHASHES: usize = 1000;
/// How often caches are tidied and their sizes published; metrics must be drained that often, too.
const UPKEEP: Duration = Duration::from_secs(5);

/// Links to the database of a configuration.
///
/// # Errors
/// The URL is none.
pub fn link(config: &Config, role: Role) -> Result<Link, ConnInfoError> {
    Ok(Link {
        info: ConnInfo::parse(config.database.url.expose_secret())?.of_one_server(),
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

/// Runs the daemon until SIGTERM or SIGINT. `source` is where SIGHUP reads the configuration again.
///
/// # Errors
/// It could not start, or a part of it that must live has ended.
pub async fn serve(config: Config, source: Source) -> Result<(), ServeError> {
    let reload = log::install(config.log.format, &config.log.level);
    for warning in check::warnings(&config) {
        log::unreasonable(&warning.text, &warning.advice);
    }
    let stop = stop_signal().map_err(|source| os("cannot watch for signals", source))?;
    let running = run(&config, None, stop, log::ready);
    tokio::pin!(running);
    let mut hangup = signal(SignalKind::hangup()).map_err(|e| os("cannot watch for signals", e))?;
    loop {
        tokio::select! {
            ended = &mut running => return ended,
            Some(()) = hangup.recv() => {
                if let Some(reload) = &reload {
                    read_again(&config, &source, reload);
                }
            }
        }
    }
}

/// Runs until SIGTERM or SIGINT; calls `ready` when questions are answered. `http` is a listener
/// that is open already, as for [`run`].
///
/// # Errors
/// It could not start, or a part of it that must live has ended.
pub async fn serve_until_stopped(
    config: &Config,
    http: Option<std::net::TcpListener>,
    ready: impl FnOnce(),
) -> Result<(), ServeError> {
    let stop = stop_signal().map_err(|source| os("cannot watch for signals", source))?;
    run(config, http, stop, ready).await
}

/// Runs until `stop` ends; calls `ready` when every listener is open. Metrics and health are served
/// on `http`, or where the configuration says if there is none.
///
/// # Errors
/// It could not start, or a part of it that must live has ended.
pub async fn run(
    config: &Config,
    http: Option<std::net::TcpListener>,
    stop: impl Future<Output = ()>,
    ready: impl FnOnce(),
) -> Result<(), ServeError> {
    if config.listen.is_empty() {
        return Err(ServeError::NoListener);
    }
    allow_many_files(config);
    let mut tasks = JoinSet::new();
    let health = Arc::new(Health::default());
    serve_http(config, http, Arc::clone(&health), &mut tasks).await?;
    tokio::pin!(stop);

    let opened = tokio::select! {
        opened = first_contact(config) => opened?,
        () = &mut stop => return Ok(()),
    };
    let capacity =
        Capacity { known: config.cache.entries.get(), unknown: config.cache.unknown.get() };
    let cache = Arc::new(CachedDirectory::new(opened, capacity));
    let feed = Feed::new(link(config, Role::Feed)?, TRUST);
    let caught_up = Arc::new(Notify::new());
    tasks.spawn(follow(feed, Arc::clone(&cache), Arc::clone(&health), Arc::clone(&caught_up)));
    tasks.spawn(upkeep(Arc::clone(&cache)));
    if config.orders.run {
        run_orders(config, &mut tasks)?;
    }
    tokio::select! {
        () = caught_up.notified() => {}
        () = &mut stop => return Ok(()),
    }

    let delimiters = config.addresses.recipient_delimiter.clone();
    let resolver = Resolver::new(Arc::clone(&cache), delimiters.clone());
    let journal = logins::journal(config, link(config, Role::Journal)?).map_err(|error| {
        let directory = config.journal.directory.display();
        os(&format!("cannot open the journal in `{directory}`"), error)
    })?;
    let lists = link(config, Role::Lookups)?;
    let rehash = start_rehash(config, &mut tasks)?;
    let logins = LoginServices::new(config, resolver, lists, journal.clone(), rehash)
        .map_err(|error| os("cannot prepare logins", error))?;
    let resolver = Resolver::new(cache, delimiters);
    let app_logins = logins.notes.app_logins().clone();
    let preparing = policy::policy(config, resolver.clone(), journal.as_ref(), app_logins);
    let policy = tokio::select! {
        prepared = preparing => prepared?,
        () = &mut stop => return Ok(()),
    };
    let answers = Arc::new(TableAnswers::new(resolver));
    let (shutdown, drain) = Shutdown::new();
    listen(config, &answers, &logins, policy.as_ref(), &shutdown, &mut tasks)?;
    drop(shutdown);
    health.serves(true);
    // Without systemd there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    ready();

    let ended = tokio::select! {
        () = stop => None,
        Some(ended) = tasks.join_next() => Some(ended.unwrap_or("task that panicked")),
    };
    health.serves(false);
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    if let Some(task) = ended {
        log::task_ended(task);
    } else {
        log::draining();
    }
    if !drain.drain(DRAIN).await {
        log::drain_timed_out(DRAIN);
    }
    tasks.shutdown().await;
    drop((logins, policy));
    if let Some(journal) = journal {
        journal.close(CARRY_OVER).await;
    }
    ended.map_or(Ok(()), |task| Err(ServeError::TaskEnded(task)))
}

/// Replaces hashes, if that is wanted.
fn start_rehash(
    config: &Config,
    tasks: &mut JoinSet<&'static str>,
) -> Result<Option<mpsc::Sender<Rehash>>, ServeError> {
    if !config.logins.rehash {
        return Ok(None);
    }
    let (sender, wanted) = mpsc::channel(REHASHES);
    tasks.spawn(rehash(link(config, Role::Journal)?, wanted));
    Ok(Some(sender))
}

/// Carries out orders for the file system, if this process may.
fn run_orders(config: &Config, tasks: &mut JoinSet<&'static str>) -> Result<(), ServeError> {
    let missing = disk::missing_rights();
    if !missing.is_empty() {
        log::orders_not_permitted(&format!("the daemon lacks {}", missing.join(", ")));
        return Ok(());
    }
    let (config, link) = (config.clone(), link(config, Role::Orders)?);
    tasks.spawn(async move {
        orders::serve(&config, &link).await;
        "order worker"
    });
    Ok(())
}

async fn upkeep(cache: Arc<CachedDirectory<PgDirectory>>) -> &'static str {
    let mut interval = tokio::time::interval(UPKEEP);
    loop {
        interval.tick().await;
        cache.report();
    }
}

async fn serve_http(
    config: &Config,
    bound: Option<std::net::TcpListener>,
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
        let listener = match bound {
            Some(bound) => bound.set_nonblocking(true).and_then(|()| TcpListener::from_std(bound)),
            None => TcpListener::bind((address.host.as_str(), address.port)).await,
        };
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
        ("[accounts]", running.orders.run && fresh.accounts != running.accounts),
        ("[logins]", fresh.logins != running.logins),
        ("[journal]", fresh.journal != running.journal),
        ("[orders]", fresh.orders != running.orders),
        ("[policy]", fresh.policy != running.policy),
        ("[[rule-set]]", fresh.rule_set != running.rule_set),
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
