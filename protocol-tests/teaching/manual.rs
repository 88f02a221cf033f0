//! The manual pages: complete, and without a complaint of the formatter.

use std::collections::BTreeSet;
use std::process::Command;

use crate::command::{file, postcote, run};
use crate::support::scratch::Scratch;

#[test]
fn every_command_has_a_page_that_groff_takes() {
    let directory = Scratch::new();
    let said = run(postcote().arg("man").arg(directory.path()));
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", ""));
    let mut pages = BTreeSet::new();
    for section in ["man1", "man5"] {
        for entry in std::fs::read_dir(directory.join(section)).unwrap() {
            let path = entry.unwrap().path();
            let said = run(Command::new("groff")
                .args(["-Kutf8", "-man", "-ww", "-Tutf8", "-z"])
                .arg(&path));
            assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", path.display());
            pages.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    // The help of each command is kept, so its files name the commands. Those of vmm share a page.
    let mut expected = BTreeSet::from(["postcote.toml.5".to_owned()]);
    for entry in std::fs::read_dir(file("protocol-tests/help")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("postcote-vmm-") {
            continue;
        }
        expected.insert(name.replace(".txt", ".1"));
    }
    assert_eq!(pages, expected);
}

#[test]
fn a_page_says_what_help_says() {
    let directory = Scratch::new();
    run(postcote().arg("man").arg(directory.path()));
    let read = |page: &str| {
        let said = run(Command::new("groff")
            .args(["-man", "-Tascii", "-P-cbou"])
            .arg(directory.join(page)));
        said.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let add = read("man1/postcote-admin-account-add.1");
    for words in
        ["--services <SERVICES>", "Examples:", "postcote admin account add jane@example.org"]
    {
        assert!(add.contains(words), "{words}: {add}");
    }
    let configuration = read("man5/postcote.toml.5");
    for words in ["[database]", "connect-timeout = \"3s\" How long making a connection may take"] {
        assert!(configuration.contains(words), "{words}: {configuration}");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let said = run(postcote().args(["man", "/proc/nowhere"]));
    assert_eq!(said.code, Some(69));
    assert!(said.stderr.starts_with("error: cannot write `/proc/nowhere/man1/"), "{}", said.stderr);
}
