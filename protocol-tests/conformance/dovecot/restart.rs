//! postcote restarts while mail arrives: no recipient is put off.
//!
//! Dovecot's LMTP server does not look at its connection between two recipients. If that is closed
//! it answers the next one with 451, though somebody listens again; so the connection must outlive
//! the restart.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::clients::Lines;
use super::house::accounts;
use super::instance::{LMTP, installed, printed};
use crate::support::daemon::{SOON, Setup};
use crate::support::scratch::Scratch;
use crate::support::supervisor::Supervisor;
use crate::support::terms::wait_for;

const SOCKET: &str = "dovecot-auth-master";
const RECIPIENT: &str = "anna@shop.example";

#[tokio::test]
async fn no_recipient_is_put_off_by_a_restart() {
    for installed in installed("no_recipient_is_put_off_by_a_restart") {
        let scratch = Arc::new(Scratch::new());
        let database = accounts(&scratch).await;
        let mut setup = Setup::new(&database.url);
        setup.listen = format!(
            "\n[[listen]]\nprotocol = \"dovecot-master\"\naddress = \"systemd:{SOCKET}\"\n\n\
             [[listen]]\nprotocol = \"dovecot-auth\"\naddress = \"unix:{}\"\nmode = \"0666\"\n",
            scratch.join("login").display()
        );
        let daemon = setup.prepare();
        let mut systemd = Supervisor::new(&daemon, &[(SOCKET, &scratch.join("auth-master"))]);
        systemd.start();
        let ports = installed.configure(&scratch, &printed(installed.version, ""));
        let dovecot = installed.start(Arc::clone(&scratch), ports);
        let socket = scratch.join(LMTP);

        // A connection that idles through a restart.
        let mut idle = session(&socket);
        assert!(rcpt(&mut idle).starts_with("250"), "{}", dovecot.log());
        assert_eq!(systemd.stop(), 1, "it was handed over: {}", daemon.log());
        systemd.start();
        let said = rcpt(&mut idle);
        assert!(said.starts_with("250"), "{said}\n{}\n{}", dovecot.log(), daemon.log());

        // One recipient after the other, whatever goes on behind.
        let (ends, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (Arc::clone(&ends), Arc::clone(&count));
        let asking = std::thread::spawn(move || {
            let mut said = Vec::new();
            while !told.load(Ordering::Relaxed) {
                said.push(rcpt(&mut idle));
                counted.fetch_add(1, Ordering::Relaxed);
            }
            said
        });
        for _ in 0..5 {
            assert_eq!(systemd.stop(), 1);
            systemd.start();
            let before = count.load(Ordering::Relaxed);
            wait_for("more recipients", SOON, || {
                (count.load(Ordering::Relaxed) > before + 20).then_some(())
            });
        }
        // A client that comes while nobody serves waits for an answer.
        assert_eq!(systemd.stop(), 1);
        let path = socket.clone();
        let stranger = std::thread::spawn(move || rcpt(&mut session(&path)));
        wait_for("the stranger to wait", SOON, || {
            std::thread::sleep(Duration::from_millis(100));
            (!stranger.is_finished()).then_some(())
        });
        systemd.start();
        let said = stranger.join().unwrap();
        assert!(said.starts_with("250"), "{said}");
        ends.store(true, Ordering::Relaxed);
        let said = asking.join().unwrap();
        let bad: Vec<_> = said.iter().filter(|reply| !reply.starts_with("250")).collect();
        assert!(bad.is_empty(), "{} of {}: {bad:?}\n{}", bad.len(), said.len(), dovecot.log());

        // What it costs where nobody keeps connections: one recipient for each, and not the next.
        let mut lost = session(&socket);
        assert!(rcpt(&mut lost).starts_with("250"));
        systemd.stop();
        systemd.forget();
        systemd.start();
        let said = [rcpt(&mut lost), rcpt(&mut lost)];
        assert!(said[0].starts_with("451 4.3.0") && said[1].starts_with("250"), "{said:?}");
    }
}

/// A session that has begun.
fn session(socket: &Path) -> Lines<UnixStream> {
    let mut lines = Lines::unix(socket);
    assert!(lines.line().starts_with("220"));
    lines.send("LHLO client.test");
    lines.until(|line| line.starts_with("250 "));
    lines
}

/// One more recipient, in a transaction of its own: 2.4 takes a few only in one.
fn rcpt(lines: &mut Lines<UnixStream>) -> String {
    for line in ["RSET", "MAIL FROM:<sender@outside.example>"] {
        assert!(lines.ask(line).starts_with("250"), "{line}");
    }
    lines.ask(&format!("RCPT TO:<{RECIPIENT}>"))
}
