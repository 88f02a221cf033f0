//! Opens a session with PostgreSQL the way libpq does: host by host, encrypted as asked.
//!
//! # Requests
//! [`connect`] tries the hosts of a [`ConnInfo`] in their order, each address of a name in turn,
//! each with its own password from the password file and its own time limit.
//!
//! # Errors
//! A place that is not reachable, starting up, full or of the wrong role is passed over; one that
//! refuses the login or shows a bad certificate ends the search, as in libpq, since the next one
//! would be asked with the same wrong settings.
//!
//! # See also
//! PostgreSQL documentation, "Specifying Multiple Hosts".

mod error;
mod messages;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio_postgres::config::{SslMode as Negotiation, SslNegotiation};
use tokio_postgres::{Client, Config, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::conninfo::{ConnInfo, Host, HostOrder, SslMode, TargetSession};
use super::passfile::{self, Answer, Login};
use super::tls;
use error::{Cause, Failure};
pub use error::{ConnectError, chain};
pub use messages::Messages;
use messages::drive;

/// How long one address may take to answer, login included, unless `connect_timeout` says so.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a session and drives it in a task of its own until the [`Client`] is dropped.
///
/// `application_name` is what the server shows in `pg_stat_activity` unless the settings name it;
/// `timeout` limits each address unless `connect_timeout` does.
///
/// Dropping the future gives up; nothing stays open.
///
/// # Errors
/// No place gave a session; the error lists all that were tried.
pub async fn connect(
    info: &ConnInfo,
    application_name: &str,
    timeout: Duration,
) -> Result<(Client, Messages), ConnectError> {
    let mut failures = Vec::new();
    let passes: &[TargetSession] = match info.target {
        TargetSession::PreferStandby => &[TargetSession::Standby, TargetSession::Any],
        ref target => std::slice::from_ref(target),
    };
    let attempt = Attempt {
        info,
        application_name,
        limit: match info.connect_timeout.unwrap_or(timeout) {
            Duration::ZERO => Duration::MAX,
            limit => limit,
        },
    };
    for target in passes {
        for host in shuffled(info.host_order, info.hosts.iter().collect()) {
            match attempt.host(host, *target).await {
                Ok(session) => return Ok(session),
                Err(failed) => failures.extend(failed),
            }
            if failures.iter().any(Failure::is_configuration) {
                return Err(attempt.error(failures));
            }
        }
    }
    Err(attempt.error(failures))
}

struct Attempt<'a> {
    info: &'a ConnInfo,
    application_name: &'a str,
    limit: Duration,
}

impl Attempt<'_> {
    fn error(&self, failures: Vec<Failure>) -> ConnectError {
        let login = format!("database `{}` as user `{}`", self.info.database, self.info.user);
        ConnectError::new(login, failures)
    }

    async fn host(
        &self,
        host: &Host,
        target: TargetSession,
    ) -> Result<(Client, Messages), Vec<Failure>> {
        let named = format!("`{}:{}`", host.name, host.port);
        let failed =
            |place: &str, cause| Failure { place: place.to_owned(), cause, passfile: None };
        if let Some(directory) = host.directory() {
            let place = format!("socket `{}/.s.PGSQL.{}`", directory.display(), host.port);
            return self.address(host, None, place, target).await.map_err(|failure| vec![failure]);
        }
        let addresses = if let Some(address) = host.address {
            vec![address]
        } else {
            let found = tokio::net::lookup_host((host.name.as_str(), host.port));
            match tokio::time::timeout(self.limit, found).await {
                Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
                Ok(Err(error)) => return Err(vec![failed(&named, Cause::Name(error))]),
                Err(_) => return Err(vec![failed(&named, Cause::Timeout(self.limit))]),
            }
        };
        let mut failures = Vec::new();
        for address in shuffled(self.info.host_order, addresses) {
            let place = if address.to_string() == host.name {
                named.clone()
            } else {
                format!("{named} ({address})")
            };
            match self.address(host, Some(address), place, target).await {
                Ok(session) => return Ok(session),
                Err(failure) => {
                    let decided = failure.is_configuration();
                    failures.push(failure);
                    if decided {
                        break;
                    }
                }
            }
        }
        Err(failures)
    }

    async fn address(
        &self,
        host: &Host,
        address: Option<IpAddr>,
        place: String,
        target: TargetSession,
    ) -> Result<(Client, Messages), Failure> {
        let mut config = self.config(host, address);
        let passfile = self.password(host, &mut config);
        let opened = tokio::time::timeout(self.limit, async {
            let session = self.open(&mut config).await?;
            offers(&session.0, target).await?;
            Ok(session)
        });
        opened.await.unwrap_or(Err(Cause::Timeout(self.limit))).map_err(|cause| Failure {
            place,
            cause,
            passfile,
        })
    }

    fn config(&self, host: &Host, address: Option<IpAddr>) -> Config {
        let info = self.info;
        let mut config = Config::new();
        config
            .host(&host.name)
            .port(host.port)
            .user(&info.user)
            .dbname(&info.database)
            .application_name(info.application_name.as_deref().unwrap_or(self.application_name))
            .channel_binding(info.channel_binding)
            .keepalives(info.keepalive.on);
        if let Some(address) = address {
            config.hostaddr(address);
        }
        if let Some(options) = &info.options {
            config.options(options);
        }
        if let Some(idle) = info.keepalive.idle {
            config.keepalives_idle(idle);
        }
        if let Some(interval) = info.keepalive.interval {
            config.keepalives_interval(interval);
        }
        if let Some(count) = info.keepalive.count {
            config.keepalives_retries(count);
        }
        if let Some(timeout) = info.keepalive.user_timeout {
            config.tcp_user_timeout(timeout);
        }
        if info.tls.direct {
            config.ssl_negotiation(SslNegotiation::Direct);
        }
        config
    }

    /// Sets the password for this host; returns why a password file was passed over.
    fn password(&self, host: &Host, config: &mut Config) -> Option<String> {
        if let Some(password) = &self.info.password {
            config.password(password.0.expose_secret());
            return None;
        }
        let login = Login {
            host: &host.name,
            port: host.port,
            database: &self.info.database,
            user: &self.info.user,
        };
        match passfile::look_up(self.info.passfile.as_deref()?, &login) {
            Answer::Password(password) => {
                config.password(password.expose_secret());
                None
            }
            Answer::Ignored(why) => Some(why),
            Answer::None => None,
        }
    }

    /// Opens a session, and once more with or without TLS where `allow` and `prefer` permit it.
    async fn open(&self, config: &mut Config) -> Result<(Client, Messages), Cause> {
        // libpq ignores `sslmode` on unix sockets, which the server never encrypts.
        let local = config.get_hostaddrs().is_empty();
        let mode = if local { SslMode::Disable } else { self.info.tls.mode };
        let (first, second) = match mode {
            SslMode::Disable => (Negotiation::Disable, None),
            SslMode::Allow => (Negotiation::Disable, Some(Negotiation::Require)),
            SslMode::Prefer => (Negotiation::Prefer, Some(Negotiation::Disable)),
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                (Negotiation::Require, None)
            }
        };
        let refused = match self.negotiate(config, first).await {
            Err(cause) if is_about_encryption(&cause) => cause,
            decided => return decided,
        };
        match second {
            // Both refusals would read alike; the first is the one the administrator asked for.
            Some(second) => self.negotiate(config, second).await.map_err(|_| refused),
            None => Err(refused),
        }
    }

    async fn negotiate(
        &self,
        config: &mut Config,
        negotiation: Negotiation,
    ) -> Result<(Client, Messages), Cause> {
        config.ssl_mode(negotiation);
        if negotiation == Negotiation::Disable {
            let (client, connection) =
                config.connect(tokio_postgres::NoTls).await.map_err(Cause::Server)?;
            return Ok((client, drive(connection)));
        }
        let connector: MakeRustlsConnect = tls::connector(&self.info.tls).map_err(Cause::Tls)?;
        let (client, connection) = config.connect(connector).await.map_err(Cause::Server)?;
        Ok((client, drive(connection)))
    }
}

/// Whether the other of "with TLS" and "without" may fare better: the handshake failed, or
/// `pg_hba.conf` has no line for this one. A wrong password is not tried twice.
fn is_about_encryption(cause: &Cause) -> bool {
    match cause {
        Cause::Server(error) => match error.code() {
            Some(code) => code.code() == "28000",
            None => error.to_string() == "error performing TLS handshake",
        },
        Cause::Tls(_) => true,
        Cause::Name(_) | Cause::Session(_) | Cause::Timeout(_) => false,
    }
}

/// Checks `target_session_attrs`, by questions that every server and pooler answers.
async fn offers(client: &Client, target: TargetSession) -> Result<(), Cause> {
    if target == TargetSession::Any {
        return Ok(());
    }
    let question = "SELECT pg_catalog.pg_is_in_recovery(), \
                    pg_catalog.current_setting('transaction_read_only')";
    let answer = client.simple_query(question).await.map_err(Cause::Server)?;
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some((row.get(0), row.get(1))),
        _ => None,
    });
    let (standby, read_only) = match row {
        Some((recovery, read_only)) => (recovery == Some("t"), read_only == Some("on")),
        None => return Err(Cause::Session("the server does not say which role it has")),
    };
    let refusal = match target {
        TargetSession::ReadWrite if read_only => "the session is read-only",
        TargetSession::ReadOnly if !read_only => "the session is not read-only",
        TargetSession::Primary if standby => "the server is a standby",
        TargetSession::Standby | TargetSession::PreferStandby if !standby => {
            "the server is not a standby"
        }
        _ => return Ok(()),
    };
    Err(Cause::Session(refusal))
}

/// In a fresh order where `load_balance_hosts=random` asks for it.
fn shuffled<T>(order: HostOrder, mut places: Vec<T>) -> Vec<T> {
    if order == HostOrder::Random {
        // Each `RandomState` has keys of its own, so the hash of nothing is a random number.
        places.sort_by_cached_key(|_| RandomState::new().hash_one(()));
    }
    places
}
