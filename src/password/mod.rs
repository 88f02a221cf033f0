//! Makes and verifies stored passwords, in every scheme that Dovecot 2.3 and 2.4 know.
//!
//! Pure but for the system's random numbers: no files, no clock, no `async`. [`verify()`] and
//! [`hash()`] compute for up to some seconds and take up to a gigabyte if the hash wants it, so
//! asynchronous callers put them on a thread of their own; everything here is `Send`.
//!
//! The algorithms are libraries'. What stands here is what the text of a hash means. How a hash was
//! made is read first, and refused if computing it would cost more than [`mod@cost`] allows: a row of
//! the database cannot stop a server.
//!
//! # See also
//!
//! Names and forms are those of `doveadm pw`; crypt(5) describes what `{CRYPT}` holds.

mod argon2;
pub mod cost;
mod cram_md5;
mod crypt;
mod data;
mod digest;
mod error;
mod hash;
mod otp;
mod pbkdf2;
mod plain;
pub mod random;
mod scram;
mod stored;
mod weakness;

pub use cost::Cost;
pub use cram_md5::CramMd5Context;
pub use error::{HashError, VerifyError};
pub use hash::hash;
pub use plain::plain_text;
pub use scram::{ScramHash, ScramKeys};
pub use stored::{cost, verify};
pub use weakness::{is_refused_by_dovecot_24, method, weakness};
