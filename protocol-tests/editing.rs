//! `postcote config get` and `set` on a real file: what changes, what stays, and what is said.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Stdio;

use crate::command::{Said, file, postcote, run};
use crate::support::scratch::Scratch;

fn config(path: &Path, arguments: &[&str]) -> Said {
    run(postcote().arg("--config").arg(path).arg("config").args(arguments))
}

/// A copy of the example that every user starts from.
fn example(directory: &Scratch) -> std::path::PathBuf {
    let path = directory.join("postcote.toml");
    fs::copy(file("conf-examples/postcote.toml"), &path).unwrap();
    path
}

#[test]
fn one_line_changes_and_no_other_byte() {
    let directory = Scratch::new();
    let path = example(&directory);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::read_to_string(&path).unwrap();
    let table = [
        ("accounts.mailbox-format", "sdbox", "mailbox-format = \"sdbox\"\n"),
        ("cache.unknown", "5000", "unknown = 5000\n"),
        ("http.enabled", "no", "enabled = false\n"),
        ("control.group", "postfix", "group = \"postfix\"\n"),
        ("log.level", "info,postcote=debug", "level = \"info,postcote=debug\"\n"),
    ];
    for (key, value, _) in table {
        let said = config(&path, &["set", key, value]);
        assert_eq!(said.code, Some(0), "{key}: {}", said.stderr);
        assert_eq!(said.stderr, format!("changed `{key}` in {}\n", path.display()));
        assert_eq!(said.stdout, "");
        let got = config(&path, &["get", key]);
        let expected = if value == "no" { "false" } else { value };
        assert_eq!(got.stdout, format!("{expected}\n"), "{key}: {}", got.stderr);
    }
    let after = fs::read_to_string(&path).unwrap();
    let added = table.map(|(.., line)| line);
    let kept: String = after.split_inclusive('\n').filter(|line| !added.contains(line)).collect();
    assert_eq!(kept, before, "only lines were added");
    assert_eq!(after.lines().count(), before.lines().count() + table.len());
    // Once more: a value that stands there is changed in its place.
    let said = config(&path, &["set", "accounts.mailbox-format", "mdbox"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let again = fs::read_to_string(&path).unwrap();
    assert_eq!(
        again,
        after.replace("\nmailbox-format = \"sdbox\"", "\nmailbox-format = \"mdbox\"")
    );
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        1,
        "nothing is left beside the file"
    );
}

#[test]
fn refusals_say_where_and_write_nothing() {
    let directory = Scratch::new();
    let path = example(&directory);
    let before = fs::read_to_string(&path).unwrap();
    let table: &[(&[&str], i32, &[&str])] = &[
        (
            &["set", "accounts.pasword-scheme", "x"],
            64,
            &["did you mean `accounts.password-scheme`?"],
        ),
        (&["set", "listen", "x"], 64, &["list of sections", "edit the file"]),
        (&["set", "log", "x"], 64, &["its options are `log.format` and `log.level`"]),
        (
            &["set", "log.level", "loud"],
            65,
            &[
                "`log.level` cannot be set: ",
                "unknown log level `loud`",
                "| level = \"loud\"",
                "^~~~",
            ],
        ),
        (&["set", "database.url", "mysql://x"], 78, &["the url of the database"]),
        (&["set", "log.level", "-"], 65, &["standard input has no value"]),
        (&["get", "log.levle"], 64, &["did you mean `log.level`?"]),
        (&["get", "control.group"], 1, &["`control.group` is not set"]),
        (&["set", "log.level", "info"], 0, &["nothing to do: `log.level` has this value"]),
    ];
    for (arguments, code, parts) in table {
        let said = config(&path, arguments);
        assert_eq!(said.code, Some(*code), "{arguments:?}: {}", said.stderr);
        for part in *parts {
            assert!(said.stderr.contains(part), "{arguments:?} should say {part}: {}", said.stderr);
        }
        assert_eq!(said.stdout, "");
        assert_eq!(fs::read_to_string(&path).unwrap(), before, "{arguments:?} wrote");
    }
}

#[test]
fn a_missing_file_is_made_and_a_link_stays_one() {
    let directory = Scratch::new();
    let (path, link) = (directory.join("real.toml"), directory.join("link.toml"));
    let said = config(&path, &["set", "log.format", "json"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "[log]\nformat = \"json\"\n");
    symlink("real.toml", &link).unwrap();
    assert_eq!(config(&link, &["set", "log.format", "human"]).code, Some(0));
    assert_eq!(fs::read_to_string(&path).unwrap(), "[log]\nformat = \"human\"\n");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let nowhere = directory.join("no/postcote.toml");
    let said = config(&nowhere, &["set", "log.format", "human"]);
    assert_eq!(said.code, Some(78), "{}", said.stderr);
    assert!(said.stderr.contains("make its directory first"), "{}", said.stderr);
}

#[test]
fn a_password_is_hidden_and_whoever_could_see_it_is_named() {
    let directory = Scratch::new();
    let path = example(&directory);
    let url = "postgresql://postcote:sesame@localhost/postcote";
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let said = config(&path, &["set", "database.url", url]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("list of processes"), "{}", said.stderr);
    assert!(said.stderr.contains("chmod o-r"), "{}", said.stderr);
    assert!(!said.stderr.contains("sesame"), "{}", said.stderr);
    let hidden = config(&path, &["get", "database.url"]);
    assert_eq!(hidden.stdout, "postgresql://postcote:…@localhost/postcote\n");
    let shown = config(&path, &["get", "database.url", "--show-secrets"]);
    assert_eq!(shown.stdout, format!("{url}\n"));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"host=db password=open\n").unwrap();
    drop(writer);
    let mut command = postcote();
    command.arg("--config").arg(&path).args(["config", "set", "database.url", "-"]);
    let said = run(command.stdin(Stdio::from(reader)));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(said.stderr, format!("changed `database.url` in {}\n", path.display()));
    assert!(fs::read_to_string(&path).unwrap().contains("\nurl = \"host=db password=open\"\n"));
}

/// A value that works and is probably not wanted is written, and warned of.
#[test]
fn what_becomes_unreasonable_is_warned_of_once() {
    let directory = Scratch::new();
    let path = example(&directory);
    let said = config(&path, &["set", "cache.entries", "10"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stderr.contains("warning: a cache of 10 entries"), "{}", said.stderr);
    assert!(!said.stderr.contains("no listener"), "that was so before: {}", said.stderr);
}
