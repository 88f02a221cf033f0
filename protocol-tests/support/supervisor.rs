//! What systemd is to a service: it holds listening sockets and what the service hands over, and gives
//! both to the next process.

use std::fs::{File, Permissions};
use std::io::IoSliceMut;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recvmsg};
use rustix::process::{Pid, Signal, kill_process};

use super::daemon::{Daemon, SOON};
use super::scratch::Scratch;
use super::terms::wait_for;

/// A service manager for one daemon; dropping it ends the daemon.
pub(crate) struct Supervisor<'a> {
    daemon: &'a Daemon,
    sockets: Vec<(&'static str, UnixListener)>,
    notify: PathBuf,
    told: Arc<Mutex<Told>>,
    child: Option<Child>,
    _scratch: Scratch,
}

/// What the service has said.
#[derive(Default)]
struct Told {
    is_ready: bool,
    kept: Vec<(String, OwnedFd)>,
}

/// Starts `$@` with the sockets that it has as 0, 1 and 2 as 3, 4 and 5, as `sd_listen_fds(3)` has them.
/// Handing them over in this way leaves no copy in the processes of other tests.
const START: &str = r#"
exec 3<&0 4>&1 5>&2 0</dev/null 1>/dev/null 2>>"$LOG"
unset LOG
LISTEN_PID=$$ exec "$@"
"#;

impl<'a> Supervisor<'a> {
    /// Opens the sockets; nothing is started yet.
    pub(crate) fn new(daemon: &'a Daemon, sockets: &[(&'static str, &Path)]) -> Self {
        let scratch = Scratch::new();
        let open = |(name, path): &(&'static str, &Path)| {
            let socket = UnixListener::bind(path).unwrap();
            std::fs::set_permissions(path, Permissions::from_mode(0o666)).unwrap();
            (*name, socket)
        };
        let sockets = sockets.iter().map(open).collect();
        let notify = scratch.join("notify");
        let words = UnixDatagram::bind(&notify).unwrap();
        let told = Arc::new(Mutex::new(Told::default()));
        let record = Arc::clone(&told);
        std::thread::spawn(move || {
            while let Some(word) = next(&words) {
                record.lock().unwrap().take(word);
            }
        });
        Self { daemon, sockets, notify, told, child: None, _scratch: scratch }
    }

    /// Starts the daemon, with what the last one has handed over, and waits until it is ready.
    pub(crate) fn start(&mut self) {
        let sockets = self.sockets.iter();
        let mut all: Vec<_> = sockets
            .map(|(name, socket)| ((*name).to_owned(), socket.try_clone().unwrap().into()))
            .collect();
        {
            let mut told = self.told.lock().unwrap();
            told.is_ready = false;
            let kept = told.kept.iter();
            all.extend(kept.map(|(name, fd)| (name.clone(), fd.try_clone().unwrap())));
        }
        assert!(all.len() <= 3, "more than this can hand over");
        let (names, all): (Vec<_>, Vec<OwnedFd>) = all.into_iter().unzip();
        let log = self.daemon.log_path();
        File::options().create(true).append(true).open(&log).unwrap();
        // The kernel ends it with us, however we end.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", "bash", "-c", START, "bash"]);
        command.arg(env!("CARGO_BIN_EXE_postcote")).args(["serve", "--config"]);
        command.arg(self.daemon.config()).env("LOG", log);
        command.env("NOTIFY_SOCKET", &self.notify).env("LISTEN_FDNAMES", names.join(":"));
        command.env("LISTEN_FDS", all.len().to_string());
        let mut all = all.into_iter().map(Stdio::from);
        command.stdin(all.next().unwrap_or_else(Stdio::null));
        command.stdout(all.next().unwrap_or_else(Stdio::null));
        command.stderr(all.next().unwrap_or_else(Stdio::null));
        let mut child = command.spawn().unwrap();
        wait_for("the daemon to be ready", SOON, || {
            assert!(child.try_wait().unwrap().is_none(), "it ended:\n{}", self.daemon.log());
            self.told.lock().unwrap().is_ready.then_some(())
        });
        self.child = Some(child);
    }

    /// Ends the daemon and says how many connections it has handed over.
    pub(crate) fn stop(&mut self) -> usize {
        if let Some(mut child) = self.child.take() {
            kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
            wait_for("the daemon to end", SOON, || child.try_wait().unwrap());
        }
        // What it has said last is behind this.
        let mark = UnixDatagram::unbound().unwrap();
        self.told.lock().unwrap().is_ready = false;
        mark.send_to(b"READY=1\n", &self.notify).unwrap();
        wait_for("the last words", SOON, || self.told.lock().unwrap().is_ready.then_some(()));
        self.told.lock().unwrap().kept.len()
    }

    /// Closes what was handed over, as systemd does without `FileDescriptorStoreMax=`.
    pub(crate) fn forget(&mut self) {
        self.told.lock().unwrap().kept.clear();
    }
}

impl Drop for Supervisor<'_> {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        // Ends the thread that listens.
        let _ = UnixDatagram::unbound().and_then(|mark| mark.send_to(b"", &self.notify));
    }
}

impl Told {
    fn take(&mut self, (words, fds): (String, Vec<OwnedFd>)) {
        let has = |word: &str| words.lines().any(|line| line == word);
        let name = words.lines().find_map(|line| line.strip_prefix("FDNAME="));
        self.is_ready |= has("READY=1");
        if let Some(name) = name.filter(|_| has("FDSTOREREMOVE=1")) {
            self.kept.retain(|(kept, _)| kept != name);
        }
        if let Some(name) = name.filter(|_| has("FDSTORE=1")) {
            self.kept.extend(fds.into_iter().map(|fd| (name.to_owned(), fd)));
        }
    }
}

/// The next message with what came with it; nothing if it is empty.
fn next(socket: &UnixDatagram) -> Option<(String, Vec<OwnedFd>)> {
    let mut text = [0; 4096];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(16))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::CMSG_CLOEXEC;
    let read = recvmsg(socket, &mut [IoSliceMut::new(&mut text)], &mut control, flags).unwrap();
    assert!(!read.flags.contains(ReturnFlags::CTRUNC));
    let rights = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(fds) => Some(fds),
        _ => None,
    });
    let fds = rights.flatten().collect();
    let words = String::from_utf8(text[..read.bytes].to_vec()).unwrap();
    (!words.is_empty()).then_some((words, fds))
}
