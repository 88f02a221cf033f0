//! The demo, run as a user runs it, in a directory that goes away.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::command::postcote;
use crate::support::peer::Peer;
use crate::support::scratch::Scratch;
use crate::support::terms::wait_for;

/// `initdb` on a loaded machine takes a while.
const STARTED: Duration = Duration::from_mins(2);

/// A demo that serves; dropping it ends it.
pub(crate) struct Demo {
    peer: Option<Peer>,
    scratch: Scratch,
}

impl Demo {
    /// Starts the demo in a fresh directory and waits until it serves.
    pub(crate) fn start() -> Self {
        let mut demo = Self { peer: None, scratch: Scratch::new() };
        demo.start_again();
        demo
    }

    /// Starts it in the directory that it has used before.
    pub(crate) fn start_again(&mut self) {
        // What the last one said is not to be taken for this one's.
        let _ = std::fs::remove_file(self.scratch.join("log"));
        // `exec` keeps the process id, so a signal reaches the demo itself.
        let script = "out=$1; log=$2; shift 2; exec \"$@\" >\"$out\" 2>\"$log\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(self.scratch.join("out"));
        command.arg(self.scratch.join("log")).arg(postcote().get_program());
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
        self.scratch.join("demo")
    }

    /// What it printed.
    pub(crate) fn printed(&self) -> String {
        std::fs::read_to_string(self.scratch.join("out")).unwrap()
    }

    /// What it said on stderr.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.scratch.join("log")).unwrap_or_default()
    }

    /// Presses Ctrl-C and waits for the end.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let mut peer = self.peer.take().unwrap();
        kill_process(Pid::from_raw(peer.pid()).unwrap(), Signal::INT).unwrap();
        wait_for("the demo to end", STARTED, || peer.ended())
    }

    /// Runs a line of shell that was printed or documented, as somebody who tries the demo.
    pub(crate) fn shell(&self, line: &str) -> std::process::Output {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_postcote"));
        let mut path = std::ffi::OsString::from(program.parent().unwrap());
        path.push(":/usr/sbin:/usr/local/sbin:");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("PATH", path);
        command.env("POSTCOTE_CONFIG", self.directory().join("postcote.toml"));
        command.output().unwrap()
    }
}
