//! Accepts peers: as many as may be at once, the others wait in the queue of the socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::handler::{Caller, Handler, Session};
use crate::protocol::Codec;
use crate::server::connection::{End, Patience, serve};
use crate::server::conversation::converse;
use crate::server::kept::{Kept, keep};
use crate::server::{Bound, Shutdown};
use crate::telemetry::log;
use crate::telemetry::metrics::{self, Label, Peer};

/// What peers of a listener may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once. The next one waits unaccepted: Postfix waits up to 100 s for it, while
    /// a connection closed in its face would defer mail at once.
    pub connections: usize,
    /// How long each may take.
    pub patience: Patience,
}

/// Takes connections on one socket and serves each in a task of its own.
#[derive(Debug)]
pub struct Listener {
    bound: Bound,
    peer: Peer,
    limits: Limits,
    users: Option<Vec<u32>>,
    kept: Vec<Kept>,
}

impl Listener {
    /// A listener on an open socket.
    pub fn new(bound: Bound, peer: Peer, limits: Limits) -> Self {
        Self { bound, peer, limits, users: None, kept: Vec::new() }
    }

    /// Only for processes of these users, if any are named.
    #[must_use]
    pub fn only_for(self, users: Option<Vec<u32>>) -> Self {
        Self { users, ..self }
    }

    /// Goes on with connections that another process has had.
    #[must_use]
    pub fn with_kept(self, kept: Vec<Kept>) -> Self {
        Self { kept, ..self }
    }

    /// Serves until the daemon ends. `codec` makes a codec for each connection.
    pub async fn run<C, H>(self, codec: fn() -> C, handler: Arc<H>, shutdown: Shutdown)
    where
        C: Codec + Send + 'static,
        C::Request: Send,
        C::Reply: Send + Sync,
        H: Handler<C>,
    {
        let patience = self.limits.patience;
        let serve_one = |stream, _, shutdown| {
            let handler = Arc::clone(&handler);
            async move { serve(stream, codec(), handler.as_ref(), patience, shutdown).await }
        };
        self.accept_all(serve_one, shutdown).await;
    }

    /// Serves sessions until the daemon ends, and hands those over that the next process can go on
    /// with. `begin` makes a codec and a session for each connection, from its state if it was
    /// handed over, or nothing for a peer that is not to be served.
    pub async fn run_sessions<C, S>(
        self,
        begin: impl Fn(Caller, Option<&str>) -> Option<(C, S)> + Send,
        shutdown: Shutdown,
    ) where
        C: Codec + Send + 'static,
        C::Request: Send,
        C::Reply: Send + Sync,
        S: Session<C> + 'static,
    {
        let (patience, peer) = (self.limits.patience, self.peer);
        let serve_one = |mut stream: Stream, state: Option<String>, shutdown: Shutdown| {
            let session = begin(stream.caller(), state.as_deref());
            async move {
                let Some((codec, mut session)) = session else { return End::Refused };
                // The process lives until the connection was handed over.
                let told = shutdown.clone();
                let end = converse(&mut stream, codec, &mut session, patience, told).await;
                if let (End::Drained, Some(state), Stream::Unix(stream)) =
                    (&end, session.state(), &stream)
                {
                    keep(peer, state, stream);
                }
                drop(shutdown);
                end
            }
        };
        self.accept_all(serve_one, shutdown).await;
    }

    async fn accept_all<F, T>(mut self, serve_one: F, shutdown: Shutdown)
    where
        F: Fn(Stream, Option<String>, Shutdown) -> T,
        T: Future<Output = End> + Send + 'static,
    {
        let permits = Arc::new(Semaphore::new(self.limits.connections));
        for Kept { stream, state } in std::mem::take(&mut self.kept) {
            let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else { break };
            let Ok(stream) = UnixStream::from_std(stream) else { continue };
            let stream = Stream::Unix(stream);
            self.spawn(stream, permit, |stream| serve_one(stream, Some(state), shutdown.clone()));
        }
        let mut pause = Duration::ZERO;
        let told = shutdown.clone().told();
        tokio::pin!(told);
        loop {
            if permits.available_permits() == 0 {
                log::connections_full(self.peer.text(), self.limits.connections);
            }
            let accepted = tokio::select! {
                biased;
                () = &mut told => return,
                accepted = self.accept(&permits) => accepted,
            };
            let (stream, permit) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of descriptors or memory: others need time to end.
                    log::accept_failed(self.peer.text(), &error);
                    pause = (pause * 2).clamp(Duration::from_millis(10), Duration::from_secs(1));
                    tokio::time::sleep(pause).await;
                    continue;
                }
            };
            pause = Duration::ZERO;
            self.spawn(stream, permit, |stream| serve_one(stream, None, shutdown.clone()));
        }
    }

    /// Serves a connection in a task of its own, if its user may connect.
    fn spawn<T>(
        &self,
        stream: Stream,
        permit: OwnedSemaphorePermit,
        serve: impl FnOnce(Stream) -> T,
    ) where
        T: Future<Output = End> + Send + 'static,
    {
        let (peer, name) = (self.peer, stream.name());
        if !self.lets_in(stream.caller()) {
            return refused(peer, &name);
        }
        let serving = serve(stream);
        tokio::spawn(async move {
            watch_over(peer, &name, serving).await;
            drop(permit);
        });
    }

    fn lets_in(&self, caller: Caller) -> bool {
        match (&self.users, caller.uid) {
            (None, _) => true,
            (Some(users), Some(uid)) => users.contains(&uid),
            (Some(_), None) => false,
        }
    }

    async fn accept(&self, permits: &Arc<Semaphore>) -> io::Result<(Stream, OwnedSemaphorePermit)> {
        let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
        let stream = match &self.bound {
            Bound::Unix(listener, _) => Stream::Unix(listener.accept().await?.0),
            Bound::Inet(listener) => {
                let (stream, _) = listener.accept().await?;
                // A reply is one small write that somebody waits for.
                stream.set_nodelay(true)?;
                rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
                Stream::Inet(stream)
            }
        };
        Ok((stream, permit))
    }
}

/// Counts a connection, reports how it ended, and confines a panic to it.
async fn watch_over(peer: Peer, name: &str, serving: impl Future<Output = End>) {
    metrics::connections_total(peer).increment(1);
    metrics::connections_open(peer).increment(1);
    let end = std::panic::AssertUnwindSafe(serving).catch_unwind().await;
    metrics::connections_open(peer).decrement(1);
    match end {
        Ok(End::Malformed(reason)) => {
            metrics::malformed_requests_total(peer).increment(1);
            log::malformed_request(peer.text(), name, &reason);
        }
        Ok(End::Refused) => refused(peer, name),
        Ok(End::Closed | End::Drained | End::Idle | End::Interrupted) => {}
        Err(_) => {
            metrics::connection_panics_total(peer).increment(1);
            log::connection_panicked(peer.text());
        }
    }
}

fn refused(peer: Peer, name: &str) {
    metrics::connections_refused_total(peer).increment(1);
    log::peer_refused(peer.text(), name);
}

/// A connected peer.
enum Stream {
    Unix(UnixStream),
    Inet(tokio::net::TcpStream),
}

impl Stream {
    /// The process at the other end.
    fn caller(&self) -> Caller {
        let credentials = match self {
            Self::Unix(stream) => stream.peer_cred().ok(),
            Self::Inet(_) => None,
        };
        Caller {
            uid: credentials.as_ref().map(tokio::net::unix::UCred::uid),
            // 0 is a process that is not to be seen from here.
            pid: credentials
                .and_then(|c| c.pid())
                .and_then(|pid| pid.try_into().ok())
                .filter(|pid| *pid > 0),
        }
    }

    /// Who it is, for the log: the process at the other end, or its address.
    fn name(&self) -> String {
        match self {
            Self::Unix(stream) => match stream.peer_cred() {
                Ok(cred) => format!("uid {} pid {}", cred.uid(), cred.pid().unwrap_or_default()),
                Err(_) => "unknown".to_owned(),
            },
            Self::Inet(stream) => {
                stream.peer_addr().map_or_else(|_| "unknown".to_owned(), |a| a.to_string())
            }
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => std::pin::Pin::new(stream).poll_read(context, buffer),
            Self::Inet(stream) => std::pin::Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => std::pin::Pin::new(stream).poll_write(context, bytes),
            Self::Inet(stream) => std::pin::Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => std::pin::Pin::new(stream).poll_flush(context),
            Self::Inet(stream) => std::pin::Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => std::pin::Pin::new(stream).poll_shutdown(context),
            Self::Inet(stream) => std::pin::Pin::new(stream).poll_shutdown(context),
        }
    }
}
