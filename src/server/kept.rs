//! Connections that outlive the daemon: systemd keeps them while the next one starts.
//!
//! Dovecot's LMTP server keeps a connection to its userdb for a minute without looking at it, and
//! answers the next recipient with 451 if it was closed meanwhile. What a client writes while nobody
//! reads waits in the socket. It takes `FileDescriptorStoreMax=` in the unit; without it systemd
//! closes what it is given.
//!
//! # See also
//! `sd_notify(3)`, `sd_listen_fds(3)`

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use sd_notify::NotifyState;

use crate::telemetry::metrics::{Label, Peer};

/// A connection that another process has had, between two requests.
#[derive(Debug)]
pub struct Kept {
    /// The connection.
    pub stream: UnixStream,
    /// What [`Session::state`](crate::handler::Session::state) said of it.
    pub state: String,
}

/// Begins the names of what is kept; names of sockets are the operator's.
const KEPT: &str = "postcote-kept";

fn name(peer: Peer, state: &str) -> String {
    format!("{KEPT}-{}-{state}", peer.text())
}

/// Hands a connection over to the next process. Without systemd there is nobody to keep it.
pub(super) fn keep(peer: Peer, state: &str, stream: &impl AsFd) {
    let name = name(peer, state);
    // Whether it was kept is not told; if not, it is closed, as it would be without.
    let _ = sd_notify::notify_with_fds(
        &[NotifyState::FdStore, NotifyState::FdName(&name)],
        &[stream.as_fd()],
    );
}

/// What begins the name of a connection of these peers.
pub(super) fn prefix(peer: Peer) -> String {
    name(peer, "")
}
