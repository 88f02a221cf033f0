//! Carries out what the queue of orders asks of the file system.
//!
//! [`Worker`] takes one order after the other: those of one account in their order, those that
//! failed again after a pause. Any number of workers may run, on any number of machines that see
//! the disk; a claim in the database keeps them apart. `postcote orders run` is one of them,
//! [`serve()`] is one inside the daemon.

mod backoff;
mod doveadm;
mod execute;
pub mod report;
mod serve;
mod worker;

pub use backoff::{TRIES, pause};
pub use serve::{KEEP, serve};
pub use worker::{Ran, Stop, Worker};
