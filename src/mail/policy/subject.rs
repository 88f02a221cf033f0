//! Stub.
use crate::mail::{Gid, Uid};
/// S
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// a
    Account(Uid),
    /// b
    Domain(Gid),
    /// c
    AppPassword(i64),
}
