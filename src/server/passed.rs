//! What systemd hands over at the start: listening sockets, and connections that were kept.
//!
//! # See also
//! `sd_listen_fds(3)`

use std::io;
use std::net::TcpListener;
use std::os::unix::net::{UnixListener, UnixStream};

use listenfd::ListenFd;
use rustix::net::{AddressFamily, SocketType};
use sd_notify::NotifyState;

use crate::server::kept::{Kept, prefix};
use crate::telemetry::metrics::Peer;

/// All of it, until somebody takes it.
pub struct Passed {
    names: Vec<String>,
    sockets: ListenFd,
}

/// A listening socket of one kind or the other.
pub(super) enum Listening {
    Inet(TcpListener),
    Unix(UnixListener),
}

impl Passed {
    /// Takes what this process was handed. Who asks a second time gets nothing.
    pub fn take() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let names = names.split(':').map(str::to_owned).collect();
        Self { names, sockets: ListenFd::from_env() }
    }

    /// The listening socket of this name, if there is one that was not taken.
    pub(super) fn listener(&mut self, name: &str) -> io::Result<Option<Listening>> {
        let Some(index) = self.names.iter().position(|known| known == name) else {
            return Ok(None);
        };
        if let Ok(Some(listener)) = self.sockets.take_unix_listener(index) {
            return Ok(Some(Listening::Unix(listener)));
        }
        self.sockets.take_tcp_listener(index).map(|taken| taken.map(Listening::Inet))
    }

    /// The connections of these peers that the last process has handed over.
    pub fn kept(&mut self, peer: Peer) -> Vec<Kept> {
        let mut all = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            let Some(state) = name.strip_prefix(&prefix(peer)) else { continue };
            if let Some(stream) = stream_at(&mut self.sockets, index) {
                all.push(Kept { stream, state: state.to_owned() });
            }
            // Or it would be handed over a second time when this process ends.
            let _ = sd_notify::notify(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]);
        }
        all
    }
}

fn stream_at(sockets: &mut ListenFd, index: usize) -> Option<UnixStream> {
    let family = i32::from(AddressFamily::UNIX.as_raw());
    let kind = i32::try_from(SocketType::STREAM.as_raw()).ok()?;
    let stream: UnixStream =
        sockets.take_custom(index, family, kind, "unix stream socket").ok().flatten()?;
    stream.set_nonblocking(true).ok()?;
    Some(stream)
}
