//! What postcote knows of the mailboxes that a Dovecot serves by the example: how full they are, and who has
//! logged in; and what doveadm makes of both.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::clients::{imap, imap_command, lmtp, pop3};
use super::house::{House, PASSWORD};
use super::instance::{LMTP, installed};
use crate::command::{postcote, run};
use crate::support::terms::wait_for;

const USER: &str = "bert@shop.example";
const MESSAGE: &str = "From: sender@outside.example\nSubject: hello\n\nhello";

/// Dovecot tells at the end of a session, or after ten seconds.
const TOLD: Duration = Duration::from_secs(30);

#[tokio::test]
async fn account_show_tells_what_dovecot_has_told() {
    for installed in installed("account_show_tells_what_dovecot_has_told") {
        let house = House::with(&installed, "").await;
        let home = house.scratch.join("mail/s/70000/70001");
        deliver(&house, 3);
        until_shown(&house, &home, 3, &[]);

        let (mut lines, said) = imap(house.dovecot.imap, USER, PASSWORD);
        assert!(said.starts_with("OK"), "{said}");
        for command in ["SELECT INBOX", "STORE 1 +FLAGS (\\Deleted)", "EXPUNGE", "LOGOUT"] {
            let said = imap_command(&mut lines, command);
            assert!(said.last().unwrap().starts_with("OK"), "{command}: {said:?}");
        }
        until_shown(&house, &home, 2, &["imap"]);

        let (mut lines, said) = pop3(house.dovecot.pop3, "bert@store.example", PASSWORD);
        assert!(said.starts_with("+OK"), "{said}");
        assert!(lines.ask("DELE 1").starts_with("+OK") && lines.ask("QUIT").starts_with("+OK"));
        until_shown(&house, &home, 1, &["imap", "pop3"]);

        // Dovecot counts by itself, so what was lost on the way is right again after the next change.
        let wrong = "UPDATE postcote.quota_usage SET bytes = 1, messages = 7";
        house.database.connect().await.batch_execute(wrong).await.unwrap();
        let counted = house.dovecot.doveadm(&["quota", "recalc", "-u", USER]);
        assert_eq!(counted.code, Some(0), "{}", counted.stderr);
        deliver(&house, 1);
        until_shown(&house, &home, 2, &["imap", "pop3"]);
    }
}

fn deliver(house: &House<'_>, times: usize) {
    for _ in 0..times {
        let (accepted, delivered) = lmtp(&house.scratch.join(LMTP), &[USER], MESSAGE);
        assert!(delivered.iter().all(|reply| reply.starts_with("250")), "{accepted:?}");
    }
}

/// Waits until `postcote admin account show` tells what lies in the maildir, so many messages, and to what its
/// owner has logged in.
fn until_shown(house: &House<'_>, home: &Path, messages: u64, services: &[&str]) {
    let mut shown = String::new();
    let expected = (messages, bytes(&home.join("Maildir")));
    wait_for(&format!("{expected:?} and {services:?} to be shown"), TOLD, || {
        let mut command = postcote();
        command.args(["--database", &house.database.url]);
        let said = run(command.args(["admin", "account", "show", USER, "--json"]));
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        shown = said.stdout;
        let json: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let item = &json["items"][0];
        let number = |name: &str| item["used"][name].as_u64();
        let logins = item["last_logins"].as_array().unwrap();
        let logins: Vec<_> = logins.iter().filter_map(|login| login["service"].as_str()).collect();
        let used = number("messages").zip(number("bytes"));
        (used == Some(expected) && logins == services).then_some(())
    });
}

/// What Dovecot counts: with the ends of lines of the network, which the names of the files tell.
fn bytes(maildir: &Path) -> u64 {
    let folders = ["new", "cur"].map(|name| fs::read_dir(maildir.join(name)).unwrap());
    let names = folders.into_iter().flatten().map(|entry| entry.unwrap().file_name());
    let size = |name: String| {
        let rest = name.split_once(",W=").unwrap().1;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse::<u64>().unwrap()
    };
    names.map(|name| size(name.into_string().unwrap())).sum()
}

/// What doveadm is asked; AUTH and MASTER are the sockets of the example. Its exit code, and what it says.
const TABLE: &[(&str, i32, &[&str])] = &[
    ("user -f uid bert@shop.example", 0, &["70001"]),
    ("user -f user Bert@STORE.example", 0, &["bert@shop.example"]),
    ("user stranger@shop.example", 67, &["doesn't exist"]),
    ("auth test -a AUTH -x service=imap bert@shop.example account-password", 0, &["succeeded"]),
    ("auth test -a AUTH -x service=imap bert@shop.example wrong", 77, &["auth failed"]),
    (
        "auth test -a AUTH -x service=imap stranger@shop.example account-password",
        77,
        &["auth failed"],
    ),
    (
        "auth test -a AUTH -x service=imap pop@shop.example account-password",
        77,
        &["auth failed", "IMAP is not enabled for this account"],
    ),
    (
        "auth test -a AUTH -x service=imap held@shop.example account-password",
        77,
        &["auth failed", "code=user_disabled", "reason=Ask the office"],
    ),
    (
        "auth login -a AUTH -m MASTER bert@store.example account-password",
        0,
        &["auth succeeded", "bert@shop.example", "uid=70001"],
    ),
    ("auth login -a AUTH -m MASTER bert@store.example wrong", 77, &["auth failed"]),
    ("quota recalc -u bert@shop.example", 0, &[]),
    ("quota recalc -u stranger@shop.example", 67, &[]),
];

#[tokio::test]
async fn doveadm_asks_postcote_by_the_example() {
    for installed in installed("doveadm_asks_postcote_by_the_example") {
        let house = House::with(&installed, "").await;
        let [auth, master] =
            ["login", "auth-master"].map(|name| house.scratch.join(name).display().to_string());
        let mut wrong = String::new();
        for (asked, code, parts) in TABLE {
            let words = asked.split(' ').map(|word| match word {
                "AUTH" => auth.as_str(),
                "MASTER" => master.as_str(),
                word => word,
            });
            let said = house.dovecot.doveadm(&words.collect::<Vec<_>>());
            let all = said.stdout + &said.stderr;
            if said.code != Some(*code) || !parts.iter().all(|part| all.contains(part)) {
                wrong = format!("{wrong}doveadm {asked}: {:?}\n{all}\n", said.code);
            }
        }
        assert!(wrong.is_empty(), "{:?}:\n{wrong}", installed.version);
    }
}
