//! The demo does what it prints, and the README shows what it does.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::command::{Said, file};
use crate::support::demo::{Demo, Newcomer, sockets};
use crate::support::terms::wait_for;

#[test]
fn the_demo_does_what_it_prints() {
    take_the_tour(Newcomer::Ourselves);
}

#[test]
fn the_demo_does_what_it_prints_for_an_ordinary_user() {
    // Whoever is not root has shown it with the test above.
    if rustix::process::geteuid().is_root() {
        take_the_tour(Newcomer::Nobody);
    }
}

#[test]
fn a_demo_that_is_killed_takes_its_database_along() {
    let mut demo = Demo::start(Newcomer::Ourselves);
    assert!(!demo.end(Signal::KILL).success());
    let gone = || demo.processes().is_empty().then_some(());
    wait_for("the database to end", Duration::from_mins(1), gone);
    demo.start_again();
    paste_the_questions(&demo);
}

/// Pastes everything that is printed, twice, and leaves with Ctrl-C or SIGTERM.
fn take_the_tour(newcomer: Newcomer) {
    let mut demo = Demo::start(newcomer);
    paste_the_questions(&demo);
    paste_the_logins(&demo);
    paste_the_commands(&demo);
    wait_for_news(&demo, "alice@example.org\n");
    paste_the_change(&demo);
    wait_for_news(&demo, "bob@example.org\n");
    leaves_nothing(&mut demo, Signal::INT);

    demo.start_again();
    wait_for_news(&demo, "bob@example.org\n");
    paste_the_questions(&demo);
    leaves_nothing(&mut demo, Signal::TERM);
}

/// Asks each printed question and holds the answer against the one below it.
fn paste_the_questions(demo: &Demo) {
    let printed = demo.printed();
    let mut lines = printed.lines();
    let (mut asked, mut failures) = (0, String::new());
    while let Some(line) = lines.next() {
        if !line.contains("postmap -q ") {
            continue;
        }
        let expected = lines.next().unwrap().trim();
        let (code, answer) = if expected.starts_with("(nothing") {
            (1, String::new())
        } else {
            (0, format!("{expected}\n"))
        };
        let Said { code: exit, stdout, stderr } = demo.shell(line);
        if (exit, &stdout, stderr.as_str()) != (Some(code), &answer, "") {
            let _ = writeln!(failures, "{line}\n  wanted {answer}  got {exit:?} {stdout}{stderr}");
        }
        asked += 1;
    }
    assert!(failures.is_empty(), "{failures}");
    assert_eq!(asked, postcote::demo::tour::TOUR.len(), "every stop of the tour is printed");
}

/// Tries each printed login and holds what doveadm says against the lines below it.
fn paste_the_logins(demo: &Demo) {
    let printed = demo.printed();
    let (mut tried, mut lines) = (0, printed.lines().peekable());
    while let Some(line) = lines.next() {
        if !line.contains("doveadm auth test ") {
            continue;
        }
        let mut expected = String::new();
        while let Some(below) = lines.next_if(|line| line.starts_with("    ")) {
            expected += below.trim_start_matches("    ");
            expected += "\n";
        }
        let Said { stdout, stderr, .. } = demo.shell(line);
        assert_eq!((stdout.trim_end(), stderr.as_str()), (expected.trim_end(), ""), "{line}");
        tried += 1;
    }
    assert_eq!(tried, postcote::demo::tour::LOGINS.len());
}

/// Runs each printed command of ours.
fn paste_the_commands(demo: &Demo) {
    let ours = format!("  {} --config ", demo.program().display());
    let mut told = String::new();
    for line in demo.printed().lines().filter(|line| line.starts_with(&ours)) {
        let Said { code, stdout, stderr } = demo.shell(line);
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{line}");
        told += &stdout;
    }
    for expected in [
        "alice@example.org,bob@example.org,dave@example.org",
        "Carol is on leave",
        "tweedledum@example.org → tweedledee@example.org → tweedledum@example.org",
        "virtual_mailbox_domains = $postcote:virtual_mailbox_domains",
        "bob@example.org may use office-1@example.org",
    ] {
        assert!(told.contains(expected), "no `{expected}` in\n{told}");
    }
}

/// Runs the printed change by SQL.
fn paste_the_change(demo: &Demo) {
    let printed = demo.printed();
    let line = printed.lines().find(|line| line.contains("psql ")).unwrap();
    let said = demo.shell(line);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "UPDATE 1\n"), "{}", said.stderr);
}

/// Asks what the printed change changes until the answer is this one, in no time.
fn wait_for_news(demo: &Demo, expected: &str) {
    let printed = demo.printed();
    let news = "query virtual_alias_maps news@example.org";
    let line = printed.lines().find(|line| line.ends_with(news)).unwrap();
    wait_for(expected, Duration::from_secs(10), || {
        (demo.shell(line).stdout == expected).then_some(())
    });
}

/// Ends the demo; it ends well, with everything that it started.
fn leaves_nothing(demo: &mut Demo, signal: Signal) {
    let status = demo.end(signal);
    assert!(status.success(), "{status}: {}", demo.log());
    assert_eq!(demo.processes(), Vec::<String>::new(), "left running");
    assert_eq!(sockets(&demo.directory()), Vec::<PathBuf>::new(), "left lying");
    assert!(!demo.directory().join("data/postmaster.pid").exists(), "PostgreSQL is left");
}

#[test]
fn the_readme_shows_what_the_demo_does() {
    const DOCUMENTED: &str = "/var/lib/postcote-demo";
    let demo = Demo::start(Newcomer::Ourselves);
    let directory = demo.directory().to_string_lossy().into_owned();
    let readme = std::fs::read_to_string(file("README.md")).unwrap();
    let mut differences = String::new();
    let mut shown = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for step in block.split("$ ").skip(1) {
            let (line, expected) = step.split_once('\n').unwrap();
            let output = demo.shell(&line.replace(DOCUMENTED, &directory));
            let got = output.stdout.replace(&directory, DOCUMENTED);
            if got != expected {
                let words = output.stderr;
                let _ = write!(differences, "$ {line}\n--- shown\n{expected}--- got\n{got}{words}");
            }
            shown += 1;
        }
    }
    assert!(shown > 3, "the README shows what to try");
    assert!(differences.is_empty(), "README.md:\n{differences}");
}
