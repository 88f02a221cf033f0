//! What the policy service knows from one question to the next.

mod counters;
mod ledger;
mod poller;
mod windowing;

pub use counters::Room;
pub use ledger::{Clock, Ledger, LedgerSettings};
pub use windowing::Windowing;
