//! The server process: started by a thread that lives as long, signalled without races.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::ClusterError;

/// A child process and the thread that waits for it.
#[derive(Debug)]
pub(super) struct Process {
    pid: u32,
    handle: OwnedFd,
    // Only &mut self looks inside; the mutex makes the type shareable, as a static needs.
    end: Mutex<Receiver<()>>,
}

impl Process {
    /// Starts a command in a process group of its own, out of reach of the terminal's Ctrl-C.
    ///
    /// The parent-death signal comes when the starting *thread* ends, so that thread does nothing
    /// but wait for the child.
    pub(super) fn spawn(mut command: Command) -> io::Result<Self> {
        let (told, hear) = channel();
        let (ended, end) = channel();
        command.process_group(0);
        thread::Builder::new().name("postgres".to_owned()).spawn(move || {
            match start(&mut command) {
                Err(error) => {
                    let _ = told.send(Err(error));
                }
                Ok((mut child, handle)) => {
                    let _ = told.send(Ok((child.id(), handle)));
                    // An error would mean that there is no such child, so it has ended.
                    let _ = child.wait();
                    let _ = ended.send(());
                }
            }
        })?;
        let (pid, handle) = hear.recv().map_err(io::Error::other)??;
        Ok(Self { pid, handle, end: Mutex::new(end) })
    }

    /// Returns the process id.
    pub(super) fn id(&self) -> u32 {
        self.pid
    }

    /// Waits for the end, at most so long, and says whether it came.
    pub(super) fn has_ended(&mut self, limit: Duration) -> bool {
        // A thread that is gone has told its news before.
        let end = self.end.get_mut().unwrap_or_else(PoisonError::into_inner);
        !matches!(end.recv_timeout(limit), Err(RecvTimeoutError::Timeout))
    }

    /// Asks for a fast shutdown, then for an immediate one, then does not ask any more.
    pub(super) fn stop(mut self, limit: Duration) -> Result<(), ClusterError> {
        for signal in [Signal::INT, Signal::QUIT, Signal::KILL] {
            // It fails only when the process is gone already.
            let _ = pidfd_send_signal(&self.handle, signal);
            if self.has_ended(limit) {
                return Ok(());
            }
        }
        Err(ClusterError::StillRunning { pid: self.pid })
    }

    /// Ends the process and its children by SIGKILL and waits until all are gone.
    pub(super) fn kill(mut self, limit: Duration) -> Result<(), ClusterError> {
        // Stopped, it makes no more children while we look for them.
        let _ = pidfd_send_signal(&self.handle, Signal::STOP);
        let children: Vec<_> =
            children_of(self.pid).filter_map(|pid| Some((pid, open(pid).ok()?))).collect();
        let _ = pidfd_send_signal(&self.handle, Signal::KILL);
        for (_, handle) in &children {
            let _ = pidfd_send_signal(handle, Signal::KILL);
        }
        let deadline = Instant::now() + limit;
        if !self.has_ended(limit) {
            return Err(ClusterError::StillRunning { pid: self.pid });
        }
        for (pid, _) in children {
            while is_running(pid) {
                if Instant::now() > deadline {
                    return Err(ClusterError::StillRunning { pid });
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(())
    }
}

/// Starts the child and opens its handle before anybody can have reaped it.
fn start(command: &mut Command) -> io::Result<(Child, OwnedFd)> {
    let mut child = command.spawn()?;
    match open(child.id()) {
        Ok(handle) => Ok((child, handle)),
        Err(error) => {
            child.kill()?;
            child.wait()?;
            Err(error)
        }
    }
}

fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

fn children_of(parent: u32) -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(move |&pid| stat(pid).is_some_and(|(_, ppid)| ppid == parent))
}

/// A zombie runs no more, even if nobody reaps it, as in a container without an init.
fn is_running(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// Reads state and parent from `/proc/PID/stat`; the command before them may hold any character.
fn stat(pid: u32) -> Option<(String, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
