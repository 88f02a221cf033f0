//! The auth client protocol: how Postfix and Dovecot's login processes let users in.
//!
//! # Requests
//! `VERSION 1 MINOR`, `CPID PID`, then any number of `AUTH ID MECHANISM PARAMETERS…`,
//! `CONT ID BASE64` and `CANCEL ID`, with a TAB where a space stands here. `resp=BASE64` is the
//! last parameter; `resp=` is an empty initial response, and no `resp` is none.
//!
//! # Replies
//! The server speaks first: `VERSION`, a `MECH` for each mechanism, `SPID`, `CUID`, `COOKIE`,
//! `DONE`. Then `OK ID user=NAME …`, `FAIL ID …` and `CONT ID BASE64`, in any order. Nothing answers
//! `CANCEL`.
//!
//! # Encoding
//! Values are escaped (NUL, 0x01, TAB, LF and CR as two bytes); messages are in base64.
//!
//! # Limits
//! Lines have at most 16384 bytes both ways; Postfix sends at most 12288 for SASL.
//!
//! # Errors
//! A request that cannot be read fails alone, since one connection carries the logins of many users.
//! Another major version, and a line without an end, end the connection.
//!
//! # See also
//! Dovecot `src/auth/auth-client-connection.c`, Postfix `src/xsasl/xsasl_dovecot_server.c`

mod reply;
mod request;

use bytes::{BufMut, BytesMut};

use crate::protocol::dovecot::{Cookie, VERSION};
use crate::protocol::line::Lines;
use crate::protocol::{Codec, ProtocolError};

pub use reply::{FailCode, Reply};
pub use request::{Auth, Fault, Request};

/// The longest line that is read or written, in bytes.
pub const MAX_LINE: usize = 16_384;

/// The auth client protocol.
#[derive(Clone, Debug)]
pub struct DovecotAuth {
    greeting: Greeting,
    lines: Lines,
}

/// What a server says of itself.
#[derive(Clone, Debug)]
pub struct Greeting {
    /// The mechanisms, at least one; their order is the one that clients show.
    pub mechanisms: Vec<Offer>,
    /// The process. The master socket has to announce the same, else Dovecot believes in a restart.
    pub server_pid: u32,
    /// The number of this connection.
    pub connection: u32,
    /// What fetches logins of this connection.
    pub cookie: Cookie,
}

/// A mechanism that a server offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its name, in capitals.
    pub name: &'static str,
    /// Its properties in Dovecot's words. A login process hides what is `plaintext` from
    /// connections without encryption, Postfix sorts by them, too.
    pub properties: &'static [&'static str],
}

impl DovecotAuth {
    /// A codec for one connection.
    pub fn new(greeting: Greeting) -> Self {
        Self { greeting, lines: Lines::default() }
    }

    /// What was said at the start.
    pub fn greeting(&self) -> &Greeting {
        &self.greeting
    }
}

impl Codec for DovecotAuth {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let line = self.lines.take(input, MAX_LINE)?;
        line.map(|line| Request::parse(&line)).transpose()
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        reply.encode(output);
    }

    /// Everything at once: Dovecot 2.4 would wait for the client's version, but Postfix waits for
    /// the server, and both take this.
    fn greeting(&mut self, output: &mut BytesMut) {
        let Greeting { mechanisms, server_pid, connection, cookie } = &self.greeting;
        let mut text = VERSION.to_owned();
        // Postfix takes an SPID before any MECH for the wrong socket.
        for Offer { name, properties } in mechanisms {
            text.extend(["MECH\t", name]);
            text.extend(properties.iter().flat_map(|property| ["\t", property]));
            text.push('\n');
        }
        output.put_slice(text.as_bytes());
        let text = format!("SPID\t{server_pid}\nCUID\t{connection}\nCOOKIE\t");
        output.put_slice(text.as_bytes());
        cookie.encode(output);
        output.put_slice(b"\nDONE\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greeting_has_the_order_that_postfix_needs() {
        let cookie = Cookie::parse(b"5a5adebb63274f9f0c1a2f3d98788c5b").unwrap();
        let mut codec = DovecotAuth::new(Greeting {
            mechanisms: vec![
                Offer { name: "PLAIN", properties: &["plaintext"] },
                Offer { name: "CRAM-MD5", properties: &["dictionary", "active"] },
                Offer { name: "X", properties: &[] },
            ],
            server_pid: 26463,
            connection: 1,
            cookie,
        });
        let mut output = BytesMut::new();
        Codec::greeting(&mut codec, &mut output);
        let expected = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tCRAM-MD5\tdictionary\tactive\n\
                        MECH\tX\nSPID\t26463\nCUID\t1\n\
                        COOKIE\t5a5adebb63274f9f0c1a2f3d98788c5b\nDONE\n";
        assert_eq!(std::str::from_utf8(&output).unwrap(), expected);
    }
}
