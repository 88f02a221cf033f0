//! What the policy service knows from one question to the next: what was sent, to whom, and who has
//! come back.

mod acquaintances;
mod counters;
mod greylist;
mod ledger;
mod poller;
mod reader;
mod upkeep;
mod windowing;

pub use acquaintances::Acquaintances;
pub use counters::Room;
pub use greylist::Greylist;
pub use ledger::{Clock, Ledger, LedgerSettings};
pub use reader::{Reader, Unavailable};
pub use windowing::Windowing;
