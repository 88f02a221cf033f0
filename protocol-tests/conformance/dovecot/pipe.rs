//! Mail that Postfix hands to dovecot-lda, a process for each message.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use super::instance::{Installed, installed, printed};
use super::journey::{logged_in, read, send};
use super::whole::{Plan, Settings};
use crate::command::file;
use crate::support::pg;
use crate::support::scratch::Scratch;

const LDA: &str = "/usr/lib/dovecot/dovecot-lda";

/// A recipient, who reads the message, and the mailbox it is in.
const RECIPIENTS: &[(&str, &str)] = &[
    ("bert@shop.example", "bert@shop.example"),
    ("Bert+lists@Store.Example", "bert@store.example"),
    ("abuse@store.example", "anna@shop.example"),
    ("anyone@catch.example", "bert@shop.example"),
];

#[tokio::test]
async fn mail_arrives_through_a_pipe() {
    for installed in installed("mail_arrives_through_a_pipe") {
        let database = pg::database();
        let mut plan = Plan::new(&installed, &database.url);
        plan.dovecot = Some(Settings::Example(printed(installed.version, "")));
        plan.main_cf = "virtual_transport = dovecot\ndovecot_destination_recipient_limit = 1\n";
        let lda = setuid_lda(&installed, &plan.scratch);
        let example = fs::read_to_string(file("conf-examples/dovecot/master.cf")).unwrap();
        // Nobody is the user of this test; the configuration is not where Debian has it.
        plan.services = example
            .replace("user=dovelda:dovelda", "user=nobody:nogroup")
            .replace(LDA, &format!("{lda} -c {}", plan.scratch.join("etc/dovecot.conf").display()));
        let whole = plan.start().await;
        let mut session = logged_in(&whole);
        for (number, (recipient, reader)) in RECIPIENTS.iter().enumerate() {
            let subject = format!("piped-{number}");
            let reply = send(&mut session, recipient, &subject);
            let queued =
                reply.queue_id().unwrap_or_else(|| panic!("{recipient}: {reply}\n{}", whole.log()));
            whole.postfix.wait_until_removed(queued);
            read(&whole, reader, &subject);
        }
        let log = whole.postfix.log();
        assert_eq!(log.matches("relay=dovecot, ").count(), RECIPIENTS.len(), "{log}");
    }
}

/// dovecot-lda with the rights that the example gives it, in a copy of its own.
fn setuid_lda(installed: &Installed, scratch: &Scratch) -> String {
    let copy = scratch.join("lda");
    fs::copy(installed.installation.path(Path::new(LDA)), &copy).unwrap();
    chown(&copy, Some(0), Some(65534)).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o4750)).unwrap();
    copy.display().to_string()
}
