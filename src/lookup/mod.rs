//! The questions that can be asked, and how they are resolved from the directory.

mod expansion;
pub mod explain;
mod login;
mod recipient;
mod resolver;
mod senders;
mod table;
pub mod trace;

pub use login::FoundAccount;
pub use recipient::{Ends, FoundRecipient};
pub use resolver::{Lookup, LookupError, Resolver, Value};
pub use table::{Key, Table};
