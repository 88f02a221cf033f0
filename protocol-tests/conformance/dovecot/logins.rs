//! Who is let in by IMAP, POP3 and ManageSieve without Dovecot's auth process, and what the others are told.

use std::fmt::Write as _;

use super::clients::{imap, imap_command, pop3, sieve};
use super::house::{House, PASSWORD};
use super::instance::installed;

/// What a mail program is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// It is in.
    Welcome,
    /// That it did not work, and nothing more.
    Failed,
    /// Why; only who knows the password gets there.
    Because(&'static str),
}

use Told::{Because, Failed, Welcome};

/// Login name and password, and what IMAP, POP3 and ManageSieve say, in this order.
const TABLE: &[(&str, &str, [Told; 3])] = &[
    ("anna@shop.example", PASSWORD, [Welcome; 3]),
    ("ANNA@Store.Example", PASSWORD, [Welcome; 3]),
    ("jürgen@shop.example", PASSWORD, [Welcome; 3]),
    ("anna@shop.example", "wrong", [Failed; 3]),
    ("stranger@shop.example", PASSWORD, [Failed; 3]),
    ("anna@strange.example", PASSWORD, [Failed; 3]),
    (
        "pop@shop.example",
        PASSWORD,
        [
            Because("IMAP is not enabled for this account"),
            Welcome,
            Because("ManageSieve is not enabled for this account"),
        ],
    ),
    ("pop@shop.example", "wrong", [Failed; 3]),
    ("shut@shop.example", PASSWORD, [Because("Account is disabled"); 3]),
    ("shut@shop.example", "wrong", [Failed; 3]),
    ("held@shop.example", PASSWORD, [Because("Ask the office"); 3]),
    ("over@shop.example", PASSWORD, [Because("Account has expired"); 3]),
];

#[tokio::test]
async fn mail_programs_log_in_without_dovecots_auth() {
    for installed in installed("mail_programs_log_in_without_dovecots_auth") {
        let house = House::with(&installed, "").await;
        let mut wrong = String::new();
        for (user, password, expected) in TABLE {
            for ((protocol, said), told) in try_all(&house, user, password).iter().zip(expected) {
                if !means(protocol, *told, said) {
                    writeln!(wrong, "{protocol} {user} {password}: {said}, not {told:?}").unwrap();
                }
            }
        }
        let log = house.dovecot.log();
        assert!(wrong.is_empty(), "{:?}:\n{wrong}\n{log}", installed.version);
    }
}

/// What each protocol says to a login.
fn try_all(house: &House<'_>, user: &str, password: &str) -> [(&'static str, String); 3] {
    let dovecot = &house.dovecot;
    [
        ("imap", imap(dovecot.imap, user, password).1),
        ("pop3", pop3(dovecot.pop3, user, password).1),
        ("sieve", sieve(dovecot.sieve, user, password).1),
    ]
}

/// Whether these are Dovecot's words for it.
fn means(protocol: &str, told: Told, said: &str) -> bool {
    match (protocol, told) {
        ("pop3", Welcome) => said.starts_with("+OK "),
        (_, Welcome) => said.starts_with("OK "),
        ("imap", Failed) => said == "NO [AUTHENTICATIONFAILED] Authentication failed.",
        ("imap", Because(why)) => said == format!("NO [ALERT] {why}"),
        ("pop3", Failed) => said == "-ERR [AUTH] Authentication failed.",
        ("pop3", Because(why)) => said == format!("-ERR [AUTH] {why}"),
        (_, Failed) => said == "NO \"Authentication failed.\"",
        (_, Because(why)) => said == format!("NO \"{why}\""),
    }
}

#[tokio::test]
async fn who_has_logged_in_sees_the_folders_and_uploads_a_script() {
    for installed in installed("who_has_logged_in_sees_the_folders_and_uploads_a_script") {
        let house = House::with(&installed, "").await;
        let (mut lines, said) = imap(house.dovecot.imap, "anna@store.example", PASSWORD);
        assert!(said.starts_with("OK"), "{said}");
        let listed = imap_command(&mut lines, "LIST (SPECIAL-USE) \"\" *").join("\n");
        for folder in ["Drafts", "Junk", "Sent", "Trash"] {
            let line = listed.lines().find(|line| line.ends_with(&format!(" {folder}")));
            let found = line.is_some_and(|line| line.contains(&format!("\\{folder}")));
            assert!(found, "{:?}: no {folder} in\n{listed}", installed.version);
        }

        let (mut lines, said) = sieve(house.dovecot.sieve, "anna@store.example", PASSWORD);
        assert!(said.starts_with("OK"), "{said}");
        assert!(lines.ask("PUTSCRIPT \"all\" {7+}\r\nkeep;\r\n").starts_with("OK"));
        assert!(lines.ask("SETACTIVE \"all\"").starts_with("OK"));
        let home = house.scratch.join("mail/s/70000/70000");
        assert!(home.join("sieve/all.sieve").is_file() && home.join("Maildir/cur").is_dir());
    }
}
