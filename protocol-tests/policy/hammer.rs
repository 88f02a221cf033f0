//! Fifty connections send for one account as fast as they can while the daemon is killed again and again:
//! what it has let through before counts.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::daemon::{Daemon, Setup};
use crate::support::pg;
use crate::support::scratch::Scratch;
use crate::support::site;
use crate::support::terms::wait_for;

const CONNECTIONS: u64 = 50;
const LIMIT: u64 = 400;

/// What the connections heard.
#[derive(Default)]
struct Heard {
    let_through: AtomicU64,
    refused: AtomicU64,
}

fn daemon(url: &str, scratch: &Scratch) -> (Daemon, PathBuf) {
    let socket = scratch.join("policy");
    let mut setup = Setup::new(url);
    setup.listen = format!(
        "\n[[listen]]\nprotocol = \"policy\"\naddress = \"unix:{}\"\n\n[policy]\n\
         rules = [\"sending-limits\"]\naccount-limits = [\"messages-per-hour = {LIMIT}\"]\n",
        socket.display()
    );
    (setup.start(), socket)
}

/// Sends messages until one is refused; a connection that is lost is made again, and what was asked on
/// it is asked again, as smtpd(8) does.
fn send(socket: &Path, sender: u64, heard: &Heard) {
    let mut connection = None;
    for number in 0.. {
        let request = format!(
            "request=smtpd_access_policy\nprotocol_state=END-OF-MESSAGE\nrecipient_count=1\n\
             sasl_username=anna@shop.example\nclient_address=192.0.2.1\n\
             instance={sender}.{number}\n\n"
        );
        let answer = loop {
            let stream = connection.get_or_insert_with(|| connect(socket));
            match ask(stream, &request) {
                Ok(answer) => break answer,
                Err(_) => connection = None,
            }
        };
        if answer != "action=DUNNO\n" {
            assert!(answer.starts_with("action=450 4.7.1 anna@shop.example may send"), "{answer}");
            heard.refused.fetch_add(1, Ordering::SeqCst);
            return;
        }
        heard.let_through.fetch_add(1, Ordering::SeqCst);
    }
}

fn connect(socket: &Path) -> UnixStream {
    wait_for("the policy socket", Duration::from_mins(1), || UnixStream::connect(socket).ok())
}

fn ask(stream: &mut UnixStream, request: &str) -> std::io::Result<String> {
    stream.write_all(request.as_bytes())?;
    let (mut reader, mut answer, mut empty) =
        (BufReader::new(stream), String::new(), String::new());
    if reader.read_line(&mut answer)? == 0 || reader.read_line(&mut empty)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    assert_eq!(empty, "\n");
    Ok(answer)
}

fn hammer(socket: &Path, heard: &Arc<Heard>) -> Vec<thread::JoinHandle<()>> {
    let one = |sender| {
        let (socket, heard) = (socket.to_owned(), Arc::clone(heard));
        thread::spawn(move || send(&socket, sender, &heard))
    };
    (0..CONNECTIONS).map(one).collect()
}

fn end(senders: Vec<thread::JoinHandle<()>>) {
    for sender in senders {
        sender.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_forgets_no_message() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let _client = site::fill(&database.url, "policy").await;
    let (mut daemon, socket) = daemon(&database.url, &scratch);
    let heard = Arc::new(Heard::default());
    let senders = hammer(&socket, &heard);
    for part in 1..4 {
        wait_for("messages", Duration::from_mins(1), || {
            (heard.let_through.load(Ordering::SeqCst) >= part * LIMIT / 4).then_some(())
        });
        daemon.signal(Signal::KILL);
        daemon.wait_for_end();
        daemon.launch();
    }
    end(senders);
    let let_through = heard.let_through.load(Ordering::SeqCst);
    assert!(let_through <= LIMIT, "{let_through} messages went out");
    // Each connection may have had one under way at each end, which was counted and not heard of.
    assert!(let_through >= LIMIT - 3 * CONNECTIONS, "only {let_through} messages went out");
    assert_eq!(heard.refused.load(Ordering::SeqCst), CONNECTIONS);
}
