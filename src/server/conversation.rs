//! One peer with several requests under way: read, decode, hand out, and write replies as they
//! come, until it goes, breaks the protocol, idles too long, or the daemon ends.

use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::mpsc;

use crate::handler::{Flow, Replies, Session, Taken};
use crate::protocol::Codec;
use crate::server::Shutdown;
use crate::server::connection::{Clock, End, Patience, READ, shrink, write};

/// Replies are gathered to one write up to this many bytes.
const GATHER: usize = 32 * 1024;

/// Serves one peer. When the daemon ends, what is under way is finished, and then the connection
/// ends, too.
pub async fn converse<C, H, S>(
    mut stream: S,
    mut codec: C,
    mut session: H,
    patience: Patience,
    shutdown: Shutdown,
) -> End
where
    C: Codec,
    H: Session<C>,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (replies, mut waiting) = Replies::new();
    let mut input = BytesMut::with_capacity(READ);
    let mut output = BytesMut::with_capacity(READ);
    let mut work = FuturesUnordered::new();
    let mut clock = Clock::new(patience);
    let mut told = shutdown.told();
    let mut draining = false;
    codec.greeting(&mut output);
    loop {
        while work.len() < H::AT_ONCE && output.len() < GATHER {
            let taken = match codec.decode(&mut input) {
                Ok(None) => break,
                Ok(Some(request)) => session.take(request, &replies),
                Err(reason) => Err(reason),
            };
            match taken {
                Ok(Taken::Nothing) => {}
                Ok(Taken::Reply(reply)) => codec.encode(&reply, &mut output),
                Ok(Taken::Work(begun)) => work.push(begun),
                Err(reason) => {
                    gather(&mut codec, &mut waiting, &mut output);
                    let _ = write(&mut stream, &output, patience.stalled).await;
                    return End::Malformed(reason);
                }
            }
            clock.restart();
        }
        gather(&mut codec, &mut waiting, &mut output);
        if !output.is_empty() {
            if let Err(end) = write(&mut stream, &output, patience.stalled).await {
                return end;
            }
            output.clear();
            shrink(&mut output);
            clock.restart();
            // There may be more to decode or to gather.
            continue;
        }
        input.reserve(READ);
        let between_requests = input.is_empty() || !work.is_empty();
        let may_read = work.len() < H::AT_ONCE;
        tokio::select! {
            biased;
            Some(reply) = waiting.recv() => codec.encode(&reply, &mut output),
            Some(flow) = work.next(), if !work.is_empty() => if flow == Flow::Close {
                gather(&mut codec, &mut waiting, &mut output);
                let _ = write(&mut stream, &output, patience.stalled).await;
                return End::Closed;
            },
            read = stream.read_buf(&mut input), if may_read => match read {
                Ok(0) | Err(_) => return End::Closed,
                Ok(_) => {}
            },
            () = std::future::ready(()), if draining && work.is_empty() => {
                return if input.is_empty() { End::Drained } else { End::Interrupted };
            }
            () = clock.runs_out(between_requests), if work.is_empty() => return End::Idle,
            () = &mut told, if !draining => draining = true,
        }
    }
}

/// Encodes the replies that are there, as many as make a good write.
fn gather<C: Codec>(codec: &mut C, waiting: &mut mpsc::Receiver<C::Reply>, output: &mut BytesMut) {
    while output.len() < GATHER
        && let Ok(reply) = waiting.try_recv()
    {
        codec.encode(&reply, output);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
    use tokio::time::{Instant, sleep};

    use super::*;
    use crate::protocol::{ProtocolError, Reply, Socketmap, socketmap};
    use crate::server::Drain;

    /// Answers a number of seconds after as many seconds; 0 is broken, 99 closes.
    struct Sleepy;

    impl Session<Socketmap> for Sleepy {
        const AT_ONCE: usize = 3;

        fn take(
            &mut self,
            request: socketmap::Request,
            replies: &Replies<Reply>,
        ) -> Result<Taken<Reply>, ProtocolError> {
            let seconds: u64 = std::str::from_utf8(request.key()).unwrap().parse().unwrap();
            let replies = replies.clone();
            let work = async move {
                sleep(Duration::from_secs(seconds % 99)).await;
                replies.send(Reply::Found(seconds.to_string())).await;
                if seconds == 99 { Flow::Close } else { Flow::Open }
            };
            match seconds {
                0 => Err(ProtocolError::Malformed),
                1000 => Ok(Taken::Nothing),
                1001 => Ok(Taken::Reply(Reply::NotFound)),
                _ => Ok(Taken::Work(work.boxed())),
            }
        }
    }

    fn start(idle: Option<Duration>) -> (DuplexStream, tokio::task::JoinHandle<End>, Drain) {
        let (ours, theirs) = duplex(1 << 20);
        let (shutdown, drain) = Shutdown::new();
        let patience = Patience { idle, stalled: Duration::from_secs(100) };
        let serving = async move { converse(theirs, Socketmap, Sleepy, patience, shutdown).await };
        (ours, tokio::spawn(serving), drain)
    }

    fn asked(seconds: &[u64]) -> String {
        let framed = |n: &u64| format!("{}:t {n},", n.to_string().len() + 2);
        seconds.iter().map(framed).collect::<Vec<_>>().concat()
    }

    async fn all(mut peer: DuplexStream) -> String {
        let mut replies = String::new();
        peer.read_to_string(&mut replies).await.unwrap();
        replies
    }

    #[tokio::test(start_paused = true)]
    async fn replies_come_when_they_are_ready_but_not_too_many_are_under_way() {
        let (mut peer, _serving, drain) = start(None);
        let started = Instant::now();
        // The fourth is not looked at before one of the first three is done.
        peer.write_all(asked(&[9, 5, 7, 1, 1001, 1000]).as_bytes()).await.unwrap();
        sleep(Duration::from_secs(4)).await;
        assert!(drain.drain(Duration::from_secs(20)).await);
        assert_eq!(all(peer).await, "4:OK 5,9:NOTFOUND ,4:OK 1,4:OK 7,4:OK 9,");
        assert_eq!(started.elapsed().as_secs(), 9, "what is under way is finished");
    }

    #[tokio::test(start_paused = true)]
    async fn work_can_close_the_connection_behind_its_reply() {
        let (mut peer, serving, _drain) = start(None);
        peer.write_all(asked(&[9, 99]).as_bytes()).await.unwrap();
        assert_eq!(serving.await.unwrap(), End::Closed);
        assert_eq!(all(peer).await, "5:OK 99,");
    }

    #[tokio::test(start_paused = true)]
    async fn who_breaks_the_protocol_is_closed() {
        let (mut peer, serving, _drain) = start(None);
        peer.write_all(asked(&[1001, 0]).as_bytes()).await.unwrap();
        assert_eq!(serving.await.unwrap(), End::Malformed(ProtocolError::Malformed));
        assert_eq!(all(peer).await, "9:NOTFOUND ,");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_waits_for_a_reply_is_not_idle() {
        let (mut peer, serving, _drain) = start(Some(Duration::from_secs(3)));
        peer.write_all(asked(&[50]).as_bytes()).await.unwrap();
        let started = Instant::now();
        assert_eq!(serving.await.unwrap(), End::Idle);
        assert_eq!(started.elapsed().as_secs(), 53);
        assert_eq!(all(peer).await, "5:OK 50,");
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_takes_the_work_away() {
        let (mut peer, serving, _drain) = start(None);
        peer.write_all(asked(&[50]).as_bytes()).await.unwrap();
        let started = Instant::now();
        drop(peer);
        assert_eq!(serving.await.unwrap(), End::Closed);
        assert_eq!(started.elapsed().as_secs(), 0);
    }
}
