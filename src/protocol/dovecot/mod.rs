//! The protocols of Dovecot: lines of fields between TABs.

pub mod auth;
mod cookie;
pub mod dict;
mod fields;
pub mod master;
mod parameters;
mod tab;

use crate::protocol::ProtocolError;

pub use auth::DovecotAuth;
pub use cookie::Cookie;
pub use dict::DovecotDict;
pub use fields::Fields;
pub use master::DovecotMaster;
pub use parameters::{Parameters, Peer};

/// The version that auth and master sockets announce: what Dovecot 2.3 says. From 1.4 on a client
/// waits for an answer to `CANCEL`.
const VERSION: &str = "VERSION\t1\t2\n";

/// Reads the fields of a client's `VERSION`: its minor version.
fn minor_version<'a>(mut fields: impl Iterator<Item = &'a [u8]>) -> Result<u32, ProtocolError> {
    match (fields.next(), fields.next().and_then(tab::number)) {
        (Some(b"1"), Some(minor)) => Ok(minor),
        _ => Err(ProtocolError::Version),
    }
}
