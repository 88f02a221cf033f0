//! Why an operation on the disk ended early.

use std::io;
use std::path::Path;

use rustix::io::Errno;

/// Why an operation on the disk ended early. What was done up to there stays; done again, the
/// operation goes on.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// What stands there must not be touched. It stays so until a person has changed something.
    #[error("{0}")]
    Refused(String),
    /// The operating system refused, perhaps only now.
    #[error("{what}: {source}")]
    Os {
        /// What failed, with the path.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// Whoever watches wants it to stop here.
    #[error("stopped before the work was done")]
    Stopped,
}

impl DiskError {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    /// Makes an error of what the system said about a path: `failed("cannot open", path)`.
    pub(super) fn failed(verb: &str, path: &Path) -> impl FnOnce(Errno) -> Self {
        let what = format!("{verb} `{}`", path.display());
        move |errno| Self::Os { what, source: errno.into() }
    }

    pub(super) fn os(verb: &str, path: &Path, source: io::Error) -> Self {
        Self::Os { what: format!("{verb} `{}`", path.display()), source }
    }
}
