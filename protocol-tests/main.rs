//! Tests through sockets, processes and real peers; see `README.md` beside this file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod admin;
mod asking;
mod bad_config;
mod checkpassword;
mod command;
mod commands;
mod conformance;
mod connections;
mod database;
mod demo;
mod dialogs;
mod dict;
mod dovecot;
mod editing;
mod examples;
mod help;
mod journal;
mod logins;
mod orders;
mod outage;
mod passwords;
mod policy;
mod properties;
mod sasl;
mod support;
mod teaching;
mod telemetry;
mod tls;
mod vmm;
