//! Somebody who is told what comes next, and may stop it.

use crate::disk::DiskError;

/// What comes next. Between two steps everything on disk may be somebody else's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A directory above homes is opened or made.
    Descend,
    /// A home, or what remains of an earlier attempt, is opened.
    Open,
    /// A new directory is begun under a name of its own.
    Stage,
    /// A part of it is made.
    Fill,
    /// It gets its place, in one step.
    Place,
    /// A part of it is added to a home that exists already.
    Add,
    /// A directory disappears from its place, in one step.
    SetAside,
    /// A part of it is removed.
    Remove,
    /// What is left of it, an empty directory, is removed.
    RemoveTop,
    /// A file gets the group of another domain.
    Regroup,
    /// A file is copied to another file system.
    Copy,
    /// Everything is done except for writing it down on the disk.
    Flush,
    /// Dovecot is told to make a part of a mailbox.
    Dovecot,
    /// Everything is done except for noting it in the database.
    Settle,
}

/// Is told each step before it is taken.
pub trait Watch: Sync {
    /// Whether to go on.
    ///
    /// # Errors
    /// The operation ends here with this error.
    fn before(&self, step: Step) -> Result<(), DiskError>;
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn before(&self, _: Step) -> Result<(), DiskError> {
        Ok(())
    }
}
