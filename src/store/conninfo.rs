//! What an administrator writes to name a database, read as libpq reads it.
//!
//! # Requests
//! A URL or a list of `key=value` ([`ConnInfo::parse`]). What is missing comes from the service
//! named by `service`, then from the environment (`PGHOST`, `PGUSER`, `PGPASSFILE`, …), then from
//! libpq's defaults: the server's unix socket, the operating system's user, a database of the
//! user's name.
//!
//! # Limits
//! A setting of libpq that postcote cannot honour is an error, never silently dropped; the table
//! in `keyword.rs` says which and why.
//!
//! # See also
//! PostgreSQL documentation, "Database Connection Control Functions".

mod error;
mod keyword;
mod part;
mod service;
mod setting;
mod syntax;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::config::ChannelBinding;

pub use error::ConnInfoError;
pub(super) use part::{
    ClientFile, Host, HostOrder, Keepalive, Password, RootCertificates, SslMode, TargetSession,
    TlsSettings, TlsVersion,
};
use part::{MODES, TARGETS};
use setting::Settings;

/// Looks up an environment variable; tests hand in a table.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// How to reach and enter one database: valid, complete, and safe to log.
///
/// `Display` and `Debug` show [`redacted`](Self::redacted).
///
/// ```
/// use postcote::store::conninfo::ConnInfo;
///
/// let text = "postgresql://mail:secret@db.example/postcote?sslmode=verify-full";
/// let info = ConnInfo::parse_with(text, &|_| None)?;
/// assert_eq!(
///     info.redacted(),
///     "host=db.example port=5432 user=mail dbname=postcote password=… sslmode=verify-full"
/// );
/// # Ok::<(), postcote::store::conninfo::ConnInfoError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConnInfo {
    pub(super) hosts: Vec<Host>,
    pub(super) host_order: HostOrder,
    pub(super) user: String,
    pub(super) database: String,
    pub(super) password: Option<Password>,
    /// Read when connecting, so that a changed password needs no restart.
    pub(super) passfile: Option<PathBuf>,
    pub(super) application_name: Option<String>,
    pub(super) options: Option<String>,
    /// `Some(0)` is libpq's "wait for ever".
    pub(super) connect_timeout: Option<Duration>,
    pub(super) keepalive: Keepalive,
    pub(super) channel_binding: ChannelBinding,
    pub(super) target: TargetSession,
    pub(super) tls: TlsSettings,
}

impl ConnInfo {
    /// Reads a connection text, with defaults from the process environment.
    ///
    /// # Errors
    /// The text, a variable or the service file is wrong; show message and hint to the
    /// administrator.
    pub fn parse(text: &str) -> Result<Self, ConnInfoError> {
        Self::parse_with(text, &|name| std::env::var(name).ok())
    }

    /// Of several hosts, wants the one that takes writes, unless the text says which to take.
    ///
    /// The daemon reads data and changes over two connections. From different servers a change
    /// could be announced before the data show it, and the old state would be remembered.
    #[must_use]
    pub fn of_one_server(mut self) -> Self {
        if self.hosts.len() > 1 && self.target == TargetSession::Any {
            self.target = TargetSession::ReadWrite;
        }
        self
    }

    /// Reads a connection text, with defaults from the given environment.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(text: &str, environment: Environment<'_>) -> Result<Self, ConnInfoError> {
        let settings = Settings::collect(text, environment)?;
        let home = environment("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let user = match settings.text("user") {
            Some(user) => user.to_owned(),
            None => whoami::username().map_err(|error| {
                ConnInfoError::new(
                    format!(
                        "the operating system does not name the user postcote runs as: {error}"
                    ),
                    "add `user` to the database url",
                )
            })?,
        };
        Ok(Self {
            hosts: settings.hosts(&|directory: &str| Path::new(directory).is_dir())?,
            host_order: settings
                .choice(
                    "load_balance_hosts",
                    &[("disable", HostOrder::AsGiven), ("random", HostOrder::Random)],
                )?
                .unwrap_or(HostOrder::AsGiven),
            database: settings.text("dbname").unwrap_or(&user).to_owned(),
            user,
            password: settings.text("password").map(|text| Password(text.into())),
            passfile: settings
                .text("passfile")
                .map(PathBuf::from)
                .or_else(|| home.as_ref().map(|home| home.join(".pgpass"))),
            application_name: settings
                .text("application_name")
                .or_else(|| settings.text("fallback_application_name"))
                .map(str::to_owned),
            options: settings.text("options").map(str::to_owned),
            connect_timeout: settings.seconds("connect_timeout")?,
            keepalive: settings.keepalive()?,
            channel_binding: settings
                .choice(
                    "channel_binding",
                    &[
                        ("disable", ChannelBinding::Disable),
                        ("prefer", ChannelBinding::Prefer),
                        ("require", ChannelBinding::Require),
                    ],
                )?
                .unwrap_or(ChannelBinding::Prefer),
            target: settings.choice("target_session_attrs", TARGETS)?.unwrap_or(TargetSession::Any),
            tls: settings.tls(home.as_deref())?,
        })
    }

    /// What will be used, as a `key=value` list without the password, for logs and `config show`.
    pub fn redacted(&self) -> String {
        let each =
            |part: fn(&Host) -> String| self.hosts.iter().map(part).collect::<Vec<_>>().join(",");
        let mut settings = vec![("host", each(|host| host.name.clone()))];
        if self.hosts.iter().any(|host| host.address.is_some()) {
            settings.push((
                "hostaddr",
                each(|host| host.address.map(|ip| ip.to_string()).unwrap_or_default()),
            ));
        }
        settings.push(("port", each(|host| host.port.to_string())));
        settings.push(("user", self.user.clone()));
        settings.push(("dbname", self.database.clone()));
        if self.password.is_some() {
            settings.push(("password", "…".to_owned()));
        }
        if self.hosts.iter().any(|host| host.directory().is_none()) {
            settings.push(("sslmode", name_of(MODES, self.tls.mode)));
            match &self.tls.roots {
                RootCertificates::System => settings.push(("sslrootcert", "system".to_owned())),
                RootCertificates::File(file) if self.tls.mode >= SslMode::VerifyCa => {
                    settings.push(("sslrootcert", file.display().to_string()));
                }
                RootCertificates::File(_) | RootCertificates::Nowhere => {}
            }
        }
        for (keyword, value) in [
            ("application_name", self.application_name.as_ref()),
            ("options", self.options.as_ref()),
        ] {
            settings.extend(value.map(|value| (keyword, value.clone())));
        }
        if self.target != TargetSession::Any {
            settings.push(("target_session_attrs", name_of(TARGETS, self.target)));
        }
        settings
            .iter()
            .map(|(keyword, value)| format!("{keyword}={}", quoted(value)))
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl fmt::Display for ConnInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for ConnInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnInfo({})", self.redacted())
    }
}

/// The error for a name that libpq does not know.
fn unknown(name: &str) -> ConnInfoError {
    let names = keyword::KEYWORDS.iter().map(|keyword| keyword.name);
    ConnInfoError::new(
        format!("`{name}` is not a setting of libpq"),
        match error::nearest(name, names) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "see \"Parameter Key Words\" in PostgreSQL's documentation of libpq".to_owned(),
        },
    )
}

fn name_of<T: PartialEq + Copy>(names: &[(&str, T)], value: T) -> String {
    names
        .iter()
        .find(|(_, named)| *named == value)
        .map(|(name, _)| (*name).to_owned())
        .unwrap_or_default()
}

fn quoted(value: &str) -> String {
    if !value.is_empty() && !value.contains(|c: char| c.is_ascii_whitespace() || "'\\".contains(c))
    {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests;
