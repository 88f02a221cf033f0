//! PostgreSQL is killed while people log in to send: who is known gets in, who is not may come back, and nobody
//! is told that a right password is wrong.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::clients::plain;
use super::house::PASSWORD;
use super::instance::installed;
use super::whole::{Plan, Whole};
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

#[tokio::test]
async fn no_right_password_is_wrong_while_the_database_is_killed() {
    for installed in installed("no_right_password_is_wrong_while_the_database_is_killed") {
        let mut own = pg::dedicated_cluster();
        let url = own.database();
        let whole = Plan::new(&installed, &url).start().await;
        pg::connect(&url).await.batch_execute(FRESH).await.unwrap();
        let (stop, counts) = (AtomicBool::new(false), Counts::default());
        std::thread::scope(|scope| {
            // Known before anything happens.
            assert_eq!(log_in(&whole, "anna@shop.example", PASSWORD), 235);
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
                    assert!(
                        !clients.iter().any(std::thread::ScopedJoinHandle::is_finished),
                        "see above"
                    );
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
}

/// Ends the clients, however the test ends.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Somebody known with the right and with a wrong password, and somebody whom nobody has asked for.
fn attempt(whole: &Whole<'_>, counts: &Counts) {
    assert_eq!(log_in(whole, "anna@shop.example", PASSWORD), 235);
    assert_eq!(log_in(whole, "anna@store.example", "wrong"), 535);
    counts.known.fetch_add(2, Ordering::Relaxed);
    let number = counts.next.fetch_add(1, Ordering::Relaxed);
    match log_in(whole, &format!("f{number}@shop.example"), PASSWORD) {
        235 => counts.fresh_in.fetch_add(1, Ordering::Relaxed),
        454 => counts.fresh_later.fetch_add(1, Ordering::Relaxed),
        code => panic!("f{number}: {code}\n{}", whole.log()),
    };
}

/// The code of the reply to a login in a session of its own.
fn log_in(whole: &Whole<'_>, user: &str, password: &str) -> u16 {
    whole.submission(0).command(&format!("AUTH PLAIN {}", plain(user, password))).code
}
