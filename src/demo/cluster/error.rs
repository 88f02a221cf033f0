//! Why a private cluster is not there.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private cluster could not be started, used or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A file or program could not be used at all.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// What was tried, a verb.
        action: &'static str,
        /// The file or program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The server ended, or did not answer in time.
    #[error("PostgreSQL did not start, its log `{}` ends with: {said}", log.display())]
    NotStarted {
        /// The server's log.
        log: PathBuf,
        /// What this start added to the log.
        said: String,
    },
    /// `initdb` or `psql` refused.
    #[error("`{program}` failed: {said}")]
    Program {
        /// The program.
        program: String,
        /// What it said on stderr.
        said: String,
    },
    /// No PostgreSQL server is installed.
    #[error("no PostgreSQL server found, looked for `initdb` and `postgres` in {searched}")]
    ServerMissing {
        /// Where it was looked for, in words.
        searched: String,
    },
    /// The directory is too deep for a unix socket.
    #[error("the socket path `{}` is longer than {limit} bytes, the kernel takes no more", path.display())]
    SocketPathTooLong {
        /// The path.
        path: PathBuf,
        /// The most bytes it may have.
        limit: usize,
    },
    /// A process did not end, not even by SIGKILL.
    #[error("process {pid} of PostgreSQL does not end")]
    StillRunning {
        /// Its process id.
        pid: u32,
    },
    /// The server's unprivileged user cannot enter a directory on the way to its own.
    #[error("user `{user}`, who runs PostgreSQL, cannot enter `{}`", directory.display())]
    Unreachable {
        /// The directory that is closed to others.
        directory: PathBuf,
        /// The user.
        user: String,
    },
    /// Root has no unprivileged user to run the server as, which refuses to run as root.
    #[error("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")]
    UserMissing,
}

impl ClusterError {
    pub(super) fn file(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::File { action, path: path.to_owned(), source }
    }

    /// Returns what the user can do about it, if there is an advice.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotStarted { .. } => Some("is another one running in the same directory?"),
            Self::ServerMissing { .. } => Some(
                "`apt-get install postgresql`, or set PGBIN to the directory of the server's programs",
            ),
            Self::SocketPathTooLong { .. } | Self::Unreachable { .. } => {
                Some("choose another directory, for example `--dir /var/tmp/postcote`")
            }
            Self::UserMissing => Some("run as an ordinary user"),
            Self::File { .. } | Self::Program { .. } | Self::StillRunning { .. } => None,
        }
    }
}
