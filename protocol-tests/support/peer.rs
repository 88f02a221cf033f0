//! A process that never outlives the test that started it, however the test ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// A started process; dropping it ends it and everything in a process group of its own.
///
/// What it prints goes where the tests' errors go; its input is empty.
#[derive(Debug)]
pub(crate) struct Peer {
    supervisor: Child,
    /// Closing this ends the process, and the kernel closes it when the tests are killed.
    lifeline: Option<ChildStdin>,
    pid: i32,
}

/// Runs `$@`, prints its process id, and ends it when standard input ends: SIGTERM, after 10 seconds SIGKILL.
///
/// `PR_SET_PDEATHSIG` would not do: Linux forgets it when a process changes its effective user, as master(8) does.
const SUPERVISE: &str = r#"
exec 3<&0 </dev/null
"$@" >&2 3<&- &
child=$!
{
    read -r _ <&3
    kill $child
    tries=0
    while kill -0 $child && [ $((tries += 1)) -lt 200 ]; do sleep 0.05; done
    kill -KILL $child
} >/dev/null 2>&1 &
watcher=$!
echo $child
exec 2>/dev/null
wait $child
status=$?
kill $watcher
exit $status
"#;

impl Peer {
    /// Starts `command`; its own standard input and output settings do not count.
    pub(crate) fn start(command: &Command) -> Self {
        let mut supervisor = Command::new("sh");
        supervisor
            .args(["-c", SUPERVISE, "peer"])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => supervisor.env(name, value),
                None => supervisor.env_remove(name),
            };
        }
        if let Some(directory) = command.get_current_dir() {
            supervisor.current_dir(directory);
        }
        let mut supervisor =
            supervisor.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lifeline = supervisor.stdin.take();
        let mut pid = String::new();
        BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut pid).unwrap();
        Self { supervisor, lifeline, pid: pid.trim().parse().unwrap() }
    }

    /// Tells whether the process has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        rustix::process::Pid::from_raw(self.pid)
            .is_none_or(|pid| rustix::process::test_kill_process(pid).is_err())
    }

    /// Gives the exit status if the process has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.supervisor.try_wait().unwrap()
    }

    /// The process itself, not its supervisor.
    pub(crate) fn pid(&self) -> i32 {
        self.pid
    }

    /// Ends the process and waits until it and its process group are gone.
    pub(crate) fn stop(&mut self) {
        self.lifeline = None;
        let _ = self.supervisor.wait();
        let deadline = Instant::now() + Duration::from_secs(5);
        while group_is_alive(self.pid) {
            if let Some(pid) = Pid::from_raw(self.pid).filter(|_| Instant::now() > deadline) {
                let _ = kill_process_group(pid, Signal::KILL);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Tells whether any process of a group still runs; one that has ended and was not waited for does not.
fn group_is_alive(group: i32) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    processes.filter_map(|process| std::fs::read_to_string(process.path().join("stat")).ok()).any(
        |stat| {
            // `pid (name) state parent group …`, where the name may hold anything.
            let mut fields = stat.rsplit_once(") ").map_or("", |(_, behind)| behind).split(' ');
            let (state, its_group) = (fields.next(), fields.nth(1));
            state != Some("Z") && its_group == Some(group.to_string().as_str())
        },
    )
}
