//! Who is let in by IMAP, POP3 and ManageSieve without Dovecot's auth process, and what the others are told: the
//! same as by the same Dovecot with an auth process and files of its own.

use std::fmt::Write as _;

use super::clients::{imap, imap_command, pop3, sieve};
use super::house::{House, PASSWORD};
use super::instance::{Dovecot, installed};
use super::native::{Native, readable};

/// Login name and password, by which name the other Dovecot knows that person, and whether IMAP, POP3 and
/// ManageSieve let that person in.
const TABLE: &[(&str, &str, &str, [bool; 3])] = &[
    ("anna@shop.example", PASSWORD, "anna@shop.example", [true; 3]),
    ("ANNA@Store.Example", PASSWORD, "anna@shop.example", [true; 3]),
    ("jürgen@shop.example", PASSWORD, "anna@shop.example", [true; 3]),
    ("anna@shop.example", "wrong", "anna@shop.example", [false; 3]),
    ("stranger@shop.example", PASSWORD, "stranger@shop.example", [false; 3]),
    ("anna@strange.example", PASSWORD, "anna@strange.example", [false; 3]),
    ("pop@shop.example", PASSWORD, "pop@shop.example", [false, true, false]),
    ("shut@shop.example", PASSWORD, "shut@shop.example", [false; 3]),
    ("held@shop.example", PASSWORD, "held@shop.example", [false; 3]),
    ("over@shop.example", PASSWORD, "over@shop.example", [false; 3]),
    // Only who knows the password learns why; Dovecot's own way to deny users would tell everybody.
    ("pop@shop.example", "wrong", "anna@shop.example", [false; 3]),
    ("shut@shop.example", "wrong", "anna@shop.example", [false; 3]),
    ("held@shop.example", "wrong", "anna@shop.example", [false; 3]),
    ("over@shop.example", "wrong", "anna@shop.example", [false; 3]),
];

#[tokio::test]
async fn mail_programs_are_told_what_dovecots_auth_would_tell_them() {
    for installed in installed("mail_programs_are_told_what_dovecots_auth_would_tell_them") {
        let house = House::with(&installed, "").await;
        let native = Native::start(&installed);
        let mut wrong = String::new();
        for (user, password, known, enters) in TABLE {
            let said = try_all(&house.dovecot, user, password);
            let measure = try_all(&native.dovecot, known, password);
            for (((protocol, said), (_, measure)), enters) in said.iter().zip(&measure).zip(enters)
            {
                let measure = readable(measure);
                // What those who are in can do differs, for the plugins do.
                let alike = is_welcome(said) == *enters
                    && (*said == measure || *enters && is_welcome(&measure));
                if !alike {
                    writeln!(wrong, "{protocol} {user} {password}: {said}, not {measure}").unwrap();
                }
            }
        }
        let log = house.dovecot.log();
        assert!(wrong.is_empty(), "{:?}:\n{wrong}\n{log}", installed.version);
    }
}

/// What each protocol says to a login.
fn try_all(dovecot: &Dovecot<'_>, user: &str, password: &str) -> [(&'static str, String); 3] {
    [
        ("imap", imap(dovecot.imap, user, password).1),
        ("pop3", pop3(dovecot.pop3, user, password).1),
        ("sieve", sieve(dovecot.sieve, user, password).1),
    ]
}

fn is_welcome(said: &str) -> bool {
    said.starts_with("OK ") || said.starts_with("+OK ")
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
