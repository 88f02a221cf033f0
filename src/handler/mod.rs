//! From a request to its reply: the only place that sees both the wire and the meaning.

mod control;
mod courier;
pub mod dovecot;
mod notes;
mod policy;
mod session;
mod table;
mod users;

use crate::protocol::Codec;

pub use control::{ControlHandler, EXPLAIN, LoggedIn};
pub use courier::{CourierService, CourierSession};
pub use notes::Notes;
pub use policy::{POLICY, PolicyHandler, Trial, TriedRule};
pub use session::{Caller, Flow, Replies, Session, Taken};
pub use table::{SocketmapHandler, TableAnswers, TcpTableHandler, now};
pub use users::{AllUsers, Pages};

/// Answers the requests of one protocol. A handler never fails: every failure has a reply.
pub trait Handler<C: Codec>: Send + Sync + 'static {
    /// The reply to a request.
    fn handle(&self, request: C::Request) -> impl Future<Output = C::Reply> + Send;
}
