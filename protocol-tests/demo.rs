//! The demo does what it prints, and the README shows what it does.

use std::fmt::Write;

use crate::command::file;
use crate::support::demo::Demo;

#[test]
fn the_demo_does_what_it_prints() {
    let mut demo = Demo::start();
    let printed = demo.printed();
    let mut lines = printed.lines();
    let mut asked = 0;
    while let Some(line) = lines.next() {
        let Some((_, question)) = line.split_once("postmap -q") else { continue };
        let expected = lines.next().unwrap().trim();
        let output = demo.shell(&format!("postmap -q{question}"));
        let answer = String::from_utf8(output.stdout).unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(!words.contains("fatal"), "{line}: {words}");
        if expected.starts_with("(nothing") {
            assert_eq!((answer.trim(), output.status.code()), ("", Some(1)), "{line}");
        } else {
            assert_eq!(answer.trim_end(), expected, "{line}");
        }
        asked += 1;
    }
    assert_eq!(asked, postcote::demo::tour::TOUR.len(), "every stop of the tour is printed");

    assert!(demo.interrupt().success(), "{}", demo.log());
    let left: Vec<_> = std::fs::read_dir(demo.directory().join("run")).unwrap().collect();
    assert!(left.is_empty(), "sockets are left: {left:?}");
    assert!(!demo.directory().join("data/postmaster.pid").exists(), "PostgreSQL is left");

    demo.start_again();
    let query = demo.shell("postcote query virtual_alias_maps sales@example.org");
    let words = String::from_utf8_lossy(&query.stderr);
    assert_eq!(String::from_utf8_lossy(&query.stdout), "sales@example.net\n", "{words}");
    assert!(demo.interrupt().success());
}

#[test]
fn the_readme_shows_what_the_demo_does() {
    const DOCUMENTED: &str = "/var/lib/postcote-demo";
    let demo = Demo::start();
    let directory = demo.directory().to_string_lossy().into_owned();
    let readme = std::fs::read_to_string(file("README.md")).unwrap();
    let mut differences = String::new();
    let mut shown = 0;
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for step in block.split("$ ").skip(1) {
            let (line, expected) = step.split_once('\n').unwrap();
            let output = demo.shell(&line.replace(DOCUMENTED, &directory));
            let got = String::from_utf8(output.stdout).unwrap().replace(&directory, DOCUMENTED);
            if got != expected {
                let words = String::from_utf8_lossy(&output.stderr);
                let _ = write!(differences, "$ {line}\n--- shown\n{expected}--- got\n{got}{words}");
            }
            shown += 1;
        }
    }
    assert!(shown > 3, "the README shows what to try");
    assert!(differences.is_empty(), "README.md:\n{differences}");
}
