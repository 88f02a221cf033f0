//! The server's side of SASL: how a client says who it is (RFC 4422).
//!
//! Pure: messages go in and come out as bytes, without base64, and an [`Exchange`] says at each
//! [`Step`] what is to be done: send a message, verify a password, look up what is stored. Nothing
//! here knows accounts; random numbers are handed in.
//!
//! | mechanism | what has to be stored | specification |
//! |---|---|---|
//! | PLAIN, LOGIN | anything that verifies | RFC 4616, draft-murchison-sasl-login |
//! | CRAM-MD5 | the password, or CRAM-MD5 | RFC 2195 |
//! | SCRAM-SHA-1, SCRAM-SHA-256 | SCRAM with the same function | RFC 5802, RFC 7677 |
//!
//! Nobody may act as somebody else: an authorization identity is accepted when it is the name
//! itself. Channel binding needs the TLS connection, which ends in another process, so the `-PLUS`
//! mechanisms are not offered.

mod cram_md5;
mod exchange;
mod mechanism;
mod nonce;
mod plain;
mod scram;

pub use cram_md5::read as cram_md5_response;
pub use exchange::{Credentials, Exchange, Step};
pub use mechanism::Mechanism;
pub use nonce::Nonce;

/// Why an exchange ends before it is known whether the client is who it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaslError {
    /// The client insists on channel binding.
    #[error("channel binding is not possible here")]
    ChannelBinding,
    /// Not what the mechanism prescribes, or no UTF-8.
    #[error("malformed message")]
    Malformed,
    /// The client wants to act as somebody else.
    #[error("nobody may act as somebody else")]
    OtherIdentity,
}

/// A name that a client sent: some UTF-8 without control characters.
fn name(bytes: &[u8]) -> Result<String, SaslError> {
    let name = std::str::from_utf8(bytes).map_err(|_| SaslError::Malformed)?;
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(SaslError::Malformed);
    }
    Ok(name.to_owned())
}
