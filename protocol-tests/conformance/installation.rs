//! Where a Postfix is installed: on this machine, or in a Debian root beside it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::scratch::Scratch;
use crate::support::terms::not_run;

/// An installed Postfix whose programs can be run on files of a scratch directory.
#[derive(Debug)]
pub(crate) struct Installation {
    /// The directory that is `/` to its programs; `None` is this machine's own.
    root: Option<PathBuf>,
}

/// Makes the scratch directory `$1` visible below the root `$0` under its own path, then runs the rest.
///
/// The mounts are in a namespace of their own, so they end with the last process inside.
const ENTER: &str = r#"
root=$0 scratch=$1; shift
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
mkdir "$root$scratch"
mount --bind "$scratch" "$root$scratch"
exec chroot "$root" "$@"
"#;

impl Installation {
    /// The Postfix of this machine.
    pub(crate) fn here() -> Self {
        Self { root: None }
    }

    /// The Postfix of the Debian 13 root, if this run has one; `test` stands in the notice if not.
    pub(crate) fn debian_13(test: &str) -> Option<Self> {
        let Some(root) = std::env::var_os("POSTCOTE_DEBIAN13_ROOT") else {
            not_run(test, "no Debian 13 root was named", "run `make test DEBIAN=13`");
            return None;
        };
        Some(Self { root: Some(root.into()) })
    }

    /// Begins a command that sees `scratch` under the same path on both sides of a root.
    pub(crate) fn command(&self, scratch: &Scratch, program: impl AsRef<OsStr>) -> Command {
        let Some(root) = &self.root else { return Command::new(program) };
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-euc", ENTER]);
        command.args([root.as_path(), scratch.path()]).arg(program);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Tells a parameter's built-in value, such as `mail_version` or `daemon_directory`.
    pub(crate) fn built_in(&self, scratch: &Scratch, parameter: &str) -> String {
        let postconf = self.program("postconf");
        let output = self.command(scratch, postconf).args(["-dh", parameter]).output().unwrap();
        assert!(output.status.success(), "postconf: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// The group of user postfix, as a number: inside and outside of a root they differ.
    pub(crate) fn group(&self, scratch: &Scratch) -> String {
        let output = self.command(scratch, "id").args(["-g", "postfix"]).output().unwrap();
        assert!(output.status.success(), "id: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Where a file of it is, seen from this machine.
    pub(crate) fn path(&self, inside: &Path) -> PathBuf {
        let root = self.root.as_deref().unwrap_or(Path::new("/"));
        root.join(inside.strip_prefix("/").unwrap_or(inside))
    }

    /// Finds a command of Postfix, which an ordinary user's PATH may lack.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let root = self.root.as_deref().unwrap_or(Path::new("/"));
        let path = Path::new("usr/sbin").join(name);
        if root.join(&path).exists() { Path::new("/").join(path) } else { name.into() }
    }
}
