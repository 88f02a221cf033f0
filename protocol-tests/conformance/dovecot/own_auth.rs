//! Logins by Dovecot's own auth process, which asks postcote over the dict socket: the `dict` passdb and userdb
//! of 2.3, and the Lua script for 2.4.

use std::fmt::Write as _;
use std::time::Duration;

use rustix::process::Signal;

use super::clients::{imap, imap_command, lmtp, pop3};
use super::house::{House, PASSWORD};
use super::instance::{Installed, LMTP, Version, installed};
use crate::support::pg;
use crate::support::terms::wait_for;

/// The parts of `postcote config dovecot` for it.
fn parts(installed: &Installed) -> &'static str {
    match installed.version {
        Version::V23 => "mail,dict,quota,last-login",
        Version::V24 => "mail,lua,quota,last-login",
    }
}

const WELCOME: &str = "OK [CAPABILITY ";
/// What Dovecot's own auth says to a wrong password.
const FAILED: &str = "NO [AUTHENTICATIONFAILED] Authentication failed.";
const UNAVAILABLE: &str = "NO [UNAVAILABLE] Temporary authentication failure.";

/// Login name and password, and how what IMAP says begins.
const TABLE: &[(&str, &str, &str)] = &[
    ("anna@shop.example", PASSWORD, WELCOME),
    ("ANNA@Store.Example", PASSWORD, WELCOME),
    ("jürgen@shop.example", PASSWORD, WELCOME),
    ("anna@shop.example", "wrong", FAILED),
    ("stranger@shop.example", PASSWORD, FAILED),
    ("anna@strange.example", PASSWORD, FAILED),
    ("pop@shop.example", PASSWORD, FAILED),
    ("shut@shop.example", PASSWORD, FAILED),
    ("held@shop.example", PASSWORD, FAILED),
    ("over@shop.example", PASSWORD, FAILED),
];

#[tokio::test]
async fn dovecots_own_auth_lets_in_whom_postcote_says() {
    for installed in installed("dovecots_own_auth_lets_in_whom_postcote_says") {
        let house = House::with(&installed, parts(&installed)).await;
        let mut wrong = String::new();
        for (user, password, expected) in TABLE {
            let (_, said) = imap(house.dovecot.imap, user, password);
            if !said.starts_with(expected) {
                writeln!(wrong, "{user} {password}: {said}, not {expected}").unwrap();
            }
        }
        let log = house.dovecot.log();
        assert!(wrong.is_empty(), "{:?}:\n{wrong}\n{log}", installed.version);
        let (_, said) = pop3(house.dovecot.pop3, "pop@shop.example", PASSWORD);
        assert!(said.starts_with("+OK "), "{said}");

        let recipients = ["held@shop.example", "anna@store.example", "stranger@shop.example"];
        let (accepted, delivered) =
            lmtp(&house.scratch.join(LMTP), &recipients, "Subject: hello\n\nhello");
        let codes: Vec<_> = accepted.iter().map(|reply| &reply[..3]).collect();
        assert_eq!(codes, ["250", "250", "550"], "{accepted:?}\n{}", house.dovecot.log());
        assert!(delivered.iter().all(|reply| reply.starts_with("250")), "{delivered:?}");
        let (mut lines, _) = imap(house.dovecot.imap, "anna@shop.example", PASSWORD);
        let said = imap_command(&mut lines, "STATUS INBOX (MESSAGES)");
        assert_eq!(said.first().unwrap(), "* STATUS INBOX (MESSAGES 1)");

        let everybody = house.dovecot.doveadm(&["user", "*"]).stdout;
        assert_eq!(everybody.lines().count(), 8, "{everybody}");
        let found = |name: &str| everybody.lines().any(|line| line == name);
        assert!(found("anna@shop.example") && found("jürgen@shop.example"), "{everybody}");
    }
}

#[tokio::test]
async fn trouble_is_temporary_for_dovecots_own_auth() {
    for installed in installed("trouble_is_temporary_for_dovecots_own_auth") {
        let mut house = House::with(&installed, parts(&installed)).await;
        let welcome = |house: &House<'_>, user: &str| {
            let (_, said) = imap(house.dovecot.imap, user, PASSWORD);
            assert!(said.starts_with(WELCOME), "{said}\n{}", house.dovecot.log());
        };
        let unavailable = |house: &House<'_>, user: &str, when: &str| {
            let (_, said) = imap(house.dovecot.imap, user, PASSWORD);
            let log = house.dovecot.log();
            assert!(said.starts_with(UNAVAILABLE), "{when}, {user}: {said}\n{log}");
            let (accepted, _) = lmtp(&house.scratch.join(LMTP), &[user], "");
            assert!(accepted[0].starts_with("451 4.3.0"), "{when}, {user}: {accepted:?}\n{log}");
        };
        welcome(&house, "anna@shop.example");

        let client = pg::connect(&house.database.cluster().url("postgres")).await;
        let name = house.database.name();
        let away = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        );
        let closed = format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false");
        client.batch_execute(&closed).await.unwrap();
        client.batch_execute(&away).await.unwrap();
        // Who was asked for before is known from memory; of others, nobody knows whether they exist.
        welcome(&house, "anna@shop.example");
        unavailable(&house, "bert@shop.example", "without a database");
        unavailable(&house, "stranger@shop.example", "without a database");
        let open = format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS true");
        client.batch_execute(&open).await.unwrap();
        wait_for("bert to be let in", Duration::from_mins(1), || {
            let (_, said) = imap(house.dovecot.imap, "bert@shop.example", PASSWORD);
            assert!(said.starts_with(WELCOME) || said.starts_with(UNAVAILABLE), "{said}");
            said.starts_with(WELCOME).then_some(())
        });

        house.daemon.signal(Signal::TERM);
        house.daemon.wait_for_end();
        unavailable(&house, "anna@shop.example", "without postcote");
        unavailable(&house, "stranger@shop.example", "without postcote");
        house.daemon.launch();
        house.daemon.wait_until_ready();
        wait_for("anna to be let in again", Duration::from_mins(1), || {
            let (_, said) = imap(house.dovecot.imap, "anna@shop.example", PASSWORD);
            assert!(said.starts_with(WELCOME) || said.starts_with(UNAVAILABLE), "{said}");
            said.starts_with(WELCOME).then_some(())
        });
    }
}
