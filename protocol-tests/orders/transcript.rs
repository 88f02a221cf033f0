//! `postcote orders` as people type it, and what it leaves alone: each `.transcript` here has a
//! database and a base directory of its own, and the built program works on them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::site::{Site, photograph};
use crate::admin::transcript::{Step, constant, read, sql, words};
use crate::admin::transcripts;
use crate::command::{Said, postcote, run};
use crate::support::pg;
use crate::support::terms::runs_as_root;

#[tokio::test]
async fn orders_answer_as_the_transcripts_say() {
    if !runs_as_root("orders_answer_as_the_transcripts_say") {
        return;
    }
    let mut failures = String::new();
    for path in transcripts("protocol-tests/orders") {
        play(&path, &mut failures).await;
    }
    assert!(failures.is_empty(), "{failures}");
}

async fn play(path: &Path, failures: &mut String) {
    let (mut got, steps) = read(&fs::read_to_string(path).unwrap());
    let site = Site::new("folders = []");
    for step in &steps {
        let printed = perform(&site, step).await;
        let _ = writeln!(got, "$ {}\n{printed}", step.command);
        if printed.trim_end() != step.expected.trim_end() {
            let (name, Step { command, expected, .. }) = (path.display(), step);
            let _ = write!(
                failures,
                "\n{name}: $ {command}\n--- expected\n{expected}\n--- got\n{printed}"
            );
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(path, format!("{}\n", got.trim_end())).unwrap();
        failures.clear();
    }
}

/// Runs one command. What is refused, only tried or only listed may change neither a row of the
/// database nor anything on the disk.
async fn perform(site: &Site, step: &Step) -> String {
    let client = site.client().await;
    if let Some(statement) = step.command.strip_prefix("sql ") {
        return sql(&client, &given(site, statement)).await;
    }
    let before = (pg::dump(&client).await, photograph(&site.base()));
    let words = words(&step.command);
    let said = if words.first().is_some_and(|word| word == "postcote") {
        run(postcote().env("POSTCOTE_CONFIG", site.config_file()).args(&words[1..]))
    } else {
        let mut shell = std::process::Command::new("sh");
        let line = given(site, &step.command);
        run(shell.args(["-euc", &line]).current_dir(site.scratch.path()))
    };
    let after = (pg::dump(&client).await, photograph(&site.base()));
    let (command, said) = (&step.command, shown(site, &said));
    let ran = command.starts_with("postcote orders run") && !command.contains("--dry-run");
    let harmless =
        said.contains("[exit ") || command.contains("--dry-run") || command.contains(" list");
    if harmless && !ran {
        assert_eq!(after.0, before.0, "`{command}` has changed the database");
    }
    let idle = ran && !said.contains("done: order") && !said.contains("\"outcome\":\"done\"");
    if command.starts_with("postcote orders") && (harmless && !ran || idle) {
        assert_eq!(after.1, before.1, "`{command}` has changed the disk");
    }
    if command.starts_with("postcote admin") {
        assert_eq!(after.1, before.1, "`{command}` has changed the disk by itself");
    }
    said
}

/// The base directory that a transcript means.
fn given(site: &Site, line: &str) -> String {
    line.replace("/srv/mail", site.base().to_str().unwrap())
}

fn shown(site: &Site, said: &Said) -> String {
    let (scratch, base) = (site.scratch.path().to_str().unwrap(), site.base());
    let named = |text: &str| {
        constant(&text.replace(base.to_str().unwrap(), "/srv/mail").replace(scratch, "/usr/bin"))
    };
    let mut printed = named(&said.stdout);
    for line in named(&said.stderr).lines() {
        let _ = writeln!(printed, "{}", format!("! {line}").trim_end());
    }
    match said.code {
        Some(0) => {}
        code => {
            let _ = writeln!(printed, "[exit {}]", code.unwrap());
        }
    }
    printed
}
