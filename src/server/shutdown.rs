//! How the daemon ends: everybody is told, and everybody's end is waited for.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{mpsc, watch};

/// Held by every task that must end before the daemon does.
#[derive(Clone, Debug)]
pub struct Shutdown {
    told: watch::Receiver<bool>,
    /// Dropped with the task; when the last one is gone, the drain is complete.
    alive: mpsc::Sender<()>,
}

/// The side that tells.
#[derive(Debug)]
pub struct Drain {
    tell: watch::Sender<bool>,
    alive: mpsc::Receiver<()>,
}

impl Shutdown {
    /// A pair of the side that waits and the side that tells.
    pub fn new() -> (Self, Drain) {
        let (tell, told) = watch::channel(false);
        let (sender, alive) = mpsc::channel(1);
        (Self { told, alive: sender }, Drain { tell, alive })
    }

    /// Ends when the daemon is to end; the task that holds it counts as alive meanwhile.
    pub fn told(self) -> Told {
        let Self { mut told, alive } = self;
        let flag = told.clone();
        let waiting = async move {
            // A teller that is gone has told, too.
            let _ = told.wait_for(|told| *told).await;
        };
        Told { flag, waiting: waiting.boxed(), registered: None, _alive: alive }
    }
}

/// The wait for the end. Cheap to poll again and again beside something else: polling the channel
/// takes a lock that all waiting tasks share, so it is polled once for each waker only.
pub struct Told {
    flag: watch::Receiver<bool>,
    waiting: BoxFuture<'static, ()>,
    registered: Option<Waker>,
    /// The end is waited for as long as this lives, also when the wait itself is over.
    _alive: mpsc::Sender<()>,
}

impl Future for Told {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // This handle never marks the value as seen, so it has changed for good.
        if !matches!(self.flag.has_changed(), Ok(false)) {
            return Poll::Ready(());
        }
        if self.registered.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            return Poll::Pending;
        }
        self.registered = Some(context.waker().clone());
        self.waiting.poll_unpin(context)
    }
}

impl Drain {
    /// Tells every task to end and waits for them, at most this long. Says whether all ended.
    pub async fn drain(mut self, at_most: Duration) -> bool {
        self.tell.send_replace(true);
        tokio::time::timeout(at_most, self.alive.recv()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_is_waited_for_until_it_has_ended() {
        let (shutdown, drain) = Shutdown::new();
        let mut told = shutdown.told();
        assert!((&mut told).now_or_never().is_none());
        let draining = drain.drain(Duration::from_secs(20));
        tokio::pin!(draining);
        assert!((&mut draining).now_or_never().is_none(), "somebody is alive");
        told.await;
        assert!(draining.await, "and has ended");
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_not_waited_for_for_ever() {
        let (shutdown, drain) = Shutdown::new();
        let _told = shutdown.told();
        assert!(!drain.drain(Duration::from_secs(20)).await);
    }
}
