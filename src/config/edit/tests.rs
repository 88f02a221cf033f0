//! What is left alone when one option changes.

use super::*;

const FILE: &str = "\
# The top.
[database] # where
  url = 'postgresql:///postcote'   # ours

[accounts]
# How.
# Default: ARGON2ID.
#password-scheme = \"ARGON2ID\"

# Where.
base-directory = \"/srv/mail\"
[log]
level=\"info\"#end
[[listen]]
protocol = \"socketmap\"
address = \"unix:/run/s\"";

fn changed(text: &str, key: &str, value: &str) -> String {
    match set(text, Path::new("f"), key, value) {
        Ok(Some(edited)) => edited.text,
        other => panic!("{key} = {value}: {other:?}\n{text}"),
    }
}

#[test]
fn only_the_value_changes() {
    let table = [
        ("database.url", "host=db", "'postgresql:///postcote'", "\"host=db\""),
        ("accounts.base-directory", "/home/mail", "\"/srv/mail\"", "\"/home/mail\""),
        ("log.level", "debug", "\"info\"", "\"debug\""),
    ];
    for (key, value, old, new) in table {
        for end in ["\n", "\r\n"] {
            let file = FILE.replace('\n', end);
            assert_eq!(changed(&file, key, value), file.replacen(old, new, 1), "{key}");
        }
    }
}

#[test]
fn a_new_option_stands_with_its_explanation() {
    for end in ["\n", "\r\n"] {
        let file = FILE.replace('\n', end).replace("\"/srv", "\"/mail");
        let comment = format!("#mailbox-root = \"Maildir\"{end}");
        let file = file.replace(&format!("# How.{end}"), &format!("{comment}{end}# How.{end}"));
        let expected = file.replace(&comment, &format!("{comment}mailbox-root = \"M\"{end}"));
        assert_eq!(changed(&file, "accounts.mailbox-root", "M"), expected);
    }
}

#[test]
fn a_new_option_finds_its_place() {
    let table = [
        ("", "log.level", "debug", "[log]\nlevel = \"debug\"\n"),
        ("# x", "cache.unknown", "7", "# x\n\n[cache]\nunknown = 7\n"),
        ("# x\r\n", "cache.unknown", "7", "# x\r\n\r\n[cache]\r\nunknown = 7\r\n"),
        (
            "[log]\nformat = \"json\"\n# y\n[cache]\n",
            "log.level",
            "debug",
            "[log]\nformat = \"json\"\nlevel = \"debug\"\n# y\n[cache]\n",
        ),
        (
            "log.format = \"json\"\n[cache]\n",
            "log.level",
            "debug",
            "log.format = \"json\"\nlog.level = \"debug\"\n[cache]\n",
        ),
        (
            "log = { format = \"json\" }\r\n# x\r\n",
            "log.level",
            "debug",
            "log = { format = \"json\" , level = \"debug\" }\r\n# x\r\n",
        ),
        (
            "#level = \"in no section\"\n[log]\n# level = 1\n[cache]\n# level = 2\n",
            "log.level",
            "debug",
            "#level = \"in no section\"\n[log]\n# level = 1\nlevel = \"debug\"\n[cache]\n# level = 2\n",
        ),
    ];
    for (file, key, value, expected) in table {
        assert_eq!(changed(file, key, value), expected, "{file:?}");
    }
}

#[test]
fn what_says_the_same_is_not_written() {
    let table = [
        ("log.level", "info"),
        ("database.query-timeout", "3000ms"),
        ("database.query-timeout", "3"),
        ("accounts.password-scheme", "argon2id"),
        ("http.enabled", "Yes"),
    ];
    for (key, value) in table {
        let edited = set(FILE, Path::new("f"), key, value).unwrap();
        assert!(edited.is_none(), "{key}: {edited:?}");
    }
}

#[test]
fn what_would_not_be_valid_is_refused_where_it_stands() {
    let table = [
        ("log.level", "loud", "f:13:7: unknown log level `loud`"),
        ("http.enabled", "maybe", "expected `true` or `false`, found string \"maybe\""),
        ("cache.entries", "0", "expected a whole number above 0"),
        ("database.query-timeout", "soon", "`soon`"),
        ("http.address", "here", "`here`"),
        ("control.group", "", "`` is no user or group"),
    ];
    for (key, value, part) in table {
        let error = set(FILE, Path::new("f"), key, value).unwrap_err();
        assert!(matches!(error, EditError::BadValue { .. }), "{key}: {error}");
        let said = error.to_string();
        assert!(said.starts_with(&format!("`{key}` cannot be set: f")), "{said}");
        assert!(said.contains(part), "{said} should say {part}");
    }
    let unknown = set(FILE, Path::new("f"), "log.levle", "info").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no option `log.levle`");
}

#[test]
fn a_broken_file_is_told_from_a_bad_value_and_can_be_mended() {
    let broken = "[log]\nlevel = \"loud\"\n";
    let error = set(broken, Path::new("f"), "log.format", "json").unwrap_err();
    assert!(matches!(error, EditError::Broken(_)), "{error}");
    assert_eq!(changed(broken, "log.level", "info"), "[log]\nlevel = \"info\"\n");
    let error = set("[log", Path::new("f"), "log.format", "json").unwrap_err();
    assert!(matches!(error, EditError::Broken(_)), "{error}");
}

#[test]
fn values_in_effect_are_read() {
    let text = "[log]\nlevel = 'debug'\n[database]\nurl = 'postgresql://u:sesame@db/x'\n";
    let config = Config::parse(text, Path::new("f")).unwrap();
    let table = [
        ("log.level", Some("debug")),
        ("log.format", Some("human")),
        ("cache.unknown", Some("100000")),
        ("http.enabled", Some("true")),
        ("database.query-timeout", Some("3s")),
        ("control.group", None),
        ("database.url", Some("postgresql://u:…@db/x")),
    ];
    for (key, expected) in table {
        assert_eq!(get(&config, key, Secrets::Hidden).unwrap().as_deref(), expected, "{key}");
    }
    let shown = get(&config, "database.url", Secrets::Shown).unwrap();
    assert_eq!(shown.as_deref(), Some("postgresql://u:sesame@db/x"));
}

/// The file that users start from takes every option where it is explained.
#[test]
fn the_example_takes_every_option_below_its_comment() {
    let example = include_str!("../../../conf-examples/postcote.toml");
    for key in keys() {
        let standard = keys::defaults();
        let Some(value) = find(&standard, &key).map(value::plain) else { continue };
        let option = key.rsplit('.').next().unwrap();
        let candidate = value::candidates(find(&standard, &key), &value).remove(0);
        let got = put(example, &key, &candidate).unwrap();
        let added: Vec<_> = got.lines().filter(|line| line.starts_with(option)).collect();
        assert_eq!(added.len(), 1, "{key}: {added:?}");
        let before = got.lines().zip(got.lines().skip(1)).find(|(_, line)| *line == added[0]);
        let (before, _) = before.unwrap();
        assert!(before.starts_with(&format!("#{option} =")), "{key} stands below `{before}`");
        assert_eq!(got.lines().count(), example.lines().count() + 1);
    }
}
