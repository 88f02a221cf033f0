//! Sockets: who may connect, how many, how long, and how it all ends. No protocol knowledge.
//!
//! [`Listener`] takes connections, [`connection::serve`] is the one loop that reads, decodes, lets
//! a [`Handler`](crate::handler::Handler) answer, encodes and writes, for every protocol.

mod bind;
pub mod connection;
mod listener;
mod shutdown;

pub use bind::{Access, BindError, Bound, bind};
pub use listener::{Limits, Listener};
pub use shutdown::{Drain, Shutdown};
