//! What a lookup table answers, in socketmap and in `tcp_table` alike.

/// The reply to a lookup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The key exists, with this value; never empty.
    Found(String),
    /// The key does not exist.
    NotFound,
    /// Cannot be known now, and why. Postfix defers the mail and loses nothing.
    Temporary(String),
    /// The administrator must edit a file, and why. Postfix answers 451 4.3.5 and tells postmaster.
    Misconfigured(String),
}
