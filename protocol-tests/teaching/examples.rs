//! The examples at the end of each help text work: they are run as they stand there, in order, by a
//! shell on a terminal, on the data of `postcote demo`. So whoever reads them can paste them there.

use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use crate::command::{Said, file, postcote};
use crate::support::daemon::{Daemon, Setup, make_daemon_user};
use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;
use crate::support::terms::runs_as_root;

/// Commands that run until they are stopped; the tests of the daemon and of the demo start them.
const STAY: &[&str] = &["postcote-demo.txt", "postcote-serve.txt"];

/// What only root can do, however often it is tried beforehand with `--dry-run`.
fn needs_root(line: &str) -> bool {
    line.starts_with("postcote orders run") && !line.contains("--dry-run")
}

/// What belongs to the reader's machine and not to postcote; all but `sudo` only have to be there.
/// Everybody's password is that of the demo.
const STAND_INS: &[(&str, &str)] = &[
    ("pass", "case $1 in */url) echo \"$POSTCOTE_DATABASE_URL\" ;; *) echo demo ;; esac"),
    ("systemctl", "exit 0"),
    ("postfix", "exit 0"),
    ("sudo", "shift 2; exec \"$@\""),
];

/// Where the reader's machine keeps things.
const PLACES: &[&str] = &["/etc/", "/usr/local/", "/srv/", "/var/"];

/// The directories that a package or the shells have made there.
const DIRECTORIES: &[&str] = &[
    "etc/bash_completion.d",
    "etc/dovecot/conf.d",
    "etc/fish/completions",
    "etc/postcote",
    "etc/postfix",
    "usr/local/sbin",
    "usr/local/share/zsh/site-functions",
];

/// The database of the reader's machine, as its superuser names it.
const LOCAL_DATABASE: &str = "postgresql:///postcote";

/// Orders with the numbers that examples name, for the sample has none. They have failed, so no
/// example carries them out.
const ORDERS: &str = "
    INSERT INTO postcote.mailbox_order (id, kind, uid, gid, address, home, state, last_error)
    OVERRIDING SYSTEM VALUE
    SELECT id, 'delete', 80000 + id, 70000, 'left@example.org', '/srv/mail/e/70000/' || id,
           'failed', 'permission denied'
    FROM generate_series(17, 19) id;";

/// What the examples of the policy service need.
const POLICY: &str = "\n[[listen]]\nprotocol = \"policy\"\naddress = \"inet:127.0.0.1:0\"\n";
/// A request as smtpd(8) writes it.
const REQUEST: &str = "request=smtpd_access_policy\nprotocol_state=RCPT\n\n";

/// Empties every table that holds data. A new database for each help text takes three times as long.
const EMPTY: &str = "
    SET session_replication_role = replica; -- no trigger has a say
    DO $$ BEGIN EXECUTE (
        SELECT 'TRUNCATE ' || string_agg(format('%I.%I', schemaname, tablename), ', ')
               || ' RESTART IDENTITY'
        FROM pg_tables
        WHERE schemaname = 'postcote' AND tablename NOT IN ('change_floor', 'schema_history')
    ); END $$;
    RESET session_replication_role;";

/// Who sits there gives a password twice if asked for one, then ends the input. `vmm configure`
/// asks for more; an empty line keeps what is there.
fn typed(line: &str) -> String {
    let answers = if line.contains(" configure") { "\n".repeat(40) } else { "demo\n".repeat(2) };
    answers + "\u{4}"
}

/// A machine as the reader has it: a database, a configuration, perhaps a daemon.
struct Machine<'a> {
    daemon: Option<Daemon>,
    database: &'a TestDatabase<'static>,
    root: Scratch,
}

impl<'a> Machine<'a> {
    /// Has the sample in a database, and nothing else.
    async fn new(database: &'a TestDatabase<'static>, serving: bool) -> Self {
        let root = Scratch::new();
        let client = database.connect().await;
        client.batch_execute(EMPTY).await.unwrap();
        let sample = std::fs::read_to_string(file("src/demo/sample.sql")).unwrap();
        client.batch_execute(&format!("BEGIN; {sample}; {ORDERS} COMMIT")).await.unwrap();
        let daemon = if serving {
            make_daemon_user(&client).await;
            make_homes(&client, &root).await;
            let mut setup = Setup::new(&database.url);
            setup.listen.push_str(POLICY);
            Some(setup.start())
        } else {
            None
        };
        let machine = Self { daemon, database, root };
        machine.furnish();
        machine
    }

    fn furnish(&self) {
        let root = &self.root;
        for (name, script) in STAND_INS {
            let path = root.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink(env!("CARGO_BIN_EXE_postcote"), root.join("vmm")).unwrap();
        for place in DIRECTORIES {
            std::fs::create_dir_all(root.join(place)).unwrap();
        }
        let config = format!(
            "# Ours.\n[database]\nurl = \"{}\"\n\n[[listen]]\nprotocol = \"socketmap\"\n\
             address = \"unix:{}\"\n",
            self.database.url,
            root.join("socketmap").display()
        );
        for name in ["etc/postcote/postcote.toml", "new.toml", "postcote.toml"] {
            std::fs::write(root.join(name), &config).unwrap();
        }
        std::fs::write(root.join("request.txt"), REQUEST).unwrap();
        for entry in std::fs::read_dir(file("conf-examples")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_file() && name != "postcote.toml" {
                std::fs::copy(&path, root.join(name)).unwrap();
            }
        }
    }

    /// Runs a line on a terminal. It has failed if any part of its pipe has.
    fn run(&self, line: &str) -> Said {
        let mut command = line.to_owned();
        for place in PLACES {
            command = command.replace(place, &format!("{}{place}", self.root.path().display()));
        }
        command = command.replace(LOCAL_DATABASE, &format!("'{}'", self.database.url));
        let program = Path::new(env!("CARGO_BIN_EXE_postcote")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", self.root.path().display(), program.display());
        let config = match &self.daemon {
            Some(daemon) => daemon.config(),
            None => self.root.join("etc/postcote/postcote.toml"),
        };
        let mut terminal = Command::new("timeout");
        for (name, value) in postcote().get_envs() {
            assert!(value.is_none());
            terminal.env_remove(name);
        }
        let mut child = terminal
            .args(["--kill-after=1", "20", "script", "--quiet", "--return", "--echo", "never"])
            .args(["--command", &format!("set -o pipefail; {command}"), "/dev/null"])
            .current_dir(self.root.path())
            .env("PATH", path)
            .env("SHELL", "/bin/bash")
            .env("PAGER", "cat")
            .env("POSTCOTE_CONFIG", config)
            .env("POSTCOTE_DATABASE_URL", &self.database.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("script(1) gives the command a terminal");
        let mut keyboard = child.stdin.take().unwrap();
        // A command that asks for nothing may be gone already.
        let _ = keyboard.write_all(typed(line).as_bytes());
        let said = child.wait_with_output().unwrap().into();
        // At its end script(1) would wait two seconds for somebody to read what was typed.
        drop(keyboard);
        said
    }
}

/// Gives those who log in a home, for the programs that run in it.
async fn make_homes(client: &tokio_postgres::Client, root: &Scratch) {
    for uid in [70000, 70001] {
        let home = root.join(&uid.to_string());
        std::fs::create_dir(&home).unwrap();
        let home = home.display();
        let update = format!("UPDATE postcote.account SET home = '{home}' WHERE uid = {uid}");
        client.batch_execute(&update).await.unwrap();
    }
}

/// The examples of a help text: the number of the line, and the line.
fn examples(help: &str) -> Vec<(usize, &str)> {
    let lines = help.lines().enumerate().skip_while(|(_, line)| !is_header(line)).skip(1);
    let lines = lines.take_while(|(_, line)| line.starts_with("  "));
    lines.map(|(index, line)| (index + 1, line.trim())).collect()
}

fn is_header(line: &str) -> bool {
    matches!(line, "Example:" | "Examples:")
}

/// Every help text.
fn help_files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(file("protocol-tests/help")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// One of those who try the examples side by side.
struct Reader {
    database: TestDatabase<'static>,
    count: usize,
    failures: String,
}

impl Reader {
    fn new() -> Self {
        Self { database: pg::database(), count: 0, failures: String::new() }
    }

    /// Runs the examples of a help text on one machine.
    async fn try_all(&mut self, path: &Path) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let help = std::fs::read_to_string(path).unwrap();
        let examples = examples(&help);
        if examples.is_empty() || STAY.contains(&name) {
            return;
        }
        let asks = |line: &str| {
            [" query ", " explain ", " checkpassword ", " policy "]
                .iter()
                .any(|word| line.contains(word))
        };
        if name == "postcote-checkpassword.txt" && !runs_as_root("its examples") {
            return;
        }
        let serving = examples.iter().any(|(_, line)| asks(line));
        let machine = Machine::new(&self.database, serving).await;
        for (number, line) in examples {
            self.count += 1;
            if needs_root(line) && !runs_as_root(line) {
                continue;
            }
            let Said { code, stdout, stderr } = machine.run(line);
            if code != Some(0) {
                let status = code.map_or("killed".to_owned(), |code| format!("exit {code}"));
                let said = (stdout + &stderr).replace('\r', "");
                let place = format!("protocol-tests/help/{name}:{number}");
                let _ = writeln!(self.failures, "{place}: {line}\n[{status}]\n{said}");
            }
        }
    }
}

#[test]
fn every_example_runs() {
    let files = Mutex::new(help_files().into_iter());
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut reader = Reader::new();
        loop {
            let Some(path) = files.lock().unwrap().next() else { break };
            runtime.block_on(reader.try_all(&path));
        }
        (reader.count, reader.failures)
    };
    let (counts, failures): (Vec<_>, Vec<_>) = thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(2, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).unzip()
    });
    let (count, failures) = (counts.into_iter().sum::<usize>(), failures.concat());
    assert!(count > 150, "only {count} examples were found");
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn every_command_has_an_example() {
    let mut without = Vec::new();
    for path in help_files() {
        let help = std::fs::read_to_string(&path).unwrap();
        if examples(&help).is_empty() && !help.contains("\nCommands:\n") {
            without.push(path.file_name().unwrap().to_owned());
        }
    }
    assert!(without.is_empty(), "no examples in {without:#?}");
}
