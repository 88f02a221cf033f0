//! Wiring.

use crate::config::{Config, Source};
use crate::exit::{Exit, Failure};
use crate::lookup::explain::Explanation;

fn missing() -> Failure {
    Failure::new(Exit::Unavailable, "not available in this version")
}

/// Serves until it is told to stop; `source` is where a reload reads the configuration again.
///
/// # Errors
/// What keeps it from serving.
pub fn serve(_config: Config, _source: &Source) -> Result<(), Failure> {
    Err(missing())
}

/// Applies what is missing of `migrations/`, and tells what was done.
///
/// # Errors
/// The database cannot be reached or refuses.
pub fn migrate(_config: &Config) -> Result<String, Failure> {
    Err(missing())
}

/// Tells which migrations the database has.
///
/// # Errors
/// The database cannot be reached.
pub fn status(_config: &Config) -> Result<String, Failure> {
    Err(missing())
}

/// Explains an address from PostgreSQL, without the daemon.
///
/// # Errors
/// The database cannot be reached.
pub fn explain_from_database(_config: &Config, _address: &str) -> Result<Explanation, Failure> {
    Err(missing())
}
