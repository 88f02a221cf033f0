//! The auth master protocol: what LMTP, doveadm and mail processes ask about users.
//!
//! # Requests
//! `VERSION 1 MINOR`, then, with a TAB where a space stands here:
//!
//! | request | asks |
//! |---|---|
//! | `USER ID NAME PARAMETERS…` | where a user's mail is (userdb) |
//! | `PASS ID NAME PARAMETERS…` | whether a user may log in (passdb) |
//! | `LIST ID [user=MASK] PARAMETERS…` | all users |
//! | `REQUEST ID PID AUTH-ID COOKIE PARAMETERS…` | about the login that was made on an auth socket |
//! | `CACHE-FLUSH ID [NAME…]` | to forget what was remembered of users |
//!
//! # Replies
//! The server speaks first: `VERSION`, `SPID`. Then `USER ID NAME FIELDS…`, `PASS ID user=NAME
//! FIELDS…`, `NOTFOUND ID`, `FAIL ID [reason=TEXT]`, any number of `LIST ID NAME` with `DONE ID `
//! behind them, `OK ID COUNT`.
//!
//! # Encoding
//! Values are escaped (NUL, 0x01, TAB, LF and CR as two bytes).
//!
//! # Limits
//! Clients read lines of at most 8192 bytes. Requests are read up to as many; Dovecot itself reads
//! 1024.
//!
//! # Errors
//! A request that cannot be read fails alone. Another major version, and a line without an end, end
//! the connection.
//!
//! # See also
//! Dovecot `src/auth/auth-master-connection.c`, `src/lib-auth-client/auth-master.c`

mod reply;
mod request;

use bytes::{BufMut, BytesMut};

use crate::protocol::dovecot::VERSION;
use crate::protocol::line::Lines;
use crate::protocol::{Codec, ProtocolError};

pub use reply::Reply;
pub use request::Request;

/// The longest line that is read or written, in bytes.
pub const MAX_LINE: usize = 8192;

/// The auth master protocol.
#[derive(Clone, Copy, Debug)]
pub struct DovecotMaster {
    server_pid: u32,
    is_greeted: bool,
    lines: Lines,
}

impl DovecotMaster {
    /// A codec for one connection to the process that auth sockets announce, too.
    pub fn new(server_pid: u32) -> Self {
        Self { server_pid, is_greeted: false, lines: Lines::default() }
    }

    /// A codec for a connection on which the greeting was said before.
    pub fn greeted(server_pid: u32) -> Self {
        Self { is_greeted: true, ..Self::new(server_pid) }
    }
}

impl Codec for DovecotMaster {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let line = self.lines.take(input, MAX_LINE)?;
        line.map(|line| Request::parse(&line)).transpose()
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        reply.encode(output);
    }

    /// A `CUID` here would make clients say that this is the wrong socket.
    fn greeting(&mut self, output: &mut BytesMut) {
        if !self.is_greeted {
            output.put_slice(format!("{VERSION}SPID\t{}\n", self.server_pid).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_names_the_process() {
        let table: [(_, &[u8]); 2] = [
            (DovecotMaster::new(26463), b"VERSION\t1\t2\nSPID\t26463\n"),
            (DovecotMaster::greeted(26463), b""),
        ];
        for (mut codec, expected) in table {
            let mut output = BytesMut::new();
            codec.greeting(&mut output);
            assert_eq!(&output[..], expected, "{codec:?}");
        }
    }
}
