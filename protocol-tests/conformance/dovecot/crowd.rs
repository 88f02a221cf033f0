//! PostgreSQL is killed while people log in and mail arrives: who is known is served, who is not may come back,
//! and nobody is told that a right password is wrong, or that somebody does not exist.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use super::clients::{imap, lmtp, plain};
use super::house::PASSWORD;
use super::instance::{Installed, LMTP, installed, printed};
use super::whole::{Plan, Settings, Whole};
use crate::support::pg;
use crate::support::terms::wait_for;

/// More accounts than the test comes to ask for, each once.
const FRESH: &str = "
    INSERT INTO postcote.account (uid, gid, localpart, password)
        SELECT 100000 + n, 70000, 'f' || n, '{PLAIN}account-password' FROM generate_series(0, 50000) n";

const CLIENTS: u32 = 3;

#[derive(Default)]
struct Counts {
    known: AtomicU32,
    fresh_in: AtomicU32,
    fresh_later: AtomicU32,
    next: AtomicU32,
}

impl Counts {
    /// Somebody whom nobody has asked for.
    fn fresh(&self) -> String {
        format!("f{}@shop.example", self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn no_right_password_is_wrong_while_the_database_is_killed() {
    for installed in installed("no_right_password_is_wrong_while_the_database_is_killed") {
        under_a_crowd(&installed, None, |whole, counts| {
            assert_eq!(log_in(whole, "anna@shop.example", PASSWORD), 235);
            assert_eq!(log_in(whole, "anna@store.example", "wrong"), 535);
            counts.known.fetch_add(2, Ordering::Relaxed);
            let fresh = counts.fresh();
            match log_in(whole, &fresh, PASSWORD) {
                235 => counts.fresh_in.fetch_add(1, Ordering::Relaxed),
                454 => counts.fresh_later.fetch_add(1, Ordering::Relaxed),
                code => panic!("{fresh}: {code}\n{}", whole.log()),
            };
        })
        .await;
    }
}

#[tokio::test]
async fn nobody_is_unknown_to_dovecot_while_the_database_is_killed() {
    for installed in installed("nobody_is_unknown_to_dovecot_while_the_database_is_killed") {
        let settings = Settings::Example(printed(installed.version, ""));
        under_a_crowd(&installed, Some(settings), |whole, counts| {
            let port = whole.dovecot.as_ref().unwrap().imap;
            let said = imap(port, "anna@store.example", PASSWORD).1;
            assert!(said.starts_with("OK "), "{said}\n{}", whole.log());
            let said = recipient(whole, "anna+crowd@shop.example");
            assert!(said.starts_with("250 "), "{said}\n{}", whole.log());
            counts.known.fetch_add(2, Ordering::Relaxed);
            let fresh = counts.fresh();
            let logged_in = imap(port, &fresh, PASSWORD).1;
            let received = recipient(whole, &counts.fresh());
            for (said, taken, later) in
                [(logged_in, "OK ", "NO [UNAVAILABLE] "), (received, "250 ", "451 4.3.0 ")]
            {
                if said.starts_with(taken) {
                    counts.fresh_in.fetch_add(1, Ordering::Relaxed);
                } else {
                    assert!(said.starts_with(later), "{fresh}: {said}\n{}", whole.log());
                    counts.fresh_later.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
        .await;
    }
}

/// Has some clients attempt things all the time, while the database is killed and started again.
async fn under_a_crowd(
    installed: &Installed,
    dovecot: Option<Settings>,
    attempt: impl Fn(&Whole<'_>, &Counts) + Sync,
) {
    let mut own = pg::dedicated_cluster();
    let url = own.database();
    let mut plan = Plan::new(installed, &url);
    plan.dovecot = dovecot;
    let whole = plan.start().await;
    pg::connect(&url).await.batch_execute(FRESH).await.unwrap();
    // Whose home is missing makes it.
    let homes = whole.scratch.join("mail/s/70000");
    fs::set_permissions(homes, fs::Permissions::from_mode(0o777)).unwrap();
    let (stop, counts) = (AtomicBool::new(false), Counts::default());
    // Known before anything happens.
    attempt(&whole, &counts);
    std::thread::scope(|scope| {
        let ends = Ends(&stop);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        attempt(&whole, &counts);
                    }
                })
            })
            .collect();
        let wait = |count: &AtomicU32, more| {
            let wanted = count.load(Ordering::Relaxed) + more;
            wait_for("the replies", Duration::from_mins(1), || {
                let failed = clients.iter().any(ScopedJoinHandle::is_finished);
                assert!(!failed, "a reply was wrong, see above");
                (count.load(Ordering::Relaxed) >= wanted).then_some(())
            });
        };
        for _ in 0..3 {
            wait(&counts.fresh_in, 10);
            own.cluster.kill().unwrap();
            wait(&counts.fresh_later, 10);
            wait(&counts.known, 20);
            own.cluster.restart().unwrap();
        }
        wait(&counts.fresh_in, 10);
        drop(ends);
    });
}

/// Ends the clients, however the test ends.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The code of the reply to a login in a submission session of its own.
fn log_in(whole: &Whole<'_>, user: &str, password: &str) -> u16 {
    whole.submission(0).command(&format!("AUTH PLAIN {}", plain(user, password))).code
}

/// What LMTP says to a recipient, who gets a message then.
fn recipient(whole: &Whole<'_>, address: &str) -> String {
    let (mut accepted, delivered) =
        lmtp(&whole.scratch.join(LMTP), &[address], "Subject: hello\n\nhello");
    assert!(delivered.iter().all(|reply| reply.starts_with("250 ")), "{delivered:?}");
    accepted.remove(0)
}
