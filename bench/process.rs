//! Processes that never outlive the benchmark, and the processor time that they use.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A server in a process of its own, killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) socket: PathBuf,
}

impl Server {
    /// Starts a server and waits until its socket takes connections.
    pub(crate) fn start(command: &Command, socket: PathBuf) -> Self {
        // The kernel ends it with us, however we end.
        let mut dying = Command::new("setpriv");
        dying.args(["--pdeathsig", "KILL", "--"]).arg(command.get_program());
        dying.args(command.get_args()).stdin(Stdio::null());
        let mut server = Self { child: dying.spawn().unwrap(), socket };
        let deadline = Instant::now() + Duration::from_mins(1);
        while UnixStream::connect(&server.socket).is_err() {
            let ended = server.child.try_wait().unwrap();
            assert!(ended.is_none(), "{command:?} ended: {ended:?}");
            assert!(Instant::now() < deadline, "{command:?} does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory that is short enough for sockets and open to the database's user.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// Makes one, and removes those of runs that were killed.
    pub(crate) fn new() -> Self {
        const PREFIX: &str = "postcote-bench-";
        for entry in fs::read_dir("/tmp").unwrap().flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
            if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let path = PathBuf::from(format!("/tmp/{PREFIX}{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The processor time that some processes and all their descendants have used so far.
pub(crate) fn processor_time(roots: &[u32]) -> Duration {
    let stats: Vec<Stat> =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| stat(&entry)).collect();
    let mut tree = roots.to_vec();
    let mut ticks = 0;
    while let Some(pid) = tree.pop() {
        for stat in &stats {
            if stat.pid == pid {
                ticks += stat.ticks;
            } else if stat.parent == pid {
                tree.push(stat.pid);
            }
        }
    }
    Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).unwrap()
}

struct Stat {
    pid: u32,
    parent: u32,
    /// Of the process and of its children that have ended.
    ticks: u64,
}

fn stat(entry: &fs::DirEntry) -> Option<Stat> {
    let pid = entry.file_name().to_str()?.parse().ok()?;
    let text = fs::read_to_string(entry.path().join("stat")).ok()?;
    // The name before the last bracket may hold anything. Behind it: state, parent, …, and as the
    // 12th to 15th field utime, stime, cutime, cstime (proc_pid_stat(5)).
    let (_, fields) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().unwrap_or(0)).sum();
    Some(Stat { pid, parent: fields.get(1)?.parse().ok()?, ticks })
}
