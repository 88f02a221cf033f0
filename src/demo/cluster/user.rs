//! Who runs the server: we ourselves, or, because PostgreSQL refuses root, somebody harmless.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

use super::ClusterError;

/// The user that runs the server's programs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum ServerUser {
    /// Another user, because we are root.
    Other { uid: u32, gid: u32 },
    /// We are not root.
    Ourselves,
}

impl ServerUser {
    /// Chooses the owner of an existing cluster, else `postgres`, else `nobody`; ourselves if we
    /// are not root.
    pub(super) fn choose(directory: &Path) -> Result<Self, ClusterError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let owner = fs::metadata(directory.join("data")).ok().map(|data| (data.uid(), data.gid()));
        let (uid, gid) = owner
            .filter(|&(uid, _)| uid != 0)
            .or_else(|| ids("postgres"))
            .or_else(|| ids("nobody"))
            .ok_or(ClusterError::UserMissing)?;
        for ancestor in directory.ancestors() {
            let metadata = fs::metadata(ancestor)
                .map_err(|source| ClusterError::file("look at", ancestor, source))?;
            if metadata.uid() != uid && metadata.permissions().mode() & 0o001 == 0 {
                let directory = ancestor.to_owned();
                return Err(ClusterError::Unreachable { directory, user: uid.to_string() });
            }
        }
        Ok(Self::Other { uid, gid })
    }

    /// Gives a directory to the user.
    pub(super) fn own(&self, path: &Path) -> Result<(), ClusterError> {
        match *self {
            Self::Ourselves => Ok(()),
            Self::Other { uid, gid } => chown(path, Some(uid), Some(gid))
                .map_err(|source| ClusterError::file("change the owner of", path, source)),
        }
    }

    /// Prepares a program to run as the user, in a directory that everybody can enter.
    pub(super) fn command(&self, program: &Path) -> Command {
        self.prepared(program, &[])
    }

    /// Prepares a program that gets SIGINT when the thread that started it ends.
    pub(super) fn dying_command(&self, program: &Path) -> Command {
        self.prepared(program, &["--pdeathsig", "INT"])
    }

    /// setpriv does what std cannot without `unsafe`, and replaces itself by the program.
    fn prepared(&self, program: &Path, options: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        if let Self::Other { uid, gid } = self {
            command.args([format!("--reuid={uid}"), format!("--regid={gid}")]);
            command.arg("--clear-groups");
        }
        command.args(options).arg("--").arg(program).current_dir("/");
        command
    }
}

/// Asks the system's user database, which need not be `/etc/passwd`.
fn ids(name: &str) -> Option<(u32, u32)> {
    let ask = |option| {
        let output = Command::new("id").args([option, "--", name]).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    Some((ask("-u")?, ask("-g")?))
}
