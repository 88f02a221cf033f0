//! Opening listening sockets: unix, inet, or handed over by systemd.

use std::io;
use std::net::{SocketAddr, TcpListener as StdTcpListener, ToSocketAddrs};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdUnixListener, UnixStream as StdUnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use tokio::net::{TcpListener, UnixListener};

use crate::config::{Endpoint, number};
use crate::server::passed::{Listening, Passed};

/// Who may connect to a unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The permissions of the socket file; `None` leaves 0600.
    pub mode: Option<u32>,
    /// The owner's name or number.
    pub owner: Option<String>,
    /// The group's name or number.
    pub group: Option<String>,
}

/// A socket that peers can connect to.
#[derive(Debug)]
pub enum Bound {
    /// A unix socket, and the file to remove at the end.
    Unix(UnixListener, Option<SocketFile>),
    /// A TCP socket.
    Inet(TcpListener),
}

/// A socket could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody answers there already.
    #[error("`{0}` is in use: another process answers on it")]
    InUse(String),
    /// There is a file of another kind.
    #[error("`{0}` exists and is no socket")]
    NotASocket(String),
    /// The user or group does not exist.
    #[error("there is no {kind} `{name}` on this system")]
    NoSuchName {
        /// `user` or `group`.
        kind: &'static str,
        /// What was configured.
        name: String,
    },
    /// systemd handed no socket of this name over.
    #[error("systemd passed no socket named `{0}` (FileDescriptorName= of the .socket unit)")]
    NoSystemdSocket(String),
    /// The operating system refused.
    #[error("cannot listen on `{endpoint}`: {source}")]
    Os {
        /// Where.
        endpoint: String,
        /// Why.
        source: io::Error,
    },
}

/// Removes the file of a unix socket when dropped, if it is still the one that was made.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_some_and(|found| found == self.identity) {
            // Nothing can be done about a directory that became read-only.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Opens a socket, or takes it from those that were passed.
///
/// # Errors
/// The address is taken, not permitted, or names something that does not exist.
pub fn bind(endpoint: &Endpoint, access: &Access, passed: &mut Passed) -> Result<Bound, BindError> {
    let failed = |source| BindError::Os { endpoint: endpoint.to_string(), source };
    match endpoint {
        Endpoint::Unix(path) => unix(path, access),
        Endpoint::Inet { host, port } => {
            let listener = inet(host, *port).map_err(failed)?;
            TcpListener::from_std(listener).map(Bound::Inet).map_err(failed)
        }
        Endpoint::Systemd(name) => systemd(name, passed),
    }
}

fn unix(path: &Path, access: &Access) -> Result<Bound, BindError> {
    let shown = || format!("unix:{}", path.display());
    let failed = |source| BindError::Os { endpoint: shown(), source };
    let owner = access.owner.as_deref().map(|name| id("user", "/etc/passwd", name)).transpose()?;
    let group = access.group.as_deref().map(|name| id("group", "/etc/group", name)).transpose()?;
    make_way(path)?;
    // Nobody else may connect before mode and group are right.
    let umask = rustix::process::umask(Mode::from_raw_mode(0o177));
    let bound = StdUnixListener::bind(path);
    rustix::process::umask(umask);
    let listener = bound.map_err(failed)?;
    let file = identity(path).map(|identity| SocketFile { path: path.to_owned(), identity });
    if owner.is_some() || group.is_some() {
        std::os::unix::fs::lchown(path, owner, group).map_err(failed)?;
    }
    if let Some(mode) = access.mode {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).map_err(failed)?;
    }
    listener.set_nonblocking(true).map_err(failed)?;
    // The standard library listens with a short queue; listening again lengthens it.
    rustix::net::listen(&listener, BACKLOG).map_err(|e| failed(e.into()))?;
    let listener = UnixListener::from_std(listener).map_err(failed)?;
    Ok(Bound::Unix(listener, file))
}

/// Peers that come faster than they are accepted wait here; the kernel caps it (`somaxconn`).
const BACKLOG: i32 = 4096;

/// Removes the socket that a daemon killed hard has left behind.
fn make_way(path: &Path) -> Result<(), BindError> {
    use std::os::unix::fs::FileTypeExt;
    let shown = || format!("unix:{}", path.display());
    let failed = |source| BindError::Os { endpoint: shown(), source };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
        Ok(found) if !found.file_type().is_socket() => Err(BindError::NotASocket(shown())),
        Ok(_) => match StdUnixStream::connect(path) {
            Ok(_) => Err(BindError::InUse(shown())),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        },
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::symlink_metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

fn inet(host: &str, port: u16) -> io::Result<StdTcpListener> {
    let mut failure = None;
    for address in (host, port).to_socket_addrs()? {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::Error::other("the host name has no address")))
}

fn listen(address: SocketAddr) -> io::Result<StdTcpListener> {
    // The standard library sets SO_REUSEADDR, so a restart need not wait for old connections.
    let listener = StdTcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// Takes the socket that a systemd .socket unit opened under this name.
fn systemd(name: &str, passed: &mut Passed) -> Result<Bound, BindError> {
    let failed = |source| BindError::Os { endpoint: format!("systemd:{name}"), source };
    match passed.listener(name).map_err(failed)? {
        None => Err(BindError::NoSystemdSocket(name.to_owned())),
        Some(Listening::Inet(listener)) => {
            listener.set_nonblocking(true).map_err(failed)?;
            TcpListener::from_std(listener).map(Bound::Inet).map_err(failed)
        }
        Some(Listening::Unix(listener)) => {
            listener.set_nonblocking(true).map_err(failed)?;
            UnixListener::from_std(listener).map(|l| Bound::Unix(l, None)).map_err(failed)
        }
    }
}

fn id(kind: &'static str, file: &str, name: &str) -> Result<u32, BindError> {
    number(file, name).ok_or_else(|| BindError::NoSuchName { kind, name: name.to_owned() })
}
