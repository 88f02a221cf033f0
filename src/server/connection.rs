//! One peer: read, decode, answer, encode, write, until it goes, breaks the protocol, idles too
//! long, or the daemon ends.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until, timeout};

use crate::handler::Handler;
use crate::protocol::{Codec, ProtocolError};
use crate::server::Shutdown;

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between requests; `None` waits for ever, as clients that never reconnect need it.
    pub idle: Option<Duration>,
    /// For a request that has begun to arrive, and for taking a reply.
    pub stalled: Duration,
}

/// Why a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The peer closed it, or broke it, between requests or within one.
    Closed,
    /// The peer was idle, or stuck in the middle of a request, for too long.
    Idle,
    /// The daemon ends, and everything that was asked is answered.
    Drained,
    /// The daemon ends, and the peer was in the middle of a request.
    Interrupted,
    /// The peer's bytes are no request.
    Malformed(ProtocolError),
    /// The peer may not ask here.
    Refused,
}

/// How much of a peer's bytes is read at once.
pub(super) const READ: usize = 4096;
/// A buffer that grew for a long request is given back after it.
const KEEP: usize = 64 * 1024;

/// Serves one peer. Every reply goes out in one write, before the next request is looked at:
/// Postfix takes what comes late, or in excess, as the answer to its next question.
pub async fn serve<C, H, S>(
    mut stream: S,
    mut codec: C,
    handler: &H,
    patience: Patience,
    shutdown: Shutdown,
) -> End
where
    C: Codec,
    H: Handler<C>,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut input = BytesMut::with_capacity(READ);
    let mut output = BytesMut::with_capacity(READ);
    codec.greeting(&mut output);
    let mut clock = Clock::new(patience);
    let mut told = shutdown.told();
    let mut draining = false;
    loop {
        if !output.is_empty() {
            if let Err(end) = write(&mut stream, &output, patience.stalled).await {
                return end;
            }
            output.clear();
            shrink(&mut output);
        }
        match codec.decode(&mut input) {
            Err(reason) => return End::Malformed(reason),
            Ok(Some(request)) => {
                let reply = handler.handle(request).await;
                codec.encode(&reply, &mut output);
                clock.restart();
                continue;
            }
            Ok(None) => {}
        }
        input.reserve(READ);
        let between_requests = input.is_empty();
        let read = tokio::select! {
            biased;
            read = stream.read_buf(&mut input) => read,
            // A request may have arrived together with the signal: only what is there counts.
            () = std::future::ready(()), if draining => return End::Drained,
            () = clock.runs_out(between_requests) => return End::Idle,
            () = &mut told, if !draining => {
                draining = true;
                continue;
            }
        };
        match read {
            Ok(0) | Err(_) => return End::Closed,
            Ok(_) => {}
        }
    }
}

/// Writes everything. A socket nearly always takes a reply at once, so the timer, which costs as
/// much as a lookup, is made only when it does not.
pub(super) async fn write<S>(stream: &mut S, bytes: &[u8], at_most: Duration) -> Result<(), End>
where
    S: AsyncWrite + Unpin,
{
    let mut writing = pin!(stream.write_all(bytes));
    let written = match poll_fn(|context| Poll::Ready(writing.as_mut().poll(context))).await {
        Poll::Ready(written) => written,
        Poll::Pending => timeout(at_most, writing).await.map_err(|_| End::Idle)?,
    };
    written.map_err(|_| End::Closed)
}

pub(super) fn shrink(buffer: &mut BytesMut) {
    if buffer.capacity() > KEEP {
        *buffer = BytesMut::with_capacity(READ);
    }
}

/// The peer's time. The timer is set anew only when it fires, not at each request: setting one
/// costs as much as a lookup.
pub(super) struct Clock {
    patience: Patience,
    since: Instant,
    alarm: Option<std::pin::Pin<Box<Sleep>>>,
}

impl Clock {
    pub(super) fn new(patience: Patience) -> Self {
        Self { patience, since: Instant::now(), alarm: None }
    }

    /// A request was answered.
    pub(super) fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Waits until the peer's time is over. Cancellation-safe.
    pub(super) async fn runs_out(&mut self, between_requests: bool) {
        loop {
            let limit =
                if between_requests { self.patience.idle } else { Some(self.patience.stalled) };
            let Some(limit) = limit else { return std::future::pending().await };
            let end = self.since + limit;
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(end)));
            // Only an alarm that has rung needs a look at the time. One that rings early is set
            // anew; one that would ring late is moved.
            if alarm.is_elapsed() && end <= Instant::now() {
                return;
            }
            if alarm.is_elapsed() || alarm.deadline() > end {
                alarm.as_mut().reset(end);
            }
            alarm.as_mut().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Reply, Socketmap, socketmap};
    use tokio::io::{DuplexStream, duplex};

    struct Echo;

    impl Handler<Socketmap> for Echo {
        async fn handle(&self, request: socketmap::Request) -> Reply {
            Reply::Found(String::from_utf8_lossy(request.key()).into_owned())
        }
    }

    fn start(
        patience: Patience,
    ) -> (DuplexStream, tokio::task::JoinHandle<End>, crate::server::Drain) {
        let (ours, theirs) = duplex(1 << 20);
        let (shutdown, drain) = Shutdown::new();
        let serving = async move { serve(theirs, Socketmap, &Echo, patience, shutdown).await };
        (ours, tokio::spawn(serving), drain)
    }

    const USUAL: Patience =
        Patience { idle: Some(Duration::from_mins(5)), stalled: Duration::from_secs(100) };

    #[tokio::test(start_paused = true)]
    async fn idle_peers_are_left_alone_for_long_and_then_closed() {
        let (mut peer, serving, _drain) = start(USUAL);
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(200)).await;
            peer.write_all(b"3:t k,").await.unwrap();
            let mut reply = [0; 7];
            peer.read_exact(&mut reply).await.unwrap();
            assert_eq!(&reply, b"4:OK k,");
        }
        let before = Instant::now();
        assert_eq!(serving.await.unwrap(), End::Idle);
        assert_eq!(before.elapsed().as_secs(), 300);
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_request_is_waited_for_less_long() {
        let (mut peer, serving, _drain) = start(USUAL);
        peer.write_all(b"3:t ").await.unwrap();
        let before = Instant::now();
        assert_eq!(serving.await.unwrap(), End::Idle);
        assert_eq!(before.elapsed().as_secs(), 100);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_limit_a_peer_may_sleep_for_ever() {
        let (peer, serving, _drain) = start(Patience { idle: None, ..USUAL });
        tokio::time::sleep(Duration::from_secs(1_000_000)).await;
        assert!(!serving.is_finished());
        drop(peer);
        assert_eq!(serving.await.unwrap(), End::Closed);
    }

    #[tokio::test]
    async fn what_was_asked_is_answered_before_the_end() {
        let (mut peer, serving, drain) = start(USUAL);
        peer.write_all(b"3:t k,3:t l,3:t").await.unwrap();
        assert!(drain.drain(Duration::from_secs(5)).await);
        assert_eq!(serving.await.unwrap(), End::Drained);
        let mut replies = String::new();
        peer.read_to_string(&mut replies).await.unwrap();
        assert_eq!(replies, "4:OK k,4:OK l,");
    }

    #[tokio::test]
    async fn a_malformed_request_ends_the_connection_after_the_good_ones() {
        let (mut peer, serving, _drain) = start(USUAL);
        peer.write_all(b"3:t k,x").await.unwrap();
        assert_eq!(serving.await.unwrap(), End::Malformed(ProtocolError::Malformed));
        let mut replies = String::new();
        peer.read_to_string(&mut replies).await.unwrap();
        assert_eq!(replies, "4:OK k,");
    }
}
