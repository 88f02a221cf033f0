//! The demo.

use std::path::Path;

use crate::exit::{Exit, Failure};

/// Runs the demo in a directory until it is told to stop.
///
/// # Errors
/// What keeps it from running.
pub fn run(_dir: Option<&Path>) -> Result<(), Failure> {
    Err(Failure::new(Exit::Unavailable, "not available in this version"))
}
