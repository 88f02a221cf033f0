//! The values a connection text is made of, each with the meaning libpq gives it.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

/// One place to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Host {
    /// A host name, a numeric address, or the directory of a unix socket (`/…`).
    pub(in crate::store) name: String,
    /// Saves the name's resolution (`hostaddr`).
    pub(in crate::store) address: Option<IpAddr>,
    pub(in crate::store) port: u16,
}

impl Host {
    /// The directory of the unix socket, if this is one.
    pub(in crate::store) fn directory(&self) -> Option<&Path> {
        (self.address.is_none() && self.name.starts_with('/')).then(|| Path::new(&self.name))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum HostOrder {
    AsGiven,
    Random,
}

/// What the session must offer (`target_session_attrs`), in libpq's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum TargetSession {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Keepalive {
    pub(in crate::store) on: bool,
    pub(in crate::store) idle: Option<Duration>,
    pub(in crate::store) interval: Option<Duration>,
    pub(in crate::store) count: Option<u32>,
    pub(in crate::store) user_timeout: Option<Duration>,
}

/// How much of the way is encrypted and verified, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Where the certificates to trust are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum RootCertificates {
    /// A file; it may be absent unless `sslmode` verifies.
    File(PathBuf),
    /// No file is named and there is no home directory to look in.
    Nowhere,
    /// The operating system's (`sslrootcert=system`).
    System,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct TlsSettings {
    pub(in crate::store) mode: SslMode,
    pub(in crate::store) roots: RootCertificates,
    pub(in crate::store) certificate: Option<ClientFile>,
    pub(in crate::store) key: Option<ClientFile>,
    pub(in crate::store) revoked: Option<ClientFile>,
    /// TLS from the first byte, without asking (PostgreSQL 17).
    pub(in crate::store) direct: bool,
    pub(in crate::store) sni: bool,
    pub(in crate::store) oldest: TlsVersion,
    pub(in crate::store) newest: TlsVersion,
}

/// A file below `~/.postgresql` counts only if it exists; one that is named must.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum ClientFile {
    Default(PathBuf),
    Named(PathBuf),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::store) enum TlsVersion {
    Tls12,
    Tls13,
}

/// A password that prints as `…`.
#[derive(Clone)]
pub(in crate::store) struct Password(pub(in crate::store) SecretString);

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Password {}

pub(super) static MODES: &[(&str, SslMode)] = &[
    ("disable", SslMode::Disable),
    ("allow", SslMode::Allow),
    ("prefer", SslMode::Prefer),
    ("require", SslMode::Require),
    ("verify-ca", SslMode::VerifyCa),
    ("verify-full", SslMode::VerifyFull),
];

pub(super) static TARGETS: &[(&str, TargetSession)] = &[
    ("any", TargetSession::Any),
    ("read-write", TargetSession::ReadWrite),
    ("read-only", TargetSession::ReadOnly),
    ("primary", TargetSession::Primary),
    ("standby", TargetSession::Standby),
    ("prefer-standby", TargetSession::PreferStandby),
];
