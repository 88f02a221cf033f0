//! postcote answers every question Postfix and Dovecot ask about virtual mail.

pub mod admin;
pub mod cache;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod directory;
pub mod exit;
pub mod handler;
pub mod lookup;
pub mod mail;
pub mod protocol;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod terminal;
