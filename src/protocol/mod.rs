//! The wire formats: bytes to requests, replies to bytes. Pure: they know nothing of sockets, of
//! time, or of what the requests mean.

mod base64;
pub mod checkpassword;
pub mod control;
pub mod courier;
pub mod dovecot;
mod line;
mod netstring;
mod percent;
pub mod policy;
mod reply;
mod secret;
pub mod socketmap;
pub mod tcp_table;

use bytes::BytesMut;

pub use control::Control;
pub use courier::Courier;
pub use dovecot::{DovecotAuth, DovecotDict, DovecotMaster};
pub use policy::Policy;
pub use reply::Reply;
pub use secret::Secret;
pub use socketmap::Socketmap;
pub use tcp_table::TcpTable;

/// How one protocol turns bytes into requests and replies into bytes.
pub trait Codec {
    /// What a peer asks.
    type Request;
    /// What it is answered.
    type Reply;

    /// Takes the next request off the front of `input`, or `None` if it has not all arrived. How
    /// the bytes were cut into reads never matters.
    ///
    /// # Errors
    /// The bytes are no request and never will be: close the connection, for there is no telling
    /// where the next request starts.
    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Self::Request>, ProtocolError>;

    /// Appends a reply to `output`, whole.
    fn encode(&mut self, reply: &Self::Reply, output: &mut BytesMut);

    /// What the server says before it is asked; most protocols say nothing.
    fn greeting(&mut self, output: &mut BytesMut) {
        let _ = output;
    }
}

/// The bytes of a peer break the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// Not the form that the protocol prescribes.
    #[error("malformed request")]
    Malformed,
    /// Longer than any real client would send.
    #[error("request longer than {limit} bytes")]
    TooLong {
        /// The longest request that is read, in bytes.
        limit: usize,
    },
    /// A version that is not spoken here.
    #[error("a version of the protocol that is not spoken here")]
    Version,
}
