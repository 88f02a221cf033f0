//! The table in the README leads from each old command to one that exists.

use clap::Parser as _;
use postcote::cli::Cli;
use postcote::vmm::subcommand::{ALL, Known};

use crate::command::file;

/// What stands for the words in capitals, so that a command can be parsed.
const EXAMPLES: [(&str, &str); 16] = [
    ("[DESTINATION…]", ""),
    ("[PATTERN]", ""),
    ("NEW-ADDRESS", "jane@elsewhere.example"),
    ("ADDRESS", "jane@example.org"),
    ("DESTINATION…", "joe@example.org"),
    ("DOMAIN", "example.org"),
    ("FQDN", "example.org"),
    ("KEY", "log.level"),
    ("NAME", "example.com"),
    ("PRIMARY", "example.org"),
    ("SIZE", "1g"),
    ("TEXT", "text"),
    ("UID", "70000"),
    ("VALUE", "debug"),
    ("--transport T", "--transport lmtp:"),
    ("…", ""),
];

#[test]
fn every_old_command_leads_to_one_that_exists() {
    let mut problems = Vec::new();
    for Known { name, new, .. } in ALL {
        let mut line = (*new).to_owned();
        for (placeholder, example) in EXAMPLES {
            line = line.replace(placeholder, example);
        }
        let words = std::iter::once("postcote").chain(line.split_whitespace());
        let error = Cli::try_parse_from(words).err().filter(clap::Error::use_stderr);
        if let Some(error) = error {
            problems.push(format!("{name}: `postcote {line}`: {error}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_readme_has_them_all() {
    let readme = std::fs::read_to_string(file("README.md")).unwrap();
    let rows: Vec<_> = ALL
        .iter()
        .map(|Known { name, short, new, .. }| format!("| `{name}`, `{short}` | `postcote {new}` |"))
        .collect();
    let table: Vec<_> = readme.lines().filter(|line| rows.iter().any(|row| row == line)).collect();
    assert_eq!(table, rows, "the table of the README should be\n{}", rows.join("\n"));
}
