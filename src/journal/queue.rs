//! What is on the disk and not yet in the database.

use std::collections::VecDeque;

use crate::journal::pending::{About, Pending};
use crate::journal::segment::Segment;
use crate::store::write_back::{Batch, Write};

/// Writes that are carried over together.
const CHUNK: u64 = 1000;

/// Everything that waits, segment by segment.
#[derive(Debug, Default)]
pub(super) struct Queue {
    segments: VecDeque<Waiting>,
    /// The same by account.
    pending: Pending,
    /// Octets on the disk.
    octets: u64,
    /// Whether a file is being removed.
    removing: bool,
}

/// A segment with what waits in it.
#[derive(Debug)]
struct Waiting {
    name: String,
    octets: u64,
    /// How far it was carried over, once the database has said so.
    position: Option<u64>,
    /// Of another process, until it is known from where on.
    inherited: Vec<Write>,
    chunks: VecDeque<Chunk>,
    /// Whether another process has written it.
    is_foreign: bool,
    /// The file, when nothing more is written into it.
    closed: Option<Segment>,
}

/// Some writes that follow one another, as one.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunk {
    pub(super) batch: Batch,
    pub(super) count: u64,
    about: Vec<About>,
}

/// What is to be done next.
#[derive(Debug)]
pub(super) enum Work {
    /// Ask how far this one was carried over.
    Locate(String),
    /// Carry over from this position.
    Carry(String, u64, Chunk),
    /// Everything in it is carried over.
    Remove(Segment),
}

impl Queue {
    /// Begins a segment that is written now.
    pub(super) fn begin(&mut self, name: &str) {
        self.segments.push_back(Waiting {
            name: name.to_owned(),
            octets: 0,
            position: None,
            inherited: Vec::new(),
            chunks: VecDeque::new(),
            is_foreign: false,
            closed: None,
        });
    }

    /// Takes a segment over with what stands in it.
    pub(super) fn inherit(&mut self, segment: Segment, writes: Vec<Write>) {
        for write in &writes {
            self.pending.inherit(write);
        }
        self.octets += segment.length();
        self.segments.push_back(Waiting {
            name: segment.name.clone(),
            octets: segment.length(),
            position: None,
            inherited: writes,
            chunks: VecDeque::new(),
            is_foreign: true,
            closed: Some(segment),
        });
    }

    /// Adds what was written into a segment that was begun.
    pub(super) fn add(&mut self, segment: &Segment, writes: &[Write]) {
        let Some(waiting) = self.segments.iter_mut().find(|one| one.name == segment.name) else {
            return;
        };
        self.octets += segment.length().saturating_sub(waiting.octets);
        waiting.octets = segment.length();
        for write in writes {
            self.pending.add(write);
            waiting.add(write);
        }
    }

    /// Nothing more is written into a segment.
    pub(super) fn close(&mut self, segment: Segment) {
        if let Some(waiting) = self.segments.iter_mut().find(|one| one.name == segment.name) {
            waiting.closed = Some(segment);
        }
    }

    /// What is to be done next, oldest first.
    pub(super) fn next(&mut self) -> Option<Work> {
        for (at, waiting) in self.segments.iter_mut().enumerate() {
            let busy = !waiting.chunks.is_empty() || !waiting.inherited.is_empty();
            match waiting.position {
                None if busy || waiting.closed.is_some() => {
                    return Some(Work::Locate(waiting.name.clone()));
                }
                Some(position) if busy => {
                    let chunk = waiting.chunks.front()?.clone();
                    return Some(Work::Carry(waiting.name.clone(), position, chunk));
                }
                Some(_) if waiting.closed.is_some() => {
                    let gone = self.segments.remove(at)?;
                    self.octets = self.octets.saturating_sub(gone.octets);
                    self.removing = true;
                    return gone.closed.map(Work::Remove);
                }
                _ => {}
            }
        }
        None
    }

    /// Whether something is to be done.
    pub(super) fn has_work(&self) -> bool {
        self.segments
            .iter()
            .any(|one| one.closed.is_some() || !one.chunks.is_empty() || !one.inherited.is_empty())
    }

    /// Whether something of another process may not be in the database yet.
    pub(super) fn inherits(&self) -> bool {
        self.segments
            .iter()
            .any(|one| one.is_foreign && !(one.inherited.is_empty() && one.chunks.is_empty()))
    }

    /// A segment was carried over so far.
    pub(super) fn located(&mut self, name: &str, position: u64) {
        let Some(waiting) = self.segments.iter_mut().find(|one| one.name == name) else { return };
        waiting.position = Some(position);
        let done = usize::try_from(position).unwrap_or(usize::MAX);
        for (number, write) in std::mem::take(&mut waiting.inherited).iter().enumerate() {
            if number >= done {
                waiting.add(write);
            } else if let Some(about) = About::of(write) {
                self.pending.done(about);
            }
        }
    }

    /// The oldest chunk of a segment was carried over.
    pub(super) fn carried(&mut self, name: &str, chunk: &Chunk) {
        let Some(waiting) = self.segments.iter_mut().find(|one| one.name == name) else { return };
        if let Some(position) = &mut waiting.position {
            *position += chunk.count;
        }
        for about in &chunk.about {
            self.pending.done(*about);
        }
        waiting.chunks.pop_front();
    }

    /// Somebody else, or a commit that nobody was told of, has moved the position.
    pub(super) fn moved(&mut self, name: &str, position: u64) {
        let Some(waiting) = self.segments.iter_mut().find(|one| one.name == name) else { return };
        while let (Some(from), Some(chunk)) = (waiting.position, waiting.chunks.front()) {
            if from + chunk.count > position {
                return;
            }
            let chunk = chunk.clone();
            waiting.position = Some(from + chunk.count);
            for about in &chunk.about {
                self.pending.done(*about);
            }
            waiting.chunks.pop_front();
        }
    }

    /// The file that was to be removed is gone, or stays.
    pub(super) fn removed(&mut self) {
        self.removing = false;
    }

    /// What waits, by account.
    pub(super) fn pending(&self) -> &Pending {
        &self.pending
    }

    /// Octets on the disk.
    pub(super) fn octets(&self) -> u64 {
        self.octets
    }

    pub(super) fn is_empty(&self) -> bool {
        self.segments.is_empty() && !self.removing
    }
}

impl Waiting {
    fn add(&mut self, write: &Write) {
        // The first chunk may be under way, so it stays as it is.
        if self.chunks.len() < 2 || self.chunks.back().is_none_or(|chunk| chunk.count >= CHUNK) {
            self.chunks.push_back(Chunk::default());
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.batch.push(write);
            chunk.count += 1;
            chunk.about.extend(About::of(write));
        }
    }
}
