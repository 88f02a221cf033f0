//! Mail is received, refused and delivered by the answers of the built daemon, as `smtp/*.case` say.

use std::path::Path;
use std::time::Duration;

use crate::support::terms::{runs_as_root, wait_for};

use super::installation::Installation;
use super::smtp_case::{play, read_cases};
use super::world::{Way, World};

#[test]
fn mail_finds_its_way_on_this_machine() {
    if runs_as_root("mail_finds_its_way_on_this_machine") {
        mail_finds_its_way(&Installation::here(), Way::Near);
    }
}

#[test]
fn mail_finds_its_way_through_a_proxy_on_this_machine() {
    if runs_as_root("mail_finds_its_way_through_a_proxy_on_this_machine") {
        mail_finds_its_way(&Installation::here(), Way::Proxy);
    }
}

#[test]
fn mail_finds_its_way_on_debian_13() {
    let test = "mail_finds_its_way_on_debian_13";
    if let Some(postfix) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        mail_finds_its_way(&postfix, Way::Near);
    }
}

#[test]
fn mail_finds_its_way_through_a_proxy_on_debian_13() {
    let test = "mail_finds_its_way_through_a_proxy_on_debian_13";
    if let Some(postfix) = Installation::debian_13(test).filter(|_| runs_as_root(test)) {
        mail_finds_its_way(&postfix, Way::Proxy);
    }
}

fn mail_finds_its_way(installation: &Installation, way: Way) {
    let world = World::start(installation, way);
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("protocol-tests/conformance/smtp");
    play(&read_cases(&cases), &world.postfix, &world.stores());
    messages_keep_their_bytes(&world);
    everybody_gets_it_once(&world);
    changes_are_live(&world);
    mail_waits_for_a_mailbox_that_is_moved(&world);
}

fn messages_keep_their_bytes(world: &World) {
    let sink = world.store("sink");
    let before = sink.deliveries().len();
    let mut session = world.postfix.session();
    assert!(session.mail_from("jörg@outside.example", "BODY=8BITMIME SMTPUTF8").is_positive());
    assert!(session.rcpt_to("anna@shop.example").is_positive());
    assert!(session.data("Subject: Grüße\n\n.Umlaute: äöü\n").is_positive());
    let taken = sink.wait_for(before + 1, Duration::from_secs(10)).pop().unwrap();
    assert_eq!(taken.sender, "jörg@outside.example");
    assert!(taken.parameters.contains("SMTPUTF8"), "{}", taken.parameters);
    assert!(taken.holds("\r\n.Umlaute: äöü\r\n"), "{}", String::from_utf8_lossy(&taken.message));
}

/// As many destinations as Postfix follows, `virtual_alias_expansion_limit`.
fn everybody_gets_it_once(world: &World) {
    let mut session = world.postfix.session();
    assert!(session.mail_from("sender@outside.example", "").is_positive());
    let reply = session.rcpt_to("everybody@many.example");
    assert!(reply.is_positive(), "{reply}");
    let reply = session.data("Subject: to all\n\nX-Everybody\n");
    world.postfix.wait_until_removed(reply.queue_id().unwrap_or_else(|| panic!("{reply}")));
    let mut expected: Vec<_> = (1..=1000).map(|n| format!("m{n}@many.example")).collect();
    expected.sort();
    assert_eq!(world.store("sink").recipients_of("X-Everybody"), expected);
}

/// What SQL changes is so for the next recipient.
fn changes_are_live(world: &World) {
    let account = "INSERT INTO postcote.account (gid, localpart, password)
                   VALUES (70000, 'nina', '{PLAIN}account-password')";
    let suspended = "UPDATE postcote.account SET may_receive = false WHERE localpart = 'nina'";
    let relocated = "DELETE FROM postcote.account WHERE localpart = 'nina';
                     INSERT INTO postcote.relocated VALUES (70000, 'nina', 'nina@far.example')";
    let forgotten = "DELETE FROM postcote.relocated WHERE localpart = 'nina'";
    let changes =
        [(account, "2.1.5"), (suspended, "5.2.1"), (relocated, "5.1.6"), (forgotten, "5.1.1")];
    let reply = |sender: &str| {
        let mut session = world.postfix.session();
        assert!(session.mail_from(sender, "").is_positive());
        session.rcpt_to("nina@shop.example")
    };
    assert_eq!(reply("first@outside.example").enhanced.as_deref(), Some("5.1.1"));
    for (change, expected) in changes {
        world.change(change);
        let mut attempts = 0;
        wait_for(expected, Duration::from_secs(5), || {
            attempts += 1;
            // smtpd(8) remembers how it resolved a recipient for a sender, so this is another one.
            let sender = format!("{expected}.{attempts}@outside.example");
            (reply(&sender).enhanced.as_deref() == Some(expected)).then_some(())
        });
    }
}

/// Mail that an alias brings is accepted, and is queued until the move is over.
fn mail_waits_for_a_mailbox_that_is_moved(world: &World) {
    let mut session = world.postfix.session();
    assert!(session.mail_from("sender@outside.example", "").is_positive());
    assert!(session.rcpt_to("movers@shop.example").is_positive());
    let reply = session.data("Subject: patience\n\nX-Moving\n");
    let queued = reply.queue_id().unwrap_or_else(|| panic!("{reply}"));
    wait_for("the message to be deferred", Duration::from_secs(10), || {
        let log = world.postfix.log();
        let mut lines = log.lines().filter(|line| line.contains(queued));
        lines.any(|line| line.contains("dsn=4.2.1") && line.contains("deferred")).then_some(())
    });
    assert_eq!(world.store("sink").recipients_of("X-Moving"), Vec::<String>::new());
    world.change("UPDATE postcote.mailbox_order SET state = 'done'");
    // qmgr(8) keeps the last resolved address for 30 seconds, so there must be another one.
    let mut session = world.postfix.session();
    assert!(session.mail_from("sender@outside.example", "").is_positive());
    assert!(session.rcpt_to("bert@shop.example").is_positive());
    assert!(session.data("Subject: other mail\n\n\n").is_positive());
    world.postfix.wait_until_removed(queued);
    assert_eq!(world.store("sink").recipients_of("X-Moving"), ["mona@shop.example"]);
}
