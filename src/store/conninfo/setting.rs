//! Settings collected from text, service and environment, and read into values with a meaning.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::{ConnInfoError, nearest};
use super::keyword::{KEYWORDS, Keyword, Support};
use super::{
    ClientFile, Environment, Host, Keepalive, RootCertificates, SslMode, TlsSettings, TlsVersion,
};

/// The value of each setting that is given and not empty; libpq, too, takes an empty one for none.
pub(super) struct Settings(BTreeMap<&'static str, Value>);

struct Value {
    text: String,
    source: Source,
}

/// Where a value was found, so that an error can point there.
enum Source {
    Text,
    Service(PathBuf),
    Variable(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => Ok(()),
            Self::Service(file) => write!(f, " (in service file `{}`)", file.display()),
            Self::Variable(name) => write!(f, " (environment variable `{name}`)"),
        }
    }
}

impl Settings {
    /// Collects by precedence: the text, the service it or the environment names, the environment.
    pub(super) fn collect(text: &str, environment: Environment<'_>) -> Result<Self, ConnInfoError> {
        let mut settings = Self(BTreeMap::new());
        // Of a setting written twice the last one counts, as in libpq.
        for (name, value) in super::syntax::settings(text)?.into_iter().rev() {
            settings.add(&name, value, Source::Text)?;
        }
        let variable = |name| environment(name).filter(|value| !value.is_empty());
        let service = settings.text("service").map(str::to_owned).or_else(|| variable("PGSERVICE"));
        if let Some(service) = service {
            let file = settings
                .text("servicefile")
                .map(str::to_owned)
                .or_else(|| variable("PGSERVICEFILE"))
                .map(PathBuf::from);
            let (file, found) = super::service::settings(&service, file, environment)?;
            for (name, value) in found {
                settings.add(&name, value, Source::Service(file.clone()))?;
            }
        }
        for keyword in KEYWORDS {
            if let Some((name, value)) =
                keyword.variable.and_then(|name| variable(name).map(|value| (name, value)))
            {
                settings.add(keyword.name, value, Source::Variable(name))?;
            }
        }
        Ok(settings)
    }

    fn add(&mut self, name: &str, text: String, source: Source) -> Result<(), ConnInfoError> {
        let keyword = Keyword::find(name).ok_or_else(|| super::unknown(name))?;
        if text.is_empty() || self.0.contains_key(keyword.name) {
            return Ok(());
        }
        match keyword.support {
            Support::Used => {
                self.0.insert(keyword.name, Value { text, source });
            }
            Support::Ignored => {}
            Support::Only(values, _) if values.contains(&text.as_str()) => {}
            Support::Only(_, reason) | Support::Refused(reason) => {
                return Err(ConnInfoError::new(
                    format!("`{name}`{source} cannot be honoured: {reason}"),
                    format!("remove `{name}`"),
                ));
            }
        }
        Ok(())
    }

    pub(super) fn text(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword).map(|value| value.text.as_str())
    }

    /// The value of a setting that is one of a few words.
    pub(super) fn choice<T: Copy>(
        &self,
        keyword: &str,
        choices: &[(&str, T)],
    ) -> Result<Option<T>, ConnInfoError> {
        let Some(text) = self.text(keyword) else { return Ok(None) };
        if let Some((_, choice)) = choices.iter().find(|(name, _)| *name == text) {
            return Ok(Some(*choice));
        }
        let names = || choices.iter().map(|(name, _)| *name);
        let all: Vec<_> = names().map(|name| format!("`{name}`")).collect();
        Err(self.wrong(
            keyword,
            &format!("is none of {}", all.join(", ")),
            match nearest(text, names()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("choose one, or remove `{keyword}` for the default"),
            },
        ))
    }

    /// A whole number of seconds; zero and negative ones are `Some(0)`, as in libpq.
    pub(super) fn seconds(&self, keyword: &str) -> Result<Option<Duration>, ConnInfoError> {
        Ok(self.number(keyword)?.map(Duration::from_secs))
    }

    fn number(&self, keyword: &str) -> Result<Option<u64>, ConnInfoError> {
        let Some(text) = self.text(keyword) else { return Ok(None) };
        match text.trim().parse::<i32>() {
            Ok(number) => Ok(Some(u64::try_from(number).unwrap_or(0))),
            Err(_) => Err(self.wrong(
                keyword,
                "is not a whole number",
                "write digits only, without a unit",
            )),
        }
    }

    /// Zero stands for the operating system's own value.
    fn positive_seconds(&self, keyword: &str) -> Result<Option<Duration>, ConnInfoError> {
        Ok(self.seconds(keyword)?.filter(|duration| !duration.is_zero()))
    }

    pub(super) fn keepalive(&self) -> Result<Keepalive, ConnInfoError> {
        Ok(Keepalive {
            on: self.number("keepalives")? != Some(0),
            idle: self.positive_seconds("keepalives_idle")?,
            interval: self.positive_seconds("keepalives_interval")?,
            count: self
                .number("keepalives_count")?
                .and_then(|count| u32::try_from(count).ok())
                .filter(|count| *count > 0),
            user_timeout: self
                .number("tcp_user_timeout")?
                .filter(|milliseconds| *milliseconds > 0)
                .map(Duration::from_millis),
        })
    }

    /// Pairs the comma-separated `host`, `hostaddr` and `port`.
    pub(super) fn hosts(
        &self,
        is_directory: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Host>, ConnInfoError> {
        let list = |keyword| self.text(keyword).map(|text| text.split(',').collect::<Vec<_>>());
        let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
        let count = addresses.as_ref().or(names.as_ref()).map_or(1, Vec::len);
        self.same_count("host", names.as_deref(), count)?;
        if ports.as_ref().is_some_and(|ports| ports.len() > 1) {
            self.same_count("port", ports.as_deref(), count)?;
        }
        let at = |list: &Option<Vec<&str>>, index: usize| {
            list.as_ref()
                .and_then(|list| list.get(index).copied())
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        (0..count)
            .map(|index| {
                let address = at(&addresses, index)
                    .map(|text| {
                        text.parse().map_err(|_| {
                            self.wrong(
                                "hostaddr",
                                "is not a numeric address",
                                "names belong into `host`",
                            )
                        })
                    })
                    .transpose()?;
                let name = at(&names, index)
                    .or_else(|| address.map(|address: IpAddr| address.to_string()))
                    .unwrap_or_else(|| default_directory(is_directory));
                if name.starts_with('@') {
                    return Err(self.wrong(
                        "host",
                        "is an abstract unix socket, which is not supported",
                        "set `unix_socket_directories` of PostgreSQL to a directory",
                    ));
                }
                let port = match ports.as_ref() {
                    Some(single) if single.len() == 1 => at(&ports, 0),
                    _ => at(&ports, index),
                };
                Ok(Host { name, address, port: self.port(port.as_deref())? })
            })
            .collect()
    }

    fn same_count(
        &self,
        keyword: &str,
        list: Option<&[&str]>,
        count: usize,
    ) -> Result<(), ConnInfoError> {
        match list {
            Some(list) if list.len() != count => Err(ConnInfoError::new(
                format!(
                    "`{keyword}`{} has {} elements, but the number of hosts is {count}",
                    self.source(keyword),
                    list.len()
                ),
                "give one for each host, in the same order; a single `port` counts for all",
            )),
            _ => Ok(()),
        }
    }

    fn port(&self, text: Option<&str>) -> Result<u16, ConnInfoError> {
        let Some(text) = text else { return Ok(5432) };
        text.trim().parse().ok().filter(|port| *port > 0).ok_or_else(|| {
            // Not repeated: in `postgresql://user:password` without a host, it is the password.
            ConnInfoError::new(
                format!("`port`{} is not a number between 1 and 65535", self.source("port")),
                "PostgreSQL's own is 5432; a url with a password needs a host, as in \
                 `postgresql://user:password@host/database`",
            )
        })
    }

    pub(super) fn tls(&self, home: Option<&Path>) -> Result<TlsSettings, ConnInfoError> {
        let default = |file| home.map(|home| home.join(".postgresql").join(file));
        let client_file = |keyword, file| {
            self.text(keyword)
                .map(|file| ClientFile::Named(PathBuf::from(file)))
                .or_else(|| default(file).map(ClientFile::Default))
        };
        let roots = match self.text("sslrootcert") {
            Some("system") => RootCertificates::System,
            Some(file) => RootCertificates::File(PathBuf::from(file)),
            None => default("root.crt").map_or(RootCertificates::Nowhere, RootCertificates::File),
        };
        let system = roots == RootCertificates::System;
        let mode = self.choice("sslmode", super::part::MODES)?.unwrap_or(if system {
            SslMode::VerifyFull
        } else {
            SslMode::Prefer
        });
        // Anybody gets a certificate of the system's authorities; without the name it proves nothing.
        if system && mode != SslMode::VerifyFull {
            return Err(self.wrong(
                "sslmode",
                "is too weak for `sslrootcert=system`",
                "use `sslmode=verify-full`",
            ));
        }
        let direct = self
            .choice("sslnegotiation", &[("postgres", false), ("direct", true)])?
            .unwrap_or(false);
        if direct && mode < SslMode::Require {
            return Err(ConnInfoError::new(
                "`sslnegotiation=direct` needs an `sslmode` that always encrypts",
                "use `sslmode=require` or stronger",
            ));
        }
        let oldest =
            self.choice("ssl_min_protocol_version", VERSIONS)?.unwrap_or(TlsVersion::Tls12);
        let newest =
            self.choice("ssl_max_protocol_version", VERSIONS)?.unwrap_or(TlsVersion::Tls13);
        if oldest > newest {
            return Err(self.wrong(
                "ssl_min_protocol_version",
                "is above `ssl_max_protocol_version`",
                "remove one of them",
            ));
        }
        Ok(TlsSettings {
            mode,
            roots,
            certificate: client_file("sslcert", "postgresql.crt"),
            key: client_file("sslkey", "postgresql.key"),
            revoked: client_file("sslcrl", "root.crl"),
            direct,
            sni: self.choice("sslsni", &[("1", true), ("0", false)])?.unwrap_or(true),
            oldest,
            newest,
        })
    }

    fn wrong(&self, keyword: &str, why: &str, hint: impl Into<String>) -> ConnInfoError {
        let text = self.text(keyword).unwrap_or_default();
        ConnInfoError::new(format!("`{keyword}={text}`{} {why}", self.source(keyword)), hint)
    }

    fn source(&self, keyword: &str) -> &Source {
        self.0.get(keyword).map_or(&Source::Text, |value| &value.source)
    }
}

/// Where this system's PostgreSQL has its unix socket: Debian's place, its new spelling, upstream's.
fn default_directory(is_directory: &dyn Fn(&str) -> bool) -> String {
    ["/var/run/postgresql", "/run/postgresql", "/tmp"]
        .into_iter()
        .find(|directory| is_directory(directory))
        .unwrap_or("/var/run/postgresql")
        .to_owned()
}

/// Versions before 1.2 are no longer spoken; as a minimum they allow more than what is used.
static VERSIONS: &[(&str, TlsVersion)] = &[
    ("TLSv1", TlsVersion::Tls12),
    ("TLSv1.1", TlsVersion::Tls12),
    ("TLSv1.2", TlsVersion::Tls12),
    ("TLSv1.3", TlsVersion::Tls13),
];
