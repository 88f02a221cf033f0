//! `tcp_table`: one table on one port, one line a request, one a reply.
//!
//! # Requests
//! `get SPACE key NEWLINE`. `put SPACE key SPACE value NEWLINE` is in the manual, too; it is
//! rejected.
//!
//! # Replies
//! `200 SPACE value`, `500 SPACE text` for not found, `400 SPACE text` for "cannot know now"; the
//! client then disconnects.
//!
//! # Encoding
//! `%XX` for the percent sign, spaces, control and non-ASCII bytes, both ways.
//!
//! # Limits
//! Postfix reads replies of at most 4096 bytes with the newline. Requests are read up to 200000
//! bytes, which holds the longest key a socketmap could carry, quoted.
//!
//! # Errors
//! Any other line, or a `%` without two digits, ends the connection.
//!
//! # See also
//! `tcp_table(5)`, Postfix `util/dict_tcp.c`

use bytes::{BufMut, BytesMut};
use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::combinator::{map, rest};
use nom::sequence::preceded;

use crate::protocol::line::Lines;
use crate::protocol::{Codec, ProtocolError, Reply, percent};

/// The longest request line that is read, in bytes.
pub const MAX_REQUEST: usize = 200_000;
/// The longest reply Postfix reads, in bytes with the newline.
pub const MAX_REPLY: usize = 4096;

/// The `tcp_table` protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct TcpTable {
    lines: Lines,
}

/// What a line asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Look this key up.
    Get(Vec<u8>),
    /// Store something, which no client of ours does.
    Put,
}

impl Codec for TcpTable {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let Some(line) = self.lines.take(input, MAX_REQUEST)? else { return Ok(None) };
        // People try the protocol with telnet(1), which ends lines with CR LF.
        parse(line.strip_suffix(b"\r").unwrap_or(&line)).map(Some)
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        let (code, text) = match reply {
            Reply::Found(value) if fits(reply) => ("200 ", value.as_str()),
            Reply::Found(_) => ("400 ", "value longer than a reply can be"),
            Reply::NotFound => ("500 ", "not found"),
            Reply::Temporary(reason) | Reply::Misconfigured(reason) => ("400 ", clip(reason)),
        };
        output.put_slice(code.as_bytes());
        percent::encode(text.as_bytes(), output);
        output.put_u8(b'\n');
    }
}

/// Whether Postfix would read this reply.
pub fn fits(reply: &Reply) -> bool {
    match reply {
        Reply::Found(value) => {
            "200 ".len() + percent::encoded_len(value.as_bytes()) + "\n".len() <= MAX_REPLY
        }
        _ => true,
    }
}

fn parse(line: &[u8]) -> Result<Request, ProtocolError> {
    let get =
        map(preceded(tag(&b"get "[..]), rest), |key: &[u8]| percent::decode(key).map(Request::Get));
    let put = map(preceded(tag(&b"put "[..]), rest), |_: &[u8]| Some(Request::Put));
    let parsed: nom::IResult<&[u8], _> = alt((get, put)).parse(line);
    match parsed {
        Ok((_, Some(request))) => Ok(request),
        _ => Err(ProtocolError::Malformed),
    }
}

/// Keeps a reason short enough for a reply even when every byte is quoted.
fn clip(reason: &str) -> &str {
    let mut end = reason.len().min(1000);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_requests_or_errors() {
        type Decoded = Result<Option<Request>, ProtocolError>;
        let get = |key: &[u8]| -> Decoded { Ok(Some(Request::Get(key.to_vec()))) };
        let table: &[(&[u8], Decoded)] = &[
            (b"get user@example.org\n", get(b"user@example.org")),
            (b"get user@example.org\r\n", get(b"user@example.org")),
            (b"get %22a%20b%22@example.org\n", get(b"\"a b\"@example.org")),
            (b"get a b\n", get(b"a b")),
            (b"get \n", get(b"")),
            (b"put a b\n", Ok(Some(Request::Put))),
            (b"get user", Ok(None)),
            (b"get\n", Err(ProtocolError::Malformed)),
            (b"GET a\n", Err(ProtocolError::Malformed)),
            (b"get 100%\n", Err(ProtocolError::Malformed)),
            (b"\n", Err(ProtocolError::Malformed)),
        ];
        for (line, expected) in table {
            let mut input = BytesMut::from(*line);
            let got = TcpTable::default().decode(&mut input);
            assert_eq!(got, *expected, "{:?}", line.escape_ascii().to_string());
        }
        let mut endless = BytesMut::from(&*vec![b'x'; MAX_REQUEST + 1]);
        let got = TcpTable::default().decode(&mut endless);
        assert_eq!(got, Err(ProtocolError::TooLong { limit: MAX_REQUEST }));
    }

    #[test]
    fn replies_stay_below_what_postfix_reads() {
        let table = [
            (Reply::Found("a b%ü".into()), "200 a%20b%25%C3%BC\n".to_owned()),
            (Reply::NotFound, "500 not%20found\n".to_owned()),
            (Reply::Temporary("no database".into()), "400 no%20database\n".to_owned()),
            (Reply::Found("x".repeat(4091)), format!("200 {}\n", "x".repeat(4091))),
            (
                Reply::Found("x".repeat(4092)),
                "400 value%20longer%20than%20a%20reply%20can%20be\n".to_owned(),
            ),
        ];
        for (reply, expected) in table {
            let mut output = BytesMut::new();
            TcpTable::default().encode(&reply, &mut output);
            assert!(output == expected.as_bytes(), "{reply:?}");
            assert!(output.len() <= MAX_REPLY);
        }
        let mut output = BytesMut::new();
        TcpTable::default().encode(&Reply::Temporary("ü".repeat(5000)), &mut output);
        assert!(output.len() <= MAX_REPLY);
    }
}
