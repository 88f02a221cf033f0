//! The demo, run as a user runs it, in a directory that goes away.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::command::{Said, postcote, run};
use crate::support::peer::Peer;
use crate::support::scratch::Scratch;
use crate::support::terms::wait_for;

/// `initdb` on a loaded machine takes a while.
const STARTED: Duration = Duration::from_mins(2);

/// Who tries the demo out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newcomer {
    /// User nobody, with the PATH that Debian gives to users.
    Nobody,
    /// Whoever runs the tests.
    Ourselves,
}

/// A demo that serves; dropping it ends it.
pub(crate) struct Demo {
    peer: Option<Peer>,
    newcomer: Newcomer,
    scratch: Scratch,
}

impl Newcomer {
    const NOBODY: u32 = 65534;

    /// A command of this user, with `postcote` in reach.
    fn command(self, program: &str, scratch: &Scratch) -> Command {
        let mut command = Command::new(program);
        let mut path = scratch.join("bin").into_os_string();
        match self {
            Self::Nobody => {
                command = Command::new("setpriv");
                let ids =
                    [format!("--reuid={}", Self::NOBODY), format!("--regid={}", Self::NOBODY)];
                command.args(ids).args(["--clear-groups", "--", program]);
                path.push(":/usr/local/bin:/usr/bin:/bin");
                command.env("HOME", "/nonexistent");
            }
            // Who reads the README is an administrator and finds `postmap`.
            Self::Ourselves => {
                path.push(":");
                path.push(std::env::var_os("PATH").unwrap_or_default());
                path.push(":/usr/local/sbin:/usr/sbin:/sbin");
            }
        }
        command.env("PATH", path);
        command
    }
}

impl Demo {
    /// Starts the demo in a fresh directory and waits until it serves.
    pub(crate) fn start(newcomer: Newcomer) -> Self {
        let mut demo = Self { peer: None, newcomer, scratch: Scratch::new() };
        // A copy, since a clone may lie where other users cannot enter.
        fs::create_dir(demo.scratch.join("bin")).unwrap();
        fs::copy(postcote().get_program(), demo.program()).unwrap();
        let files = ["out", "log"].map(|name| demo.scratch.join(name));
        for path in [demo.home(), files[0].clone(), files[1].clone()] {
            if path == demo.home() {
                fs::create_dir(&path).unwrap();
            } else {
                fs::write(&path, "").unwrap();
            }
            if newcomer == Newcomer::Nobody {
                chown(&path, Some(Newcomer::NOBODY), Some(Newcomer::NOBODY)).unwrap();
            }
        }
        demo.start_again();
        demo
    }

    /// Starts it in the directory that it has used before.
    pub(crate) fn start_again(&mut self) {
        // What the last one said is not to be taken for this one's.
        fs::write(self.scratch.join("log"), "").unwrap();
        // `exec` keeps the process id, so a signal reaches the demo itself.
        let script = "out=$1; log=$2; shift 2; exec \"$@\" >\"$out\" 2>\"$log\"";
        let mut command = self.newcomer.command("sh", &self.scratch);
        command.args(["-c", script, "sh"]).arg(self.scratch.join("out"));
        command.arg(self.scratch.join("log")).arg(self.program());
        command.args(["demo", "--dir"]).arg(self.directory());
        let mut peer = Peer::start(&command);
        wait_for("the demo to serve", STARTED, || {
            let log = self.log();
            assert!(peer.ended().is_none(), "the demo ended: {log}");
            log.contains("serving until").then_some(())
        });
        self.peer = Some(peer);
    }

    /// Where it lives.
    pub(crate) fn directory(&self) -> PathBuf {
        self.home().join("demo")
    }

    fn home(&self) -> PathBuf {
        self.scratch.join("home")
    }

    /// The program, as the demo prints it.
    pub(crate) fn program(&self) -> PathBuf {
        self.scratch.join("bin/postcote")
    }

    /// What it printed.
    pub(crate) fn printed(&self) -> String {
        fs::read_to_string(self.scratch.join("out")).unwrap()
    }

    /// What it said on stderr.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }

    /// Sends a signal that ends it, and waits for the end.
    pub(crate) fn end(&mut self, signal: Signal) -> ExitStatus {
        let mut peer = self.peer.take().unwrap();
        kill_process(Pid::from_raw(peer.pid()).unwrap(), signal).unwrap();
        wait_for("the demo to end", STARTED, || peer.ended())
    }

    /// The processes that run with something of the demo's on their command line.
    pub(crate) fn processes(&self) -> Vec<String> {
        let home = self.home().display().to_string();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
        let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
        lines.filter(|line| line.contains(&home)).collect()
    }

    /// Runs a line of shell that was printed or documented, as the newcomer would.
    pub(crate) fn shell(&self, line: &str) -> Said {
        let mut command = self.newcomer.command("sh", &self.scratch);
        command.env("POSTCOTE_CONFIG", self.directory().join("postcote.toml"));
        run(command.args(["-c", line]))
    }
}

/// Every socket below a directory.
pub(crate) fn sockets(directory: &Path) -> Vec<PathBuf> {
    use std::os::unix::fs::FileTypeExt;

    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            found.extend(sockets(&entry.path()));
        } else if kind.is_socket() {
            found.push(entry.path());
        }
    }
    found
}
