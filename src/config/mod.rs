//! config.

use std::path::PathBuf;

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A unix socket.
    Unix(PathBuf),
    /// TCP.
    Inet {
        /// Host.
        host: String,
        /// Port.
        port: u16,
    },
    /// From systemd.
    Systemd(String),
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Inet { host, port } => write!(f, "inet:{host}:{port}"),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}
