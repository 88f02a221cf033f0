//! What goes wrong besides rules: races, rights, and a database that is not there. And that the
//! built program says all this where it should.

use std::io::{self, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::Parser;
use postcote::admin::{self, AdminError, Options, PasswordInput, Report, Settings};
use postcote::config::Config;
use postcote::mail::{Rule, Timestamp};
use secrecy::SecretString;
use tokio_postgres::Client;

use crate::command::{Said, postcote, run as run_program};
use crate::support::pg;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    args: admin::Args,
}

/// Whoever has no database yet can make hashes for it.
#[test]
fn passwords_need_no_database() {
    let nowhere = ["--database", "host=/nonexistent", "admin", "password"];
    let table: &[(&[&str], &str, i32, &str)] = &[
        (&["schemes"], "", 0, "SCHEME"),
        (
            &["hash", "--password-stdin", "--scheme", "SHA1"],
            "test\n",
            0,
            "{SHA1}qUqP5cyxm6YcTAhz05Hph5gvu9M=",
        ),
        (
            &["verify", "--password-stdin", "--hash", "{SHA1}qUqP5cyxm6YcTAhz05Hph5gvu9M="],
            "test",
            0,
            "",
        ),
        (
            &["verify", "--password-stdin", "--hash", "{SHA1}qUqP5cyxm6YcTAhz05Hph5gvu9M="],
            "Test",
            1,
            "",
        ),
        (&["verify", "--password-stdin", "--hash", "{SHA1}qUqP"], "test", 65, ""),
        (&["verify", "--password-stdin", "joe@example.org"], "test", 69, ""),
    ];
    for (arguments, typed, code, stdout) in table {
        let mut command = postcote();
        command.args(nowhere).args(*arguments).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // It has ended already if it wanted none.
        let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
        let said = Said::from(child.wait_with_output().unwrap());
        assert_eq!(said.code, Some(*code), "{arguments:?}: {}", said.stderr);
        assert!(said.stdout.starts_with(stdout), "{arguments:?}: {}", said.stdout);
    }
}

/// Nobody types anything here.
struct Nobody;

impl PasswordInput for Nobody {
    fn piped(&mut self) -> io::Result<SecretString> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn asked(&mut self, _: &str) -> io::Result<SecretString> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Runs a command as an administrator types it.
pub(super) async fn run(client: &mut Client, line: &str) -> Result<Report, AdminError> {
    let words = std::iter::once("admin").chain(line.split(' '));
    let args = Cli::try_parse_from(words).unwrap().args;
    let settings = Settings::from(&Config::default());
    let options = Options { dry_run: args.dry_run, now: Timestamp(0), input: &mut Nobody };
    admin::run(args.command, client, &settings, options).await
}

/// Plain SQL does not take turns; the constraint tells the same as the check would have.
#[tokio::test]
async fn whoever_comes_second_reads_an_ordinary_refusal() {
    let database = pg::database();
    let mut administrator = database.connect_as("postcote_admin").await;
    run(&mut administrator, "domain add example.org").await.unwrap();
    let other = database.connect().await;
    other
        .batch_execute(
            "BEGIN; INSERT INTO postcote.alias (gid, localpart, destinations)
             VALUES (70000, 'jane', '{x@far.example}')",
        )
        .await
        .unwrap();
    let watcher = database.connect().await;
    let command = tokio::spawn(async move {
        run(&mut administrator, "account add jane@example.org --hash {PLAIN}x").await
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let start = Instant::now();
    while watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "the command waits for nobody");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.batch_execute("COMMIT").await.unwrap();
    let error = command.await.unwrap().unwrap_err();
    let AdminError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!(refusal.rule, Rule::AliasExists);
    let says = "cannot add account `jane@example.org`: an alias has this address";
    assert_eq!(refusal.to_string(), says);
}

/// Each check sees what the command before it has written: exactly one of them wins, and a circle
/// is never written by halves.
#[tokio::test]
async fn administrators_take_turns() {
    let database = pg::database();
    let mut one = database.connect_as("postcote_admin").await;
    let mut two = database.connect_as("postcote_admin").await;
    run(&mut one, "domain add example.org").await.unwrap();
    for round in 0..20 {
        let there = format!("alias add a{round}@example.org b{round}@example.org");
        let back = format!("alias add b{round}@example.org a{round}@example.org");
        let (there, back) = tokio::join!(run(&mut one, &there), run(&mut two, &back));
        let (won, lost) = if there.is_ok() { (there, back) } else { (back, there) };
        won.unwrap();
        let AdminError::Refused(refusal) = lost.unwrap_err() else { panic!("not a refusal") };
        assert_eq!(refusal.rule, Rule::Loop, "round {round}: {refusal}");
    }
}

/// What two commands ask for fits by itself and not together.
#[tokio::test]
async fn limits_hold_against_two_at_once() {
    let database = pg::database();
    let mut one = database.connect_as("postcote_admin").await;
    let mut two = database.connect_as("postcote_admin").await;
    for command in [
        "domain add example.org --quota 1g",
        "domain set example.org --max-total-quota 3g",
        "account add a@example.org --hash {PLAIN}x",
        "account add b@example.org --hash {PLAIN}x",
    ] {
        run(&mut one, command).await.unwrap();
    }
    for round in 0..20 {
        let a = run(&mut one, "account set a@example.org --quota 2g");
        let b = run(&mut two, "account set b@example.org --quota 2g");
        let (a, b) = tokio::join!(a, b);
        let (won, lost) = if a.is_ok() { (a, b) } else { (b, a) };
        won.unwrap();
        let AdminError::Refused(refusal) = lost.unwrap_err() else { panic!("not a refusal") };
        assert_eq!(refusal.rule, Rule::QuotaLimit, "round {round}: {refusal}");
        run(&mut one, "domain set example.org --reset-accounts").await.unwrap();
    }
}

#[tokio::test]
async fn failures_have_their_exit_codes_and_hints() {
    let database = pg::database();
    let mut reader = database.connect_as("postcote_reader").await;
    let denied = run(&mut reader, "domain add example.org").await.unwrap_err();
    assert_eq!(denied.exit().code(), 77, "{denied}");
    assert!(denied.advice().unwrap().contains("postcote_admin"));

    let empty = pg::empty_database();
    let missing = run(&mut empty.connect().await, "domain list").await.unwrap_err();
    assert_eq!(missing.exit().code(), 69, "{missing}");
    assert!(missing.advice().unwrap().contains("postcote db migrate"));

    let mut client = database.connect().await;
    let _ = client.batch_execute("SELECT pg_terminate_backend(pg_backend_pid())").await;
    let gone = run(&mut client, "domain list").await.unwrap_err();
    assert_eq!(gone.exit().code(), 69, "{gone}");
}

/// Data to standard output, words to standard error, and the exit code.
#[tokio::test]
async fn the_program_prints_data_and_words_apart() {
    let database = pg::database();
    let table: [(&[&str], i32, &str, &str); 4] = [
        (&["domain", "add", "Bücher.example"], 0, "", "added domain `bücher.example`, gid 70000\n"),
        (
            &["domain", "add", "bücher.example"],
            1,
            "",
            "error: cannot add domain `bücher.example`: a domain has this name\n\n\
             hint: list domains with `postcote admin domain list`\n",
        ),
        (&["address", "list", "--json"], 0, "", ""),
        (&["domain", "list", "a@b@c"], 64, "", ""),
    ];
    for (words, code, data, said) in table {
        let mut command = postcote();
        let got = run_program(command.args(["--database", &database.url, "admin"]).args(words));
        assert_eq!(got.code, Some(code), "{words:?}: {}", got.stderr);
        if words.contains(&"--json") {
            assert!(got.stdout.starts_with("{\"command\":\"address list\""), "{}", got.stdout);
        } else {
            assert_eq!(got.stdout, data, "{words:?}");
        }
        if !said.is_empty() {
            assert_eq!(got.stderr, said, "{words:?}");
        }
    }
}
