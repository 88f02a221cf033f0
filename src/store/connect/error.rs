//! Why no session came about: the whole chain of causes, whose turn it is, and never a secret.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use tokio_postgres::error::SqlState;

use crate::store::tls::TlsError;

/// No session with the database came about.
///
/// `Display` is one line with every place tried and its causes; [`hint`](Self::hint) says what to
/// do. [`is_configuration`](Self::is_configuration) tells an administrator's matter, which no
/// waiting mends, from a server that is not there now.
#[derive(Debug)]
pub struct ConnectError {
    login: String,
    failures: Vec<Failure>,
}

impl ConnectError {
    pub(super) fn new(login: String, failures: Vec<Failure>) -> Self {
        Self { login, failures }
    }

    /// Whether the administrator must change something: password, role, database, certificates,
    /// `pg_hba.conf`. Otherwise trying again later may succeed.
    pub fn is_configuration(&self) -> bool {
        self.failures.iter().any(Failure::is_configuration)
    }

    /// What the server answered, if it got so far, from the last place tried.
    pub fn code(&self) -> Option<&SqlState> {
        self.failures.iter().rev().find_map(|failure| match &failure.cause {
            Cause::Server(error) => error.code(),
            _ => None,
        })
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let decisive = self.failures.iter().rev().find(|failure| failure.is_configuration());
        decisive.or(self.failures.last()).and_then(Failure::hint)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot connect to {}", self.login)?;
        let mut separator = ": ";
        for failure in &self.failures {
            write!(f, "{separator}{failure}")?;
            separator = "; ";
        }
        Ok(())
    }
}

impl Error for ConnectError {}

/// What went wrong at one place.
#[derive(Debug)]
pub(super) struct Failure {
    /// Host and port, or socket; empty before any was tried.
    pub(super) place: String,
    pub(super) cause: Cause,
    /// Why a password file was passed over, which may be the reason behind the reason.
    pub(super) passfile: Option<String>,
}

#[derive(Debug)]
pub(super) enum Cause {
    /// The name has no address.
    Name(io::Error),
    /// The server, the way to it, or the TLS handshake with it.
    Server(tokio_postgres::Error),
    /// The session is not what `target_session_attrs` asks for.
    Session(&'static str),
    Timeout(Duration),
    Tls(TlsError),
}

impl Failure {
    pub(super) fn is_configuration(&self) -> bool {
        match &self.cause {
            Cause::Name(_) | Cause::Session(_) | Cause::Timeout(_) => false,
            Cause::Tls(_) => true,
            Cause::Server(error) => match error.code() {
                Some(code) => is_refusal(code),
                None => is_refused_before_sql(error),
            },
        }
    }

    fn hint(&self) -> Option<String> {
        // Only a login that was refused can have failed for want of the password in it.
        if let (Some(passfile), Cause::Server(_), true) =
            (&self.passfile, &self.cause, self.is_configuration())
        {
            return Some(format!("the password file {passfile}"));
        }
        let hint = match &self.cause {
            Cause::Name(_) => "check the spelling of the host and that this machine resolves it",
            Cause::Session(_) => "check `target_session_attrs` and the hosts of the database url",
            Cause::Tls(error) => error.hint(),
            Cause::Timeout(_) => {
                "check that the host is up and no firewall drops the packets; `connect_timeout` \
                 in the database url changes the limit"
            }
            Cause::Server(error) => return server_hint(error).map(str::to_owned),
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        match &self.cause {
            Cause::Name(error) => write!(f, "{error}"),
            Cause::Session(why) => f.write_str(why),
            Cause::Timeout(limit) => {
                write!(f, "no answer within {} s (`connect_timeout`)", limit.as_secs_f32())
            }
            Cause::Tls(error) => write!(f, "{error}"),
            Cause::Server(error) => f.write_str(&chain(error)),
        }
    }
}

/// An error of the database client in one line, with the causes its own `Display` leaves out.
pub fn chain(error: &tokio_postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", answer.message(), answer.code().code());
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = match certificate_error(cause) {
            Some(refusal) => format!("the server's certificate {}", certificate_text(refusal)),
            None => cause.to_string(),
        };
        // An `io::Error` shows the error it wraps, which then comes again as its source.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        if certificate_error(cause).is_some() {
            break;
        }
        source = cause.source();
    }
    text
}

/// The refusal of a certificate behind an error, with the `io::Error` around it taken off.
fn certificate_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CertificateError> {
    let inner = match error.downcast_ref::<io::Error>() {
        Some(wrapped) => wrapped.get_ref()?.downcast_ref::<rustls::Error>(),
        None => error.downcast_ref::<rustls::Error>(),
    };
    match inner? {
        rustls::Error::InvalidCertificate(refusal) => Some(refusal),
        _ => None,
    }
}

fn certificate_text(error: &CertificateError) -> String {
    match error {
        CertificateError::UnknownIssuer => "is not signed by a trusted authority".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            // The library shows a name as `DnsName("db.example")`.
            let names = presented.iter().map(|name| name.split('"').nth(1).unwrap_or(name));
            let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
            let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
            format!("is for {names}, not for `{}`", expected.to_str())
        }
        CertificateError::NotValidForName => "is for another host name".to_owned(),
        CertificateError::Revoked => "is revoked".to_owned(),
        CertificateError::UnknownRevocationStatus => "is in no revocation list's care".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet".to_owned()
        }
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "is that of an authority (`CA:TRUE`), not of a server".to_owned()
        }
        other => format!("is refused: {other}"),
    }
}

fn is_certificate_of(error: &tokio_postgres::Error) -> Option<&CertificateError> {
    error.source().and_then(certificate_error)
}

/// SQLSTATEs by which a server that is well says no to this login.
fn is_refusal(code: &SqlState) -> bool {
    // Class 28 is authorization; 55000 a database that allows no connections; 42501 the missing
    // right to connect; 22023, 42704 and 55P02 come from wrong `options`.
    code.code().starts_with("28")
        || matches!(
            code.code(),
            "3D000" | "55000" | "42501" | "22023" | "42704" | "55P02" | "0A000"
        )
}

/// Refusals that carry no SQLSTATE. The client does not tell its kinds of error apart but by their
/// text; a test against a real server pins each.
fn is_refused_before_sql(error: &tokio_postgres::Error) -> bool {
    let source_io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    match error.to_string().as_str() {
        "authentication error" | "invalid configuration" => true,
        // A handshake cut short is the server's weather, a certificate refused is not.
        "error performing TLS handshake" => match source_io {
            Some(io) => io.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>),
            None => true,
        },
        // The client's certificate is refused after the handshake, in what TLS 1.3 sends next.
        "error communicating with the server" => is_alert(error),
        "error connecting to server" => {
            source_io.is_some_and(|io| io.kind() == io::ErrorKind::PermissionDenied)
        }
        _ => false,
    }
}

/// Whether the server ended the session by a TLS alert, as it does when it refuses a certificate.
fn is_alert(error: &tokio_postgres::Error) -> bool {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let tls = io.and_then(io::Error::get_ref).and_then(|inner| inner.downcast_ref());
    matches!(tls, Some(rustls::Error::AlertReceived(_)))
}

fn server_hint(error: &tokio_postgres::Error) -> Option<&'static str> {
    if let Some(refusal) = is_certificate_of(error) {
        return Some(match refusal {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "use the host name the certificate is for, with `hostaddr` if it does not resolve"
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => {
                "renew the server's certificate, and check the clocks of both machines"
            }
            CertificateError::Revoked | CertificateError::UnknownRevocationStatus => {
                "give the server a new certificate, or renew the list in `sslcrl`"
            }
            CertificateError::Other(_) => {
                "make the server a certificate with `basicConstraints = CA:FALSE` and a \
                 `subjectAltName` (openssl: `-extfile`)"
            }
            _ => "name the certificate of the server's authority with `sslrootcert`",
        });
    }
    if let Some(code) = error.code() {
        return match code.code() {
            "28P01" => Some(
                "check the password in the database url, in `PGPASSWORD` or in the password file",
            ),
            "28000" => Some(
                "check that the role exists and that the server's `pg_hba.conf` lets it in from \
                 here",
            ),
            "3D000" => Some("create the database with `createdb`, or correct its name"),
            "42501" => Some("`GRANT CONNECT ON DATABASE` to the role"),
            "53300" => Some("raise `max_connections` of the server, or close other sessions"),
            "57P03" => Some("wait until the server has started or recovered"),
            _ => None,
        };
    }
    if is_alert(error) {
        return Some(
            "the server refuses the client's certificate or its way of TLS; its log tells which",
        );
    }
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if cause == "password missing" {
        return Some("the server wants a password: give it by `PGPASSWORD` or a password file");
    }
    if cause == "server does not support TLS" {
        return Some("set `ssl = on` and a certificate in the server's postgresql.conf");
    }
    if cause == "server did not use channel binding" {
        return Some(
            "channel binding needs TLS, a SCRAM-SHA-256 password, and a certificate signed with \
             a SHA-2 hash",
        );
    }
    (error.to_string() == "error connecting to server")
        .then_some("check that PostgreSQL runs, and listens where the database url points")
}
