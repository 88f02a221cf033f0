//! Homes on disk, touched so that nobody who owns a part of them can lead us astray.
//!
//! The worker has the rights to write anywhere; the owner of a home may exchange any part of it at
//! any moment. So everything starts at a descriptor of the base directory and goes down component
//! by component; a component that is a symbolic link ends it. After a check only the descriptor
//! that was checked is used, never its path again. What is made is made under a name of its own in
//! a directory that belongs to root, and appears in one step; what is removed disappears in one
//! step and is taken apart afterwards.
//!
//! Each operation may be interrupted anywhere, by `kill -9`, too: done again, it goes on from what
//! it finds and ends in the same state.

mod create;
mod delete;
mod directory;
mod error;
mod location;
mod mailbox;
mod mirror;
mod relocate;
mod remove;
mod watch;

pub use create::create;
pub use delete::{Deleted, delete, delete_domain};
pub use error::DiskError;
pub use location::{Base, Owner};
pub use mailbox::Skeleton;
pub use relocate::{Move, Moved, relocate};
pub use watch::{Step, Unwatched, Watch};

/// Whether this process may work on homes of others: `CAP_CHOWN`, `CAP_DAC_OVERRIDE` and
/// `CAP_FOWNER`. If not, the names of those that are missing.
pub fn missing_rights() -> Vec<&'static str> {
    use rustix::thread::{CapabilitySet, capabilities};
    let has = capabilities(None).map_or(CapabilitySet::empty(), |sets| sets.effective);
    [
        (CapabilitySet::CHOWN, "CAP_CHOWN"),
        (CapabilitySet::DAC_OVERRIDE, "CAP_DAC_OVERRIDE"),
        (CapabilitySet::FOWNER, "CAP_FOWNER"),
    ]
    .into_iter()
    .filter(|(right, _)| !has.contains(*right))
    .map(|(_, name)| name)
    .collect()
}
