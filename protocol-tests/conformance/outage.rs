//! PostgreSQL is killed while mail comes in: what Postfix knew it goes on knowing, the rest waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::support::pg;
use crate::support::terms::{runs_as_root, wait_for};

use super::installation::Installation;
use super::postfix::RunningPostfix;
use super::smtp::SmtpSession;
use super::world::{Way, World};

/// Recipients that were asked for before, and the reply they get at all times.
const KNOWN: [(&str, u16); 9] = [
    ("anna@shop.example", 250),
    ("ANNA+x@Store.example", 250),
    ("team@shop.example", 250),
    ("postmaster@example.com", 250),
    ("stranger@catch.example", 250),
    ("special@shop.example", 250),
    ("dora@shop.example", 550),
    ("moved@shop.example", 550),
    ("nobody@shop.example", 550),
];

/// More accounts than the test comes to ask for, each once.
const FRESH: &str = "
    INSERT INTO postcote.account (uid, gid, localpart, password)
        SELECT 100000 + n, 70010, 'f' || n, '{PLAIN}account-password' FROM generate_series(0, 50000) n";

#[test]
fn mail_goes_on_while_the_database_is_down() {
    if !runs_as_root("mail_goes_on_while_the_database_is_down") {
        return;
    }
    let mut own = pg::dedicated_cluster();
    let url = own.database();
    let world = World::start_with(&Installation::here(), Way::Near, &url, FRESH);
    let senders: Vec<_> = (0..3).map(|number| Sender::start(&world.postfix, number)).collect();
    for round in 0..3 {
        for sender in &senders {
            sender.wait_for(|counts| &counts.fresh_taken, 10);
        }
        own.cluster.kill().unwrap();
        for sender in &senders {
            sender.wait_for(|counts| &counts.fresh_deferred, 10);
            sender.wait_for(|counts| &counts.known, 100);
        }
        a_message_is_delivered(&world, round);
        own.cluster.restart().unwrap();
    }
    for sender in &senders {
        sender.wait_for(|counts| &counts.fresh_taken, 10);
    }
    for sender in senders {
        sender.stop();
    }
}

/// A whole message with everything that is asked for it.
fn a_message_is_delivered(world: &World, round: u32) {
    let mut session = world.postfix.session();
    assert!(session.mail_from("sender@outside.example", "").is_positive());
    let reply = session.rcpt_to("team@shop.example");
    assert!(reply.is_positive(), "{reply}");
    let reply = session.data(&format!("Subject: outage\n\nX-Round-{round}.\n"));
    world.postfix.wait_until_removed(reply.queue_id().unwrap_or_else(|| panic!("{reply}")));
    let expected = ["anna@shop.example", "bert@shop.example", "carl@shop.example"];
    assert_eq!(world.store("sink").recipients_of(&format!("X-Round-{round}.")), expected);
}

/// A client that names recipients all the time and judges every reply.
struct Sender {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    known: AtomicU32,
    fresh_taken: AtomicU32,
    fresh_deferred: AtomicU32,
}

impl Sender {
    /// Asks for the known ones once, so that they are, and goes on in a thread.
    fn start(postfix: &RunningPostfix, number: u32) -> Self {
        let mut session = postfix.session();
        let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        ask(&mut session, &format!("s{number}@outside.example"), number, &counts);
        let (until, count) = (Arc::clone(&stop), Arc::clone(&counts));
        let thread = std::thread::spawn(move || {
            for round in 1.. {
                if until.load(Ordering::Relaxed) {
                    return;
                }
                // smtpd(8) remembers how it resolved a recipient for a sender, so this is another one.
                let sender = format!("s{number}.{round}@outside.example");
                ask(&mut session, &sender, number + 3 * round, &count);
            }
        });
        Self { stop, counts, thread }
    }

    /// Waits for so many further replies of a kind.
    fn wait_for(&self, kind: impl Fn(&Counts) -> &AtomicU32, more: u32) {
        let wanted = kind(&self.counts).load(Ordering::Relaxed) + more;
        wait_for("the replies", Duration::from_mins(1), || {
            assert!(!self.thread.is_finished(), "a reply was wrong, see above");
            (kind(&self.counts).load(Ordering::Relaxed) >= wanted).then_some(())
        });
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// Names every known recipient and one that nobody has asked for.
fn ask(session: &mut SmtpSession, sender: &str, fresh: u32, counts: &Counts) {
    let reply = session.mail_from(sender, "");
    assert!(reply.is_positive(), "{sender}: {reply}");
    for (recipient, code) in KNOWN {
        let reply = session.rcpt_to(recipient);
        assert_eq!(reply.code, code, "{recipient}: {reply}");
        counts.known.fetch_add(1, Ordering::Relaxed);
    }
    let reply = session.rcpt_to(&format!("f{fresh}@many.example"));
    match reply.code {
        250 => counts.fresh_taken.fetch_add(1, Ordering::Relaxed),
        451 => counts.fresh_deferred.fetch_add(1, Ordering::Relaxed),
        _ => panic!("f{fresh}@many.example exists: {reply}"),
    };
    assert!(session.command("RSET").is_positive());
}
