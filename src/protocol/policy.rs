//! Postfix's SMTPD access policy delegation: what smtpd(8) may do next.
//!
//! # Requests
//! Lines `NAME=VALUE`, in any order, then an empty line. The first is usually
//! `request=smtpd_access_policy`, which has to be among them. Names that are not known here are
//! passed over, for every version of Postfix adds some.
//!
//! # Replies
//! `action=ACTION`, as in access(5), then an empty line: exactly one for each request.
//!
//! # Encoding
//! None: a value cannot have a newline, and is whatever the client said. `sender` and `recipient`
//! come in the client's case, without quotes, and before any alias is looked up.
//!
//! # Limits
//! A request has at most [`MAX_REQUEST`] bytes. Replies have at most 512 bytes, since smtpd(8) makes
//! one line of SMTP of them.
//!
//! # Errors
//! A line without `=`, an attribute that stands there twice, a number or a state that is none, and a
//! request of another kind end the connection: smtpd(8) then does what its `default_action` says, so that a
//! request that nobody understands is never permitted by accident. Lines that end with CR LF make no
//! empty line and so no request, as for Postfix itself.
//!
//! # See also
//! Postfix `SMTPD_POLICY_README`, `smtpd_check.c`; access(5)

use core::fmt;
use core::net::IpAddr;

use bytes::{BufMut, BytesMut};
use memchr::memmem;
use nom::Parser;
use nom::bytes::complete::{tag, take_till1, take_until};
use nom::combinator::all_consuming;
use nom::multi::fold_many1;
use nom::sequence::{separated_pair, terminated};

use crate::protocol::{Codec, ProtocolError};

/// The longest request that is read, in bytes. smtpd(8) sends some thirty attributes, the longest of
/// which come from a line of SMTP or a certificate.
pub const MAX_REQUEST: usize = 100_000;
/// The longest text behind an action, in bytes.
pub const MAX_TEXT: usize = 400;

const END: &[u8] = b"\n\n";

/// The policy protocol.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy {
    /// How many bytes were searched for an end already.
    searched: usize,
}

/// What smtpd(8) tells of the session, as far as it is looked at here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Where in the session it asks.
    pub state: State,
    /// The client's address; `None` if Postfix does not know it.
    pub client: Option<IpAddr>,
    /// The client's name, verified by DNS; empty or `unknown` if there is none.
    pub client_name: Value,
    /// What the client calls itself.
    pub helo: Value,
    /// The envelope sender; empty for bounces and as long as there is none.
    pub sender: Value,
    /// The recipient; at DATA and END-OF-MESSAGE only if there is exactly one.
    pub recipient: Value,
    /// How many recipients were accepted; zero before DATA.
    pub recipient_count: u32,
    /// The same for all questions about one message; empty before RCPT.
    pub instance: Value,
    /// Octets: as announced, and at END-OF-MESSAGE as they are.
    pub size: u64,
    /// Who has logged in; empty if nobody has.
    pub login: Value,
    /// What the restriction list says of itself, `policy_context=`.
    pub context: Value,
}

/// The value of an attribute, whatever the client said.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Value(Box<[u8]>);

/// Where in the session smtpd(8) asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum State {
    /// A client has connected.
    Connect,
    /// EHLO or HELO.
    Helo,
    /// MAIL FROM.
    Mail,
    /// RCPT TO; with `smtpd_delay_reject` also for what came before.
    Rcpt,
    /// DATA or BDAT.
    Data,
    /// The whole message has arrived.
    EndOfMessage,
    /// VRFY, ETRN, and whatever later versions ask about.
    #[default]
    Other,
}

/// What smtpd(8) is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Go on with the next restriction.
    Dunno,
    /// Refuse for now, unless a later restriction refuses for good.
    DeferIfPermit {
        /// The enhanced status code (RFC 3463).
        status: &'static str,
        /// Why.
        text: String,
    },
    /// Refuse with this code.
    Refuse {
        /// The code: 4xx for now, 5xx for good.
        code: u16,
        /// The enhanced status code (RFC 3463).
        status: &'static str,
        /// Why.
        text: String,
    },
}

impl Codec for Policy {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let searched = self.searched.saturating_sub(END.len() - 1);
        let fresh = input.get(searched..).unwrap_or_default();
        let end = memmem::find(fresh, END).map(|at| at + searched + END.len());
        if end.unwrap_or(input.len()) > MAX_REQUEST {
            return Err(ProtocolError::TooLong { limit: MAX_REQUEST });
        }
        let Some(end) = end else {
            self.searched = input.len();
            return Ok(None);
        };
        self.searched = 0;
        let block = input.split_to(end);
        // Without the empty line.
        parse(block.get(..end - 1).unwrap_or_default()).map(Some)
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        output.put_slice(b"action=");
        match reply {
            Reply::Dunno => output.put_slice(b"DUNNO"),
            Reply::DeferIfPermit { status, text } => {
                output.put_slice(b"DEFER_IF_PERMIT ");
                put_text(status, text, output);
            }
            Reply::Refuse { code, status, text } => {
                output.put_slice(code.to_string().as_bytes());
                output.put_u8(b' ');
                put_text(status, text, output);
            }
        }
        output.put_slice(END);
    }
}

impl State {
    /// The state of a name in the protocol.
    pub fn of(name: &[u8]) -> Self {
        match name {
            b"CONNECT" => Self::Connect,
            b"EHLO" | b"HELO" => Self::Helo,
            b"MAIL" => Self::Mail,
            b"RCPT" => Self::Rcpt,
            b"DATA" | b"BDAT" => Self::Data,
            b"END-OF-MESSAGE" => Self::EndOfMessage,
            _ => Self::Other,
        }
    }
}

impl Value {
    /// The text; `None` if it is no UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether smtpd(8) did not know it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().into())
    }
}

impl From<&[u8]> for Value {
    fn from(octets: &[u8]) -> Self {
        Self(octets.into())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// Parses the lines of a request, each with its newline.
fn parse(block: &[u8]) -> Result<Request, ProtocolError> {
    let name = take_till1(|byte| byte == b'=' || byte == b'\n');
    let line = terminated(separated_pair(name, tag("="), take_until("\n")), tag("\n"));
    let none = || Some((Request::default(), Seen::default()));
    let lines = fold_many1(line, none, |taken, (name, value): (&[u8], &[u8])| {
        let (mut request, mut seen) = taken?;
        request.take(name, value, &mut seen)?;
        Some((request, seen))
    });
    let parsed: nom::IResult<&[u8], _> = all_consuming(lines).parse(block);
    match parsed {
        Ok((_, Some((request, seen)))) if seen.has(KIND) => Ok(request),
        _ => Err(ProtocolError::Malformed),
    }
}

/// The attributes that a request has had.
#[derive(Default)]
struct Seen(u16);

const KIND: u16 = 1;

impl Seen {
    fn has(&self, attribute: u16) -> bool {
        self.0 & attribute != 0
    }

    /// `None` if it was there before.
    fn once(&mut self, attribute: u16) -> Option<()> {
        let fresh = !self.has(attribute);
        self.0 |= attribute;
        fresh.then_some(())
    }
}

impl Request {
    /// Takes an attribute in; `None` if no request can have it.
    fn take(&mut self, name: &[u8], value: &[u8], seen: &mut Seen) -> Option<()> {
        let (place, attribute) = match name {
            b"request" => {
                seen.once(KIND)?;
                return (value == b"smtpd_access_policy").then_some(());
            }
            b"protocol_state" => {
                // Of a state that is none nothing could be refused.
                if !value.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'-') {
                    return None;
                }
                self.state = State::of(value);
                return seen.once(1 << 1);
            }
            b"client_address" => {
                // `unknown` for some, such as those that XCLIENT hides.
                self.client = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                return seen.once(1 << 2);
            }
            b"recipient_count" => {
                self.recipient_count = number(value)?;
                return seen.once(1 << 3);
            }
            b"size" => {
                self.size = number(value)?;
                return seen.once(1 << 4);
            }
            b"client_name" => (&mut self.client_name, 1 << 5),
            b"helo_name" => (&mut self.helo, 1 << 6),
            b"sender" => (&mut self.sender, 1 << 7),
            b"recipient" => (&mut self.recipient, 1 << 8),
            b"instance" => (&mut self.instance, 1 << 9),
            b"sasl_username" => (&mut self.login, 1 << 10),
            b"policy_context" => (&mut self.context, 1 << 11),
            _ => return Some(()),
        };
        seen.once(attribute)?;
        *place = value.into();
        Some(())
    }
}

/// A number; nothing at all is zero, for smtpd(8) leaves out what it does not know.
fn number<T: core::str::FromStr + Default>(value: &[u8]) -> Option<T> {
    let digits = std::str::from_utf8(value).ok()?;
    // `parse` takes a sign, too.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if digits.is_empty() { Some(T::default()) } else { digits.parse().ok() }
}

/// A status and a text that SMTP can carry: printable ASCII, not too long, never empty.
fn put_text(status: &str, text: &str, output: &mut BytesMut) {
    output.put_slice(status.as_bytes());
    output.put_u8(b' ');
    let text = if text.trim().is_empty() { "Refused by policy" } else { text };
    for c in text.chars().take(MAX_TEXT) {
        let printable = if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        output.put_u8(u8::try_from(printable).unwrap_or(b'?'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<Option<Request>, ProtocolError> {
        Policy::default().decode(&mut BytesMut::from(bytes))
    }

    const HEAD: &str = "request=smtpd_access_policy\n";

    #[test]
    fn attributes_are_taken_in_whatever_their_order() {
        let table: &[(&str, Request)] = &[
            ("", Request::default()),
            ("protocol_state=RCPT\n", Request { state: State::Rcpt, ..Request::default() }),
            ("protocol_state=BDAT\n", Request { state: State::Data, ..Request::default() }),
            ("protocol_state=LATER\n", Request::default()),
            ("tls_sni=example.org\nsize=17\n", Request { size: 17, ..Request::default() }),
            ("size=\nrecipient_count=\n", Request::default()),
            ("sender=a=b@c\n", Request { sender: "a=b@c".into(), ..Request::default() }),
            ("sender= a b@c \n", Request { sender: " a b@c ".into(), ..Request::default() }),
            ("client_address=unknown\n", Request::default()),
            (
                "client_address=2001:db8::1\nsasl_username=joe\n",
                Request {
                    client: Some("2001:db8::1".parse().unwrap()),
                    login: "joe".into(),
                    ..Request::default()
                },
            ),
        ];
        for (lines, expected) in table {
            for text in [format!("{HEAD}{lines}\n"), format!("{lines}{HEAD}\n")] {
                assert_eq!(decoded(text.as_bytes()), Ok(Some(expected.clone())), "{text}");
            }
        }
        let octets =
            decoded(b"request=smtpd_access_policy\nsender=\xff\x00@c\n\n").unwrap().unwrap();
        assert_eq!((octets.sender.as_str(), octets.sender.as_bytes()), (None, &b"\xff\x00@c"[..]));
    }

    #[test]
    fn what_is_no_request_is_an_error() {
        let table: &[&[u8]] = &[
            b"\n\n",
            b"\n\nrequest=smtpd_access_policy\n\n",
            b"sender=a@b\n\n",
            b"request=junk\n\n",
            b"request=smtpd_access_policy \n\n",
            b"request=smtpd_access_policy\nsender\n\n",
            b"request=smtpd_access_policy\n=a@b\n\n",
            b"request=smtpd_access_policy\nsize=1x\n\n",
            b"request=smtpd_access_policy\nprotocol_state=rcpt\n\n",
            b"request=smtpd_access_policy\nprotocol_state=RCPT\0\n\n",
            b"request=smtpd_access_policy\nsize=+1\n\n",
            b"request=smtpd_access_policy\nsize=-1\n\n",
            b"request=smtpd_access_policy\nrecipient_count=4294967296\n\n",
            b"request=smtpd_access_policy\nsender=a@b\nsender=a@b\n\n",
            b"request=smtpd_access_policy\nrequest=smtpd_access_policy\n\n",
        ];
        for bytes in table {
            assert_eq!(decoded(bytes), Err(ProtocolError::Malformed), "{}", bytes.escape_ascii());
        }
        for unfinished in [&b""[..], b"\n", b"request=smtpd_access_policy\r\n\r\n"] {
            assert_eq!(decoded(unfinished), Ok(None), "{}", unfinished.escape_ascii());
        }
        let limit = MAX_REQUEST;
        let endless = decoded(&vec![b'x'; limit + 1]);
        assert_eq!(endless, Err(ProtocolError::TooLong { limit }));
    }

    #[test]
    fn a_request_may_come_in_any_pieces() {
        let text = format!("{HEAD}protocol_state=RCPT\nsender=a@b\n\n{HEAD}\n");
        let whole = decoded(text.as_bytes());
        for cut in 0..text.len() {
            let (mut codec, mut input) = (Policy::default(), BytesMut::from(&text[..cut]));
            let first = codec.decode(&mut input).unwrap();
            input.extend_from_slice(&text.as_bytes()[cut..]);
            let first = first.or_else(|| codec.decode(&mut input).unwrap());
            assert_eq!(Ok(first), whole, "cut at {cut}");
            assert_eq!(codec.decode(&mut input), Ok(Some(Request::default())), "cut at {cut}");
        }
    }

    #[test]
    fn replies_are_one_line_of_ascii() {
        let refuse = |text: &str| Reply::Refuse { code: 550, status: "5.7.1", text: text.into() };
        let table = [
            (Reply::Dunno, "action=DUNNO\n\n".to_owned()),
            (refuse("Not yours"), "action=550 5.7.1 Not yours\n\n".into()),
            (refuse("a\r\nb\u{fc}\n\n"), "action=550 5.7.1 a??b???\n\n".into()),
            (refuse(" "), "action=550 5.7.1 Refused by policy\n\n".into()),
            (refuse(&"x".repeat(5000)), format!("action=550 5.7.1 {}\n\n", "x".repeat(400))),
            (
                Reply::DeferIfPermit { status: "4.7.1", text: "Try again in 300 s".into() },
                "action=DEFER_IF_PERMIT 4.7.1 Try again in 300 s\n\n".into(),
            ),
        ];
        for (reply, expected) in table {
            let mut output = BytesMut::new();
            Policy::default().encode(&reply, &mut output);
            assert_eq!(output, expected.as_bytes(), "{reply:?}");
            assert!(output.len() <= 512);
        }
    }
}
