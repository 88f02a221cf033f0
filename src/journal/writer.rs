//! Puts writes on the disk, those that wait together with one sync.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::journal::segment::Segment;
use crate::journal::{Shared, WriteError};
use crate::store::write_back::Write;
use crate::telemetry::log;

/// A write that waits for its acknowledgement.
pub(super) type Waiting = (Write, oneshot::Sender<Result<(), WriteError>>);

/// Writes that go to the disk together.
const MOST: usize = 1000;
/// A file grows to so many octets.
const SEGMENT: u64 = 1024 * 1024;
/// All files together; what comes then is refused.
const JOURNAL: u64 = 64 * 1024 * 1024;

/// Writes for as long as somebody may ask to. Blocks, so it needs a thread.
pub(super) fn run(directory: &Path, shared: &Arc<Shared>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut writer = Writer { directory: directory.to_owned(), shared, segment: None };
    let mut together = Vec::with_capacity(MOST);
    while waiting.blocking_recv_many(&mut together, MOST) > 0 {
        let (asked, askers): (Vec<_>, Vec<_>) = together.drain(..).unzip();
        let outcome = writer.write(&asked);
        for asker in askers {
            // Whoever asked may have gone; what is written stays written.
            let _ = asker.send(outcome.clone());
        }
    }
    writer.close();
    shared.end();
}

struct Writer<'a> {
    directory: PathBuf,
    shared: &'a Shared,
    /// The file that is written now.
    segment: Option<Segment>,
}

impl Writer<'_> {
    fn write(&mut self, writes: &[Write]) -> Result<(), WriteError> {
        if self.shared.queue().octets() >= JOURNAL {
            return Err(WriteError::new("the journal is full: the database was away for too long"));
        }
        self.append(writes).map_err(|error| {
            self.close();
            log::journal_failed(&self.directory, &error);
            WriteError::new(format!("the journal cannot be written: {error}"))
        })
    }

    fn append(&mut self, writes: &[Write]) -> io::Result<()> {
        if self.segment.as_ref().is_some_and(|segment| segment.length() >= SEGMENT) {
            self.close();
        }
        let segment = match &mut self.segment {
            Some(segment) => segment,
            none => {
                let segment = Segment::create(&self.directory)?;
                self.shared.queue().begin(&segment.name);
                none.insert(segment)
            }
        };
        segment.append(writes.iter())?;
        // Before anybody is told: who reads after that must find it waiting.
        self.shared.queue().add(segment, writes);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    fn close(&mut self) {
        if let Some(segment) = self.segment.take() {
            self.shared.queue().close(segment);
            self.shared.changed.notify_waiters();
        }
    }
}
