//! Sockets: who may connect, how many, how long, and how it all ends. No protocol knowledge.
//!
//! [`Listener`] takes connections, [`connection::serve`] is the one loop that reads, decodes, lets
//! a [`Handler`](crate::handler::Handler) answer, encodes and writes, for every protocol in which
//! one reply follows one request. [`conversation::converse`] does so for those in which a
//! [`Session`](crate::handler::Session) has several requests under way.

mod bind;
pub mod connection;
pub mod conversation;
mod kept;
mod listener;
mod passed;
mod shutdown;

pub use bind::{Access, BindError, Bound, bind};
pub use kept::Kept;
pub use listener::{Limits, Listener};
pub use passed::Passed;
pub use shutdown::{Drain, Shutdown};
