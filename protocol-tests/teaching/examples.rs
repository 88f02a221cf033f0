//! The examples at the end of each help text work: they are run as they stand there, in order, by a
//! shell on a terminal, on the data of `postcote demo`. So whoever reads them can paste them there.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::{Said, file, postcote};
use crate::support::daemon::{Daemon, Setup, make_daemon_user};
use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;

/// Commands that run until they are stopped; the tests of the daemon and of the demo start them.
const STAY: &[&str] = &["postcote-demo.txt", "postcote-serve.txt"];

/// What belongs to the reader's machine and not to postcote; all but `sudo` only have to be there.
const STAND_INS: &[(&str, &str)] = &[
    ("pass", "echo correct horse"),
    ("systemctl", "exit 0"),
    ("postfix", "exit 0"),
    ("sudo", "shift 2; exec \"$@\""),
];

/// Where the reader's machine keeps things.
const PLACES: &[&str] = &["/etc/", "/usr/local/", "/srv/", "/var/"];

/// A machine as the reader has it: a database, a configuration, perhaps a daemon.
struct Machine {
    daemon: Option<Daemon>,
    database: TestDatabase<'static>,
    root: Scratch,
}

impl Machine {
    async fn new(serving: bool) -> Self {
        let (database, root) = (pg::database(), Scratch::new());
        let client = database.connect().await;
        let sample = std::fs::read_to_string(file("src/demo/sample.sql")).unwrap();
        client.batch_execute(&format!("BEGIN; {sample}; COMMIT")).await.unwrap();
        let daemon = if serving {
            make_daemon_user(&client).await;
            Some(Setup::new(&database.url).start())
        } else {
            None
        };
        for (name, script) in STAND_INS {
            let path = root.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        for place in
            ["etc/postcote", "etc/postfix", "etc/bash_completion.d", "etc/fish/completions"]
        {
            std::fs::create_dir_all(root.join(place)).unwrap();
        }
        let functions = "usr/local/share/zsh/site-functions";
        std::fs::create_dir_all(root.join(functions)).unwrap();
        let config = format!("# Ours.\n[database]\nurl = \"{}\"\n", database.url);
        for name in ["etc/postcote/postcote.toml", "new.toml", "postcote.toml"] {
            std::fs::write(root.join(name), &config).unwrap();
        }
        for entry in std::fs::read_dir(file("conf-examples")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() && path.file_name().unwrap() != "postcote.toml" {
                std::fs::copy(&path, root.join(path.file_name().unwrap().to_str().unwrap()))
                    .unwrap();
            }
        }
        Self { daemon, database, root }
    }

    /// Runs a line on a terminal, where somebody types a password twice if asked.
    fn run(&self, line: &str) -> Said {
        let mut line = line.to_owned();
        for place in PLACES {
            line = line.replace(place, &format!("{}{place}", self.root.path().display()));
        }
        let postcote = postcote();
        let program = Path::new(postcote.get_program()).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", self.root.path().display(), program.display());
        let config = match &self.daemon {
            Some(daemon) => daemon.config(),
            None => self.root.join("etc/postcote/postcote.toml"),
        };
        let mut child = Command::new("timeout")
            .args(["--kill-after=1", "20", "script"])
            .args(["--quiet", "--return", "--echo", "never", "--command", &line, "/dev/null"])
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
        let mut typed = child.stdin.take().unwrap();
        // A command that asks for nothing may be gone already.
        let _ = std::io::Write::write_all(&mut typed, b"correct horse\ncorrect horse\n");
        drop(typed);
        child.wait_with_output().unwrap().into()
    }
}

/// The examples of a help text, one line each.
fn examples(help: &str) -> Vec<String> {
    let from = help.lines().skip_while(|line| !matches!(*line, "Examples:" | "Example:")).skip(1);
    let lines = from.take_while(|line| line.starts_with("  "));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[tokio::test]
async fn every_example_runs() {
    let mut files: Vec<_> = std::fs::read_dir(file("protocol-tests/help"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let (mut failures, mut count) = (String::new(), 0);
    for path in files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let examples = examples(&std::fs::read_to_string(&path).unwrap());
        if examples.is_empty() || STAY.contains(&name) {
            continue;
        }
        let asks = |line: &String| line.contains(" query ") || line.contains(" explain ");
        let machine = Machine::new(examples.iter().any(asks)).await;
        for line in examples {
            let said = machine.run(&line);
            count += 1;
            if said.code != Some(0) {
                let _ = writeln!(
                    failures,
                    "{name}: {line}\n[exit {:?}]\n{}{}",
                    said.code, said.stdout, said.stderr
                );
            }
        }
    }
    assert!(count > 30, "only {count} examples were found");
    assert!(failures.is_empty(), "{failures}");
}

/// A command without an example teaches nobody. Those that only hold others together may do
/// without.
#[test]
fn every_command_has_an_example() {
    let mut without = Vec::new();
    for entry in std::fs::read_dir(file("protocol-tests/help")).unwrap() {
        let path = entry.unwrap().path();
        let help = std::fs::read_to_string(&path).unwrap();
        if examples(&help).is_empty() && !help.contains("\nCommands:\n") {
            without.push(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    without.sort();
    assert!(without.is_empty(), "no examples in {without:#?}");
}
