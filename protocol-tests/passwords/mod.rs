//! Stored passwords: those that others made verify, those that postcote makes are taken by Dovecot.

mod costs;
mod garbage;
mod round_trips;
pub(crate) mod vectors;
