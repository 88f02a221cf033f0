//! Why a connection text was refused, in words that never carry a password.

use std::fmt;

/// A connection text, environment variable or service file that cannot be used.
///
/// `Display` says what, value and why in one line; [`hint`](Self::hint) says what to do. Values of
/// secret settings never enter it, and neither do the pieces of a text that may be part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnInfoError {
    message: String,
    hint: String,
}

impl ConnInfoError {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }

    /// What to do about it, for a line that starts with `hint:`.
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Display for ConnInfoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConnInfoError {}

/// The candidate that `text` was probably meant to be.
pub(super) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&text.to_ascii_lowercase(), candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, candidate)| candidate)
}
