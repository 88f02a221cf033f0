//! Real shells complete from a real database.

use std::process::Command;

use crate::command::{postcote, run};
use crate::support::pg::{self, TestDatabase};

const DATA: &str = "
    BEGIN;
    INSERT INTO postcote.domain (gid) VALUES (70000), (70001);
    INSERT INTO postcote.domain_name (name, gid, is_primary) VALUES
        ('shop.example', 70000, true), ('laden.example', 70000, false),
        ('*.shop.example', 70000, false), ('xn--bcher-kva.example', 70001, true);
    INSERT INTO postcote.account (gid, localpart, password) VALUES
        (70000, 'anna', '{PLAIN}a'), (70001, 'anna', '{PLAIN}a'), (70001, 'o b', '{PLAIN}o');
    INSERT INTO postcote.alias (gid, localpart, destinations) VALUES
        (70000, 'all', '{anna@shop.example}');
    COMMIT;";

/// (the line as it is typed, what may stand in place of its last word, separated by spaces).
const LINES: &[(&str, &str)] = &[
    ("postcote adm", "admin"),
    ("postcote admin account del", "delete"),
    ("postcote admin domain delete ", "laden.example shop.example xn--bcher-kva.example"),
    ("postcote admin domain delete s", "shop.example"),
    ("postcote admin domain delete bü", "bücher.example"),
    ("postcote admin domain delete nothing", ""),
    (
        "postcote admin account delete a",
        "all@shop.example anna@shop.example anna@xn--bcher-kva.example",
    ),
    ("postcote admin account delete al", "all@shop.example"),
    (
        "postcote admin account delete anna@",
        "anna@laden.example anna@shop.example anna@xn--bcher-kva.example",
    ),
    ("postcote admin account delete anna@s", "anna@shop.example"),
    ("postcote admin account delete Anna@S", "anna@shop.example"),
    ("postcote admin account delete anna@bü", "anna@bücher.example"),
    ("postcote admin account delete %", ""),
];

async fn database() -> TestDatabase<'static> {
    let database = pg::database();
    database.connect().await.batch_execute(DATA).await.unwrap();
    database
}

/// A shell that finds the built postcote and the database.
fn shell(program: &str, script: &str, url: &str) -> Vec<String> {
    let postcote = postcote();
    let directory = std::path::Path::new(postcote.get_program()).parent().unwrap().to_owned();
    let mut path = directory.into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    command.env("PATH", path).env("POSTCOTE_DATABASE_URL", url).env("LC_ALL", "C.UTF-8");
    command.env("POSTCOTE_CONFIG", "/dev/null").arg("-c").arg(script);
    let said = run(&mut command);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{program} -c {script}");
    // Options may stand wherever a value may.
    let values = said.stdout.lines().filter(|line| !line.starts_with('-'));
    let mut lines: Vec<String> = values.map(str::to_owned).collect();
    lines.sort();
    lines
}

fn expected(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

#[tokio::test]
async fn fish_completes_from_the_database() {
    let database = database().await;
    for (line, words) in LINES {
        let script =
            format!("source (postcote completions fish | psub); complete -C '{line}' | cut -f1");
        assert_eq!(shell("fish", &script, &database.url), expected(words), "{line}");
    }
}

/// Readline splits at `@`, hands over the pieces, and replaces the last one only.
#[tokio::test]
async fn bash_completes_from_the_database() {
    let database = database().await;
    for (line, words) in LINES {
        let pieces = line.replace('@', " @ ");
        let mut pieces: Vec<&str> = pieces.split_whitespace().collect();
        if line.ends_with(' ') {
            pieces.push("");
        }
        let quoted: Vec<String> = pieces.iter().map(|piece| format!("'{piece}'")).collect();
        let script = format!(
            "source <(postcote completions bash); COMP_WORDS=({}); COMP_CWORD={}; COMP_TYPE=9
             _postcote; ((${{#COMPREPLY[@]}} == 0)) || printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            quoted.join(" "),
            pieces.len() - 1,
        );
        let kept = line.rsplit(' ').next().and_then(|word| word.rsplit_once('@'));
        let tail = |word: String| match kept {
            Some(_) => word.rsplit('@').next().unwrap_or_default().to_owned(),
            None => word,
        };
        let expected: Vec<String> = expected(words).into_iter().map(tail).collect();
        assert_eq!(shell("bash", &script, &database.url), expected, "{line}");
    }
}

/// What zsh gives to `_describe` are the words; its own machinery needs a terminal.
#[tokio::test]
async fn zsh_completes_from_the_database() {
    let database = database().await;
    for (line, words) in LINES {
        let typed: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
        let script = format!(
            "compdef() {{}}; _describe() {{ print -l -- ${{(P)3}} }}
             eval \"$(postcote completions zsh)\"; words=({}); CURRENT={}
             _clap_dynamic_completer_postcote || true",
            typed.join(" "),
            typed.len(),
        );
        let mut got = shell("zsh", &script, &database.url);
        // Commands come with what they do.
        for word in &mut got {
            word.truncate(word.find(':').unwrap_or(word.len()));
        }
        assert_eq!(got, expected(words), "{line}");
    }
}

/// A prompt is no place for errors, and nobody waits there.
#[test]
fn without_a_database_nothing_is_offered() {
    let script = "source (postcote completions fish | psub); \
                  complete -C 'postcote admin domain delete '";
    let url = "postgresql:///postcote?host=/nonexistent";
    assert_eq!(shell("fish", script, url), Vec::<String>::new());
}

/// The database that is named on the line is the one that is asked.
#[tokio::test]
async fn the_line_says_which_database() {
    let database = database().await;
    let script = format!(
        "source (postcote completions fish | psub); \
         complete -C 'postcote --database {} admin domain delete s'",
        database.url
    );
    let got = shell("fish", &script, "postgresql:///postcote?host=/nonexistent");
    assert_eq!(got, ["shop.example"]);
}
