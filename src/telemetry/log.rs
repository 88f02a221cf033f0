//! The events an operator can see, one function each, with a level that has a reason.
//!
//! No event carries a password. Addresses appear at debug level only. Events that a peer can cause
//! at will are throttled.

use std::fmt::Display;
use std::io::IsTerminal;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tracing::{debug, error, info, warn};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogFilter, LogFormat};
use crate::lookup::Table;
use crate::mail::policy::PolicyRule;

/// Changes the filter of a running log.
pub type Reload = tracing_subscriber::reload::Handle<EnvFilter, tracing_subscriber::Registry>;

/// Starts logging to standard error. `None` if logging was started before.
pub fn install(format: LogFormat, filter: &LogFilter) -> Option<Reload> {
    let (filter, reload) = tracing_subscriber::reload::Layer::new(filter_of(filter));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match format {
        LogFormat::Human => {
            let colour = std::io::stderr().is_terminal();
            registry.with(lines.with_ansi(colour).with_target(false)).try_init()
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    started.ok().map(|()| reload)
}

/// Takes another filter from now on.
pub fn refilter(reload: &Reload, filter: &LogFilter) {
    // The log cannot be gone while the process lives.
    let _ = reload.reload(filter_of(filter));
}

fn filter_of(filter: &LogFilter) -> EnvFilter {
    EnvFilter::try_new(filter.as_str()).unwrap_or_else(|_| EnvFilter::new("info"))
}

/// The configuration works and is probably not what is wanted. Warn: somebody should look at it.
pub fn unreasonable(text: &str, advice: &str) {
    warn!(advice, "{text}; hint: {advice}");
}

/// The configuration was read again. Info: asked for.
pub fn reloaded(needs_restart: &[&str]) {
    if needs_restart.is_empty() {
        info!("configuration read again");
    } else {
        let sections = needs_restart.join(", ");
        warn!(sections, "configuration read again; changes of {sections} take effect at a restart");
    }
}

/// The configuration is wrong and the old one stays. Error: what was wanted did not happen.
pub fn reload_failed(reason: &dyn Display) {
    error!(%reason, "the configuration stays as it was: {reason}");
}

/// A task that must live has ended. Error: the daemon ends, too, and is started again.
pub fn task_ended(task: &str) {
    error!(task, "the {task} ended unexpectedly; stopping");
}

/// A listener takes connections. Info: start-up is complete when all have said so.
pub fn listening(protocol: &str, endpoint: &dyn Display) {
    info!(protocol, %endpoint, "listening for {protocol} on {endpoint}");
}

/// Somebody logged in. Debug: it names a person, and happens all the time.
pub fn login(service: &str, remote: Option<IpAddr>, user: &dyn Display) {
    let remote = shown(remote);
    debug!(service, %remote, %user, "`{user}` logged in by {service} from {remote}");
}

/// Somebody was not let in. Info, at once and each time: programs that block guessers read it. Who
/// it was about is told at debug level.
pub fn login_denied(service: &str, remote: Option<IpAddr>, reason: &str, name: &str) {
    let remote = shown(remote);
    info!(service, %remote, reason, "login refused: {reason}, by {service} from {remote}");
    // As it was typed, so nothing in it may look like a line of its own.
    debug!(service, %remote, reason, ?name, "login as {name:?} refused: {reason}");
}

/// A login was not even tried. Info, as for those that were.
pub fn login_too_many(service: &str, remote: Option<IpAddr>) {
    let remote = shown(remote);
    info!(service, %remote, "login not tried: too many wrong passwords, by {service} from {remote}");
}

/// Nobody knows whether a password is right. Warn: somebody could not log in who may.
pub fn login_unavailable(service: &str, reason: &str) {
    warn!(service, reason, "a login by {service} could not be decided: {reason}");
}

fn shown(remote: Option<IpAddr>) -> String {
    remote.map_or_else(|| "an unknown address".to_owned(), |remote| remote.to_string())
}

/// Everything is up. Info: the line to wait for.
pub fn ready() {
    info!("ready");
}

/// The daemon stops. Info: asked for.
pub fn draining() {
    info!("stopping: answering what was asked, accepting nothing new");
}

/// The daemon stopped with connections still open. Warn: an answer may be missing.
pub fn drain_timed_out(waited: Duration) {
    warn!(?waited, "stopped with requests still unanswered after {waited:?}");
}

/// The first contact with the database is awaited. Warn: nothing is served until then.
pub fn waiting_for_database(reason: &dyn Display) {
    warn!(%reason, "not listening yet: the database cannot be reached: {reason}");
}

/// The database went away. Warn: mail goes on from memory, but what was never asked waits.
pub fn database_lost(role: &str, reason: &dyn Display) {
    warn!(role, %reason, "database lost ({role}): {reason}; answering from memory");
}

/// The database is back. Info: the end of a warning.
pub fn database_back(role: &str) {
    info!(role, "database connected ({role})");
}

/// Changes may have been missed. Warn: every answer is verified again, which costs queries.
pub fn distrusted(reason: &str) {
    warn!(reason, "changes may have been missed ({reason}): verifying everything on next use");
}

/// The database has been out of sight for so long that "not found" is no longer sure.
/// Warn: unknown addresses are deferred from now on.
pub fn unknown_no_longer_believed(after: Duration) {
    warn!(
        ?after,
        "the database has been away for {after:?}: unknown addresses are deferred, no longer refused"
    );
}

/// A row of the database cannot be understood. Error: that address waits until it is mended.
pub fn unreadable_row(what: &str, reason: &dyn Display) {
    error!(what, %reason, "{what} in the database cannot be understood: {reason}; its lookups are deferred");
}

/// A lookup cannot be answered now. Debug: it may name an address; the metric counts it.
pub fn lookup_failed(table: Table, key: &str, reason: &dyn Display) {
    debug!(%table, key, %reason, "{table}: no answer now: {reason}");
}

/// A lookup was answered. Debug: it names an address.
pub fn lookup_answered(table: Table, key: &str, outcome: &str, duration: Duration) {
    debug!(%table, key, outcome, ?duration, "{table}: {outcome}");
}

/// An answer is longer than the protocol carries. Error: the address waits until the alias is
/// shortened or the table is asked over socketmap. It names the table and the length only.
pub fn answer_too_long(table: Table, octets: usize) {
    static LAST: Throttle = Throttle::new();
    if !LAST.lets_pass() {
        return;
    }
    error!(%table, octets, "{table}: an answer of {octets} octets is longer than the protocol carries; deferred");
}

/// A peer asked for a table that does not exist. Warn: main.cf has to be edited.
pub fn unknown_table(name: &str) {
    static LAST: Throttle = Throttle::new();
    if !LAST.lets_pass() {
        return;
    }
    warn!(name, "asked for a table that does not exist: `{name}`; correct main.cf");
}

/// A peer broke the protocol. Warn: something else than Postfix talks to the socket.
pub fn malformed_request(protocol: &str, peer: &str, reason: &dyn Display) {
    static LAST: Throttle = Throttle::new();
    if !LAST.lets_pass() {
        return;
    }
    warn!(protocol, peer, %reason, "{protocol}: {reason} from {peer}; connection closed");
}

/// A process that may not ask on a socket has connected to it. A warning: either it should be able
/// to, or somebody looks around.
pub fn peer_refused(protocol: &str, peer: &str) {
    static LAST: Throttle = Throttle::new();
    if LAST.lets_pass() {
        warn!(protocol, peer, "{protocol}: refused {peer}: it may not ask here");
    }
}

/// Accepting a connection failed. Warn: others wait meanwhile.
pub fn accept_failed(protocol: &str, reason: &dyn Display) {
    static LAST: Throttle = Throttle::new();
    if !LAST.lets_pass() {
        return;
    }
    warn!(protocol, %reason, "{protocol}: cannot accept a connection: {reason}; trying again");
}

/// As many peers are connected as may be. Warn: further ones wait in the queue of the socket.
pub fn connections_full(protocol: &str, limit: usize) {
    static LAST: Throttle = Throttle::new();
    if !LAST.lets_pass() {
        return;
    }
    warn!(protocol, limit, "{protocol}: {limit} connections open, further ones wait");
}

/// A connection ended in a panic. Error: a bug, confined to that connection.
pub fn connection_panicked(protocol: &str) {
    error!(protocol, "{protocol}: a connection ended in a panic; please report this bug");
}

/// The limit on open files is below what the connection limits need. Warn: peers may wait.
pub fn few_files(limit: u64, wanted: u64) {
    warn!(
        limit,
        wanted, "at most {limit} open files are allowed, {wanted} may be needed; raise LimitNOFILE"
    );
}

/// A `policy_context` names no rule set. Warn: main.cf or postcote.toml has to be edited.
pub fn unknown_policy_context(context: &str) {
    static LAST: Throttle = Throttle::new();
    if LAST.lets_pass() {
        warn!(
            context,
            "no [[rule-set]] is called {context:?}: the listener's rules decide instead"
        );
    }
}

/// It was not heard what was sent before the start. Warn: limits are looked at when it is.
pub fn sent_not_heard(waited: Duration) {
    warn!(
        ?waited,
        "what was sent before is not known after {waited:?}: limits do not hold until the database tells"
    );
}

/// A rule refused something, or would have. Info: whoever asks why is told. Names at debug level.
pub fn policy_refused(rule: PolicyRule, code: u16, monitored: bool, text: &str, login: &str) {
    let would = if monitored { "would answer" } else { "answered" };
    info!(%rule, code, monitored, "policy: {rule} {would} {code}");
    debug!(%rule, code, monitored, login, text, "policy: {rule} {would} {code} to {login:?}: {text}");
}

/// A rule did not know. Warn: it was left out, or mail was deferred.
pub fn policy_unknown(rule: PolicyRule, reason: &str) {
    static LAST: Throttle = Throttle::new();
    if LAST.lets_pass() {
        warn!(%rule, reason, "policy: {rule} cannot know: {reason}");
    }
}

/// Somebody comes near a limit of sending, or has reached it. Warn: the account may be stolen, and
/// somebody should look at it. The name at debug level.
pub fn sending_limit(
    uid: u32,
    login: &str,
    subject: &str,
    what: &str,
    limit: u64,
    span: &str,
    is_reached: bool,
) {
    let event = if is_reached { "reached" } else { "comes near" };
    debug!(uid, login, "uid {uid} is {login:?}");
    warn!(
        uid,
        subject,
        what,
        limit,
        span,
        is_reached,
        "uid {uid} {event} the limit of {limit} {what} per {span} of the {subject}; see \
         `postcote admin account find {uid}`"
    );
}

/// The program for such warnings failed. Warn: nobody else was told.
pub fn warn_program_failed(program: &Path, reason: &dyn Display) {
    let program = program.display();
    warn!(%program, %reason, "`{program}` was not told of a warning: {reason}");
}

/// An order was carried out. Info: it is a change that somebody asked for. Addresses at debug.
pub fn order_done(id: i64, kind: &str, address: &str, note: Option<&str>) {
    match note {
        None => info!(id, kind, "order {id} ({kind}) is done"),
        Some(note) => info!(id, kind, note, "order {id} ({kind}) is done: {note}"),
    }
    debug!(id, kind, address, "order {id} ({kind}) was for {address}");
}

/// An order could not be carried out. Warn: it is tried again by itself.
pub fn order_postponed(id: i64, kind: &str, pause: Duration, reason: &str) {
    debug!(id, kind, reason, "order {id} ({kind}): {reason}");
    warn!(
        id,
        kind,
        ?pause,
        "order {id} ({kind}) failed and is tried again in {pause:?}; see `postcote orders list`"
    );
}

/// An order was given up. Error: nothing happens until somebody looks at it.
pub fn order_failed(id: i64, kind: &str, reason: &str) {
    debug!(id, kind, reason, "order {id} ({kind}): {reason}");
    error!(id, kind, "order {id} ({kind}) was given up; see `postcote orders list`");
}

/// The daemon was told to carry out orders and may not. Warn: they wait for somebody who may.
pub fn orders_not_permitted(reason: &str) {
    warn!(reason, "orders for the file system are left to `postcote orders run`: {reason}");
}

/// Orders cannot be taken from the database. Warn: they wait.
pub fn orders_interrupted(reason: &dyn Display) {
    warn!(%reason, "orders for the file system wait: {reason}");
}

/// The hash of a password was replaced. Info: a change of the data.
pub fn rehashed(uid: u32, scheme: &str) {
    info!(uid, scheme, "the password of uid {uid} is now stored as {scheme}");
}

/// A hash could not be replaced. Warn: it stays as it was, and each login tries again.
pub fn rehash_failed(reason: &str) {
    const HINT: &str = "GRANT EXECUTE ON FUNCTION postcote.rehash_password TO postcote_reader";
    warn!(reason, hint = HINT, "a password could not be stored anew: {reason}; hint: {HINT}");
}

/// The journal of what peers told cannot be read or written. Error: they are refused meanwhile.
pub fn journal_failed(directory: &Path, reason: &dyn Display) {
    let directory = directory.display();
    error!(%directory, %reason, "the journal in `{directory}` cannot be used: {reason}");
}

/// A file of the journal is damaged. Error: what stood behind the damage may be lost; a copy is
/// kept.
pub fn journal_damaged(path: &Path, line: usize) {
    let path = path.display();
    error!(%path, line, "line {line} of `{path}` is damaged; a copy is kept as `{path}.damaged`");
}

/// The database refused some writes together. Warn: they are tried one by one.
pub fn journal_refused(reason: &str) {
    warn!(reason, "the database refused writes of the journal: {reason}");
}

/// The database refused a write alone. Error: it is left out.
pub fn journal_dropped(reason: &str) {
    error!(reason, "a write of the journal was left out: {reason}");
}

/// More is told than the disk takes. Warn: what nobody waits for is not written down meanwhile.
pub fn journal_busy() {
    static LAST: Throttle = Throttle::new();
    if LAST.lets_pass() {
        warn!("a login was not written down: the disk of the journal is too slow");
    }
}

/// What the policy service need not know any more was not removed. Warn: it is tried again.
pub fn not_forgotten(reason: &str) {
    warn!(reason, "what is too old was not removed from the database: {reason}");
}

/// What was sent could not be written down. Error: it counts until this process ends.
pub fn sent_not_written(reason: &dyn Display) {
    static LAST: Throttle = Throttle::new();
    if LAST.lets_pass() {
        error!(%reason, "what was sent could not be written down: {reason}");
    }
}

/// Lets an event that peers can cause at will into the log ten times a minute; metrics count the
/// rest.
struct Throttle(Mutex<Option<(Instant, u32)>>);

impl Throttle {
    const PERIOD: Duration = Duration::from_mins(1);
    const EVENTS: u32 = 10;

    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn lets_pass(&self) -> bool {
        let Ok(mut period) = self.0.lock() else { return true };
        let (since, events) = period.get_or_insert_with(|| (Instant::now(), 0));
        if since.elapsed() >= Self::PERIOD {
            (*since, *events) = (Instant::now(), 0);
        }
        *events += 1;
        *events <= Self::EVENTS
    }
}
