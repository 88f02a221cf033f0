//! Tests of the built parts against each other and against real peers.
#![expect(clippy::unwrap_used, reason = "tests")]

mod database;
mod support;
