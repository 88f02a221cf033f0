//! How the daemon ends: everybody is told, and everybody's end is waited for.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// Held by every task that must end before the daemon does.
#[derive(Clone, Debug)]
pub struct Shutdown {
    told: watch::Receiver<bool>,
    /// Dropped with the task; when the last one is gone, the drain is complete.
    _alive: mpsc::Sender<()>,
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
        (Self { told, _alive: sender }, Drain { tell, alive })
    }

    /// Ends when the daemon is to end; the task that holds it counts as alive meanwhile.
    pub async fn told(mut self) {
        // A teller that is gone has told, too.
        let _ = self.told.wait_for(|told| *told).await;
    }
}

impl Drain {
    /// Tells every task to end and waits for them, at most this long. Says whether all ended.
    pub async fn drain(mut self, at_most: Duration) -> bool {
        self.tell.send_replace(true);
        tokio::time::timeout(at_most, self.alive.recv()).await.is_ok()
    }
}
