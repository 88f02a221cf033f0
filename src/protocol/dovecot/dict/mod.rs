//! The dict protocol: keys and values, for Dovecot's passdb and userdb of 2.3, for Lua scripts, for
//! quota and last logins.
//!
//! # Requests
//! The first letter says what is asked, fields follow with TABs between them. Nothing but the first
//! line is tied to a version: fields that it does not have are empty.
//!
//! | line | asks or says |
//! |---|---|
//! | `H MAJOR MINOR TYPE USER DICT` | the version (2, 3 or 4) and the name of the dict, once |
//! | `L KEY USER` | the value |
//! | `I FLAGS MAX-ROWS PATH USER` | keys and values below a path |
//! | `B ID USER EXPIRE` | a transaction begins |
//! | `S ID KEY VALUE`, `U ID KEY`, `A ID KEY DIFFERENCE`, `P ID KEY VALUE` | set, unset, add to a number, append |
//! | `T ID SECONDS NANOSECONDS`, `V ID yes\|no` | when it was written; whether logs may show values |
//! | `C ID`, `D ID`, `R ID` | commit, commit without waiting, roll back |
//!
//! # Replies
//! Only `L`, `I`, `C` and `D` have any: `O VALUE`, `M VALUES`, `N` not found, `F REASON`; rows
//! `O KEY VALUES…` and an empty line behind them; `O ID`, `N ID`, `F ID REASON`, `W ID REASON` for a
//! commit, with an `A` before it if nobody waits. They come in the order of the requests unless each
//! was announced as `*N`; then every line starts with `+N` and a TAB. Another letter crashes Dovecot
//! 2.3.19, so there are no others.
//!
//! # Encoding
//! Fields are escaped (NUL, 0x01, TAB, LF and CR as two bytes); several values in one, twice.
//!
//! # Limits
//! Requests have at most 65536 bytes, as in Dovecot; its clients read replies of any length. The
//! times that Dovecot's own server adds to replies are left out: they stand in log messages only.
//!
//! # Errors
//! What cannot be read ends the connection: without an id there is no telling which reply is whose.
//! Dovecot opens another.
//!
//! # See also
//! Dovecot `src/lib-dict/dict-client.h`, `src/dict/dict-commands.c`

mod iterate;
mod key;
mod reply;
mod request;
mod transaction;

use bytes::BytesMut;

use crate::protocol::line::Lines;
use crate::protocol::{Codec, ProtocolError};

pub use iterate::Iterate;
pub use key::{Key, LAST_LOGIN, USERDB};
pub use reply::{Answer, Outcome, Reply};
pub use request::{CommitKind, Hello, Request, Version};
pub use transaction::{Change, Transaction, Transactions};

/// The longest request, in bytes.
pub const MAX_LINE: usize = 65_536;

/// The dict protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct DovecotDict {
    lines: Lines,
}

impl Codec for DovecotDict {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let line = self.lines.take(input, MAX_LINE)?;
        line.map(|line| Request::parse(&line)).transpose()
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        reply.encode(output);
    }
}
