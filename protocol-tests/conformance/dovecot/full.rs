//! What becomes of a message for a mailbox that is full.

use std::time::Duration;

use super::instance::{installed, printed};
use super::journey::{logged_in, read, send};
use super::whole::{Plan, Settings};
use crate::support::pg;
use crate::support::terms::wait_for;

/// What an administrator sets, and what Postfix makes of Dovecot's reply then.
const CASES: [(&str, &str); 2] = [
    ("", "dsn=5.2.2, status=bounced"),
    ("quota_full_tempfail = yes\n", "dsn=4.2.2, status=deferred"),
];

#[tokio::test]
async fn mail_for_a_full_mailbox_is_returned_or_waits() {
    for installed in installed("mail_for_a_full_mailbox_is_returned_or_waits") {
        for (setting, expected) in CASES {
            let database = pg::database();
            let mut plan = Plan::new(&installed, &database.url);
            plan.dovecot = Some(Settings::Example(printed(installed.version, "") + setting));
            let whole = plan.start().await;
            let mut session = logged_in(&whole);
            // It holds three.
            for number in 0..3 {
                let reply = send(&mut session, "small@shop.example", &format!("fits-{number}"));
                let queued = reply.queue_id().unwrap_or_else(|| panic!("{reply}\n{}", whole.log()));
                whole.postfix.wait_until_removed(queued);
                read(&whole, "small@shop.example", &format!("fits-{number}"));
            }
            let reply = send(&mut session, "small@shop.example", "too-much");
            let queued = reply.queue_id().unwrap_or_else(|| panic!("{reply}\n{}", whole.log()));
            let log = wait_for(expected, Duration::from_secs(30), || {
                let log = whole.postfix.log();
                let line = log.lines().find(|line| line.contains(queued) && line.contains("dsn="));
                line.map(str::to_owned)
            });
            assert!(log.contains(expected), "{:?} {setting}: {log}", installed.version);
            if setting.is_empty() {
                // It says so to who wrote it.
                whole.postfix.wait_until_removed(queued);
                let returned = read(&whole, "anna@shop.example", "Undelivered");
                assert!(returned.contains("552 5.2.2"), "{returned}");
            }
        }
    }
}
