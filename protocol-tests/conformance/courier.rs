//! Courier's own clients ask the built daemon.

use std::process::{Command, Output, Stdio};

use crate::command::administrative;
use crate::support::scratch::Scratch;
use crate::support::site::Site;
use crate::support::terms::{not_run, runs_as_root};

/// The path of the socket is part of Courier's library, so ours is shown there, in a `/run` that
/// nobody else sees.
const ENTER: &str = "mount -t tmpfs tmpfs /run && mkdir -p /run/courier/authdaemon && \
                     ln -s \"$0\" /run/courier/authdaemon/socket && exec \"$@\"";

/// What is asked; whether it succeeds, and a part of what is said.
const TABLE: &[(&str, bool, &str)] = &[
    ("authtest -s imap anna@shop.example account-password", true, "Authenticated: "),
    ("authtest -s imap ANNA@store.example account-password", true, "anna@shop.example"),
    ("authtest -s imap anna@shop.example", true, "(uid 70000, gid 70000)"),
    ("authtest -s imap anna@shop.example wrong", false, "Authentication FAILED"),
    ("authtest -s imap stranger@shop.example account-password", false, "Authentication FAILED"),
    ("authtest -s imap lena@shop.example account-password", false, "Authentication FAILED"),
    ("authtest -s imap stranger@shop.example", false, "Authentication FAILED"),
    ("authtest -s imap anna@shop.example account-password new", false, "FAILED"),
    ("authenumerate", true, "anna@shop.example\t70000\t70000\t"),
];

#[tokio::test]
async fn couriers_clients_are_served() {
    let test = "couriers_clients_are_served";
    if !runs_as_root(test) {
        return;
    }
    if administrative("authtest").stdin(Stdio::null()).output().is_err() {
        return not_run(test, "there is no authtest", "install courier-authdaemon");
    }
    let scratch = Scratch::new();
    let socket = scratch.join("courier").display().to_string();
    let listen = format!(
        "\n[[listen]]\nprotocol = \"courier-auth\"\naddress = \"unix:{socket}\"\n\n[logins]\n\
         failure-delay = \"50ms\"\n"
    );
    let site = Site::with("shop", |setup| setup.listen = listen).await;
    let mut differences = Vec::new();
    for (asked, succeeds, part) in TABLE {
        let (said, words) = run(&socket, asked);
        if said.status.success() != *succeeds || !words.contains(part) {
            differences.push(format!("{asked}: {}\n{words}", said.status));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}\n{}", site.daemon.log());
}

fn run(socket: &str, asked: &str) -> (Output, String) {
    let mut command: Command = administrative("unshare");
    command.args(["--mount", "sh", "-c", ENTER, socket]).args(asked.split(' '));
    let said = command.stdin(Stdio::null()).output().unwrap();
    let words = [said.stdout.as_slice(), &said.stderr].concat();
    let words = String::from_utf8_lossy(&words).into_owned();
    (said, words)
}
