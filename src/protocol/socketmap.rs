//! socketmap: any number of tables on one socket, one netstring a request, one a reply.
//!
//! # Requests
//! `LENGTH:TABLE KEY,`. The key is everything after the first space; it may hold spaces and quotes.
//! Postfix has one request under way per connection.
//!
//! # Replies
//! `OK value`, `NOTFOUND `, `TEMP reason`, `PERM reason`, each as one netstring. `OK` without a
//! value means different things to different versions of Postfix and is never sent.
//!
//! # Encoding
//! Keys and values are UTF-8 without quoting.
//!
//! # Limits
//! Postfix reads replies of at most 100000 bytes. Requests are read up to 65536 bytes; Postfix 3.12
//! sends at most 10000, older ones what an SMTP command line can carry.
//!
//! # Errors
//! A malformed netstring ends the connection: where the next request starts is unknown, and a
//! reply out of step would be taken as the answer to another question.
//!
//! # See also
//! `socketmap_table(5)`, Postfix `util/dict_sockmap.c`

use bytes::{Buf, BufMut, BytesMut};

use crate::protocol::{Codec, ProtocolError, Reply, netstring};

/// The longest request that is read, in bytes of the netstring's payload.
pub const MAX_REQUEST: usize = 65_536;
/// The longest reply Postfix reads, in bytes of the netstring's payload.
pub const MAX_REPLY: usize = 100_000;

/// The socketmap protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct Socketmap;

/// A table name and a key, as they arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    payload: Vec<u8>,
    space: usize,
}

impl Request {
    /// A request for a key in a table.
    pub fn new(table: &str, key: &[u8]) -> Self {
        let payload = [table.as_bytes(), b" ", key].concat();
        Self { payload, space: table.len() }
    }

    /// The table's name.
    pub fn table(&self) -> &[u8] {
        self.payload.get(..self.space).unwrap_or_default()
    }

    /// The key; empty if there is none.
    pub fn key(&self) -> &[u8] {
        self.payload.get(self.space + 1..).unwrap_or_default()
    }
}

impl Codec for Socketmap {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let Some((payload, taken)) = netstring::parse(input, MAX_REQUEST)? else { return Ok(None) };
        let space = memchr::memchr(b' ', payload).unwrap_or(payload.len());
        let request = Request { payload: payload.to_vec(), space };
        input.advance(taken);
        Ok(Some(request))
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        let (word, text) = match reply {
            Reply::Found(value) if fits(reply) => ("OK ", value.as_str()),
            Reply::Found(_) => ("TEMP ", "value longer than a reply can be"),
            Reply::NotFound => ("NOTFOUND ", ""),
            Reply::Temporary(reason) => ("TEMP ", reason.as_str()),
            Reply::Misconfigured(reason) => ("PERM ", reason.as_str()),
        };
        write(output, word, text);
    }
}

impl Socketmap {
    /// Appends a request: the client's side of the protocol.
    pub fn encode_request(request: &Request, output: &mut BytesMut) {
        output.put_slice(request.payload.len().to_string().as_bytes());
        output.put_u8(b':');
        output.put_slice(&request.payload);
        output.put_u8(b',');
    }

    /// Takes a reply off the front of `input`, or `None` if it has not all arrived.
    ///
    /// # Errors
    /// The bytes are no reply.
    pub fn decode_reply(input: &mut BytesMut) -> Result<Option<Reply>, ProtocolError> {
        let Some((payload, taken)) = netstring::parse(input, MAX_REPLY)? else { return Ok(None) };
        let text = std::str::from_utf8(payload).map_err(|_| ProtocolError::Malformed)?;
        let (word, text) = text.split_once(' ').unwrap_or((text, ""));
        let reply = match word {
            "OK" if !text.is_empty() => Reply::Found(text.to_owned()),
            "NOTFOUND" => Reply::NotFound,
            "TEMP" | "TIMEOUT" => Reply::Temporary(text.to_owned()),
            "PERM" => Reply::Misconfigured(text.to_owned()),
            _ => return Err(ProtocolError::Malformed),
        };
        input.advance(taken);
        Ok(Some(reply))
    }
}

/// Whether Postfix would read this reply.
pub fn fits(reply: &Reply) -> bool {
    match reply {
        Reply::Found(value) => "OK ".len() + value.len() <= MAX_REPLY,
        _ => true,
    }
}

/// The digits of the length are written without an allocation: this is the hottest path there is.
fn write(output: &mut BytesMut, word: &str, text: &str) {
    let length = word.len() + text.len();
    output.reserve(length + 8);
    let mut divisor = 1;
    while length / divisor >= 10 {
        divisor *= 10;
    }
    while divisor > 0 {
        output.put_u8(b'0' + u8::try_from(length / divisor % 10).unwrap_or_default());
        divisor /= 10;
    }
    output.put_u8(b':');
    output.put_slice(word.as_bytes());
    output.put_slice(text.as_bytes());
    output.put_u8(b',');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_written_as_postfix_reads_them() {
        let table = [
            (Reply::Found("value".into()), "8:OK value,".to_owned()),
            (Reply::NotFound, "9:NOTFOUND ,".to_owned()),
            (Reply::Temporary("later".into()), "10:TEMP later,".to_owned()),
            (Reply::Misconfigured("no such table".into()), "18:PERM no such table,".to_owned()),
            (Reply::Found("x".repeat(MAX_REPLY - 3)), format!("100000:OK {},", "x".repeat(99_997))),
            (
                Reply::Found("x".repeat(MAX_REPLY - 2)),
                "37:TEMP value longer than a reply can be,".to_owned(),
            ),
        ];
        for (reply, expected) in table {
            let mut output = BytesMut::new();
            Socketmap.encode(&reply, &mut output);
            assert!(output == expected.as_bytes(), "{reply:?}");
        }
    }

    #[test]
    fn the_key_starts_after_the_first_space() {
        let table: &[(&[u8], &[u8], &[u8])] = &[
            (b"transport_maps a b@example.org", b"transport_maps", b"a b@example.org"),
            (b"transport_maps ", b"transport_maps", b""),
            (b"transport_maps", b"transport_maps", b""),
            (b"", b"", b""),
            (b" key", b"", b"key"),
        ];
        for (payload, table, key) in table {
            let mut input = BytesMut::new();
            input.extend_from_slice(format!("{}:", payload.len()).as_bytes());
            input.extend_from_slice(payload);
            input.extend_from_slice(b",");
            let request = Socketmap.decode(&mut input).unwrap().unwrap();
            assert_eq!((request.table(), request.key()), (*table, *key));
            assert!(input.is_empty());
        }
    }
}
