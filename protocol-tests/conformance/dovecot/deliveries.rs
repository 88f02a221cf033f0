//! Mail that arrives by LMTP, with users and limits of postcote's, and what doveadm makes of both.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::clients::lmtp;
use super::house::House;
use super::instance::{LMTP, installed};

const MESSAGE: &str = "From: sender@outside.example\nSubject: hello\n\nhello";
const SPAM: &str = "From: sender@outside.example\nSubject: buy\nX-Spam: Yes\n\nbuy";

/// A recipient, the uid of the mailbox, and how RCPT is answered.
const RECIPIENTS: &[(&str, Option<u32>, &str)] = &[
    ("anna@shop.example", Some(70000), "250"),
    ("bert+news@store.example", Some(70001), "250"),
    // Who may not log in still has a mailbox.
    ("held@shop.example", Some(70012), "250"),
    ("over@shop.example", Some(70013), "250"),
    ("stranger@shop.example", None, "550 5.1.1"),
    ("anna@strange.example", None, "550 5.1.1"),
];

#[tokio::test]
async fn mail_arrives_where_postcote_says() {
    for installed in installed("mail_arrives_where_postcote_says") {
        let house = House::with(&installed, "").await;
        let socket = house.scratch.join(LMTP);
        let recipients: Vec<_> = RECIPIENTS.iter().map(|(address, ..)| *address).collect();
        for (message, folder) in [(MESSAGE, "new"), (SPAM, ".Junk/new")] {
            let (accepted, delivered) = lmtp(&socket, &recipients, message);
            for ((address, uid, expected), reply) in RECIPIENTS.iter().zip(&accepted) {
                assert!(reply.starts_with(expected), "{address}: {reply}\n{}", house.dovecot.log());
                if let Some(uid) = uid {
                    let home = house.scratch.join("mail/s/70000").join(uid.to_string());
                    assert_eq!(owners(&home.join("Maildir").join(folder)), [*uid], "{address}");
                }
            }
            assert_eq!(delivered.len(), 4);
            for reply in delivered {
                assert!(reply.starts_with("250 2.0.0"), "{reply}");
            }
        }
    }
}

#[tokio::test]
async fn a_full_mailbox_takes_no_more() {
    for installed in installed("a_full_mailbox_takes_no_more") {
        let house = House::with(&installed, "").await;
        let socket = house.scratch.join(LMTP);
        let mut said = Vec::new();
        for _ in 0..4 {
            let (accepted, delivered) = lmtp(&socket, &["small@shop.example"], MESSAGE);
            said.push(delivered.into_iter().chain(accepted).next().unwrap());
        }
        let codes: Vec<_> = said.iter().map(|reply| &reply[..9]).collect();
        let expected = ["250 2.0.0", "250 2.0.0", "250 2.0.0", "552 5.2.2"];
        assert_eq!(codes, expected, "{:?}: {said:?}", installed.version);

        let recalculated = house.dovecot.doveadm(&["quota", "recalc", "-u", "small@shop.example"]);
        assert_eq!(recalculated.code, Some(0), "{}", recalculated.stderr);
        let quota =
            house.dovecot.doveadm(&["-f", "tab", "quota", "get", "-u", "small@shop.example"]);
        let messages =
            quota.stdout.lines().find(|line| line.contains("MESSAGE")).unwrap_or_default();
        assert!(messages.contains("\t3\t3\t100"), "{:?}: {}", installed.version, quota.stdout);
        let storage =
            quota.stdout.lines().find(|line| line.contains("STORAGE")).unwrap_or_default();
        // Of 20000 bytes, in whole KiB.
        assert!(storage.contains("\t20\t"), "{:?}: {}", installed.version, quota.stdout);
    }
}

#[tokio::test]
async fn doveadm_knows_everybody() {
    for installed in installed("doveadm_knows_everybody") {
        let house = House::with(&installed, "").await;
        let everybody = house.dovecot.doveadm(&["user", "*"]);
        let mut users: Vec<_> = everybody.stdout.lines().collect();
        users.sort_unstable();
        let names = ["anna", "bert", "held", "jürgen", "over", "pop", "shut", "small"];
        let mut expected: Vec<_> = names.map(|name| format!("{name}@shop.example")).into();
        expected.sort_unstable();
        assert_eq!(users, expected, "{}", everybody.stderr);

        let home = house.dovecot.doveadm(&["user", "-f", "home", "ANNA@store.example"]);
        let expected = house.scratch.join("mail/s/70000/70000");
        assert_eq!(Path::new(home.stdout.trim_end()), expected, "{}", home.stderr);
        let stranger = house.dovecot.doveadm(&["user", "stranger@shop.example"]);
        assert_eq!(stranger.code, Some(67), "{}{}", stranger.stdout, stranger.stderr);
    }
}

/// The owners of the files of a directory.
fn owners(directory: &Path) -> Vec<u32> {
    let name = directory.display();
    let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{name}: {error}"));
    entries.map(|entry| entry.unwrap().metadata().unwrap().uid()).collect()
}
