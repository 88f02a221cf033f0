//! Connections that remember something, and on which several requests are under way at once.

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::protocol::{Codec, ProtocolError};

/// One connection: takes requests in, in the order of their arrival, and sends replies in any.
pub trait Session<C: Codec>: Send {
    /// How many requests may be under way at once; the next ones are not read until then. One
    /// keeps the order of the replies.
    const AT_ONCE: usize;

    /// Takes in a request.
    ///
    /// # Errors
    /// The peer breaks the protocol in a way that leaves nothing to be answered: the connection is
    /// closed.
    fn take(
        &mut self,
        request: C::Request,
        replies: &Replies<C::Reply>,
    ) -> Result<Taken<C::Reply>, ProtocolError>;

    /// What another process has to know to go on with this connection between two requests, in
    /// letters, digits and dots; `None` if it cannot, or if its clients do well without.
    fn state(&self) -> Option<&'static str> {
        None
    }
}

/// A session that is looked at afterwards.
impl<C: Codec, S: Session<C>> Session<C> for &mut S {
    const AT_ONCE: usize = S::AT_ONCE;

    fn take(
        &mut self,
        request: C::Request,
        replies: &Replies<C::Reply>,
    ) -> Result<Taken<C::Reply>, ProtocolError> {
        S::take(self, request, replies)
    }

    fn state(&self) -> Option<&'static str> {
        S::state(self)
    }
}

/// What comes of a request.
pub enum Taken<R> {
    /// No reply, and nothing to be done.
    Nothing,
    /// A reply at once.
    Reply(R),
    /// Work that goes on beside that on other requests, sends replies, and is dropped when the
    /// connection ends.
    Work(BoxFuture<'static, Flow>),
}

/// What becomes of the connection when some work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It is closed, with what was sent before.
    Close,
    /// It goes on.
    Open,
}

/// Where the replies of a connection go. Cheap to clone.
pub struct Replies<R>(mpsc::Sender<R>);

impl<R> Replies<R> {
    /// How many replies wait to be written before work has to wait, too.
    const WAITING: usize = 64;

    /// Where replies go, and where they come out.
    pub fn new() -> (Self, mpsc::Receiver<R>) {
        let (sender, receiver) = mpsc::channel(Self::WAITING);
        (Self(sender), receiver)
    }

    /// Sends a reply; waits while the peer does not read.
    pub async fn send(&self, reply: R) {
        // Without a connection there is nobody to tell.
        let _ = self.0.send(reply).await;
    }
}

impl<R> Clone for Replies<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// The process at the other end, as the kernel knows it; nothing of a TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Its user.
    pub uid: Option<u32>,
    /// Its process.
    pub pid: Option<u32>,
}
