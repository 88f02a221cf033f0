//! A private view of the file systems, in which others can be mounted.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::site::Site;
use crate::command::{Said, administrative, run};

/// A mount namespace; its mounts end with the process that holds it.
pub(super) struct Namespace {
    holder: Child,
}

impl Namespace {
    /// Has an empty file system of its own at a directory, which is made.
    pub(super) fn with_tmpfs(at: &Path) -> Self {
        const HOLD: &str =
            "mkdir -p \"$0\"; mount -t tmpfs -o mode=0711 tmpfs \"$0\"; echo; exec cat";
        let mut unshare = administrative("unshare");
        unshare.args(["--mount", "--propagation", "private", "sh", "-euc", HOLD]).arg(at);
        Self::hold(&mut unshare)
    }

    /// Shows one directory at another, which is made, on the same file system.
    pub(super) fn with_bind(from: &Path, at: &Path) -> Self {
        const HOLD: &str = "mkdir -p \"$1\"; mount --bind \"$0\" \"$1\"; echo; exec cat";
        let mut unshare = administrative("unshare");
        unshare.args(["--mount", "--propagation", "private", "sh", "-euc", HOLD]).args([from, at]);
        Self::hold(&mut unshare)
    }

    fn hold(unshare: &mut Command) -> Self {
        let holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut holder = holder.expect("unshare starts");
        let mut line = String::new();
        BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "\n", "the file system could not be mounted");
        Self { holder }
    }

    /// How a path of the inside is reached from the outside.
    pub(super) fn inside(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(path.strip_prefix("/").unwrap())
    }

    /// Begins a command inside.
    pub(super) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut nsenter = administrative("nsenter");
        nsenter.arg(format!("--mount=/proc/{}/ns/mnt", self.holder.id())).arg(program);
        nsenter
    }

    /// Runs the built program inside.
    pub(super) fn postcote(&self, site: &Site, line: &str) -> Said {
        let mut command = self.command(env!("CARGO_BIN_EXE_postcote"));
        command.arg("--config").arg(site.config_file()).args(line.split_whitespace());
        run(&mut command)
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
