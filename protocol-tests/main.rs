//! Tests through sockets, processes and real peers; see `README.md` beside this file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod conformance;
mod database;
mod dialogs;
mod support;
mod tls;
