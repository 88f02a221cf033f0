//! The file system: what orders make, move and delete, as root, in real directories.
//!
//! Only root can give files away, so for an ordinary user these tests are not run and say so; what
//! does not need root, such as the back-off, is tested beside its code.

mod crash;
mod create;
mod delete;
mod dovecot;
mod mailboxes;
mod namespace;
mod race;
mod relocate;
mod site;
mod transcript;

use std::time::{Duration, Instant};

/// Waits until something is true.
async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
