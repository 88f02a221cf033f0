//! Courier's authdaemon: one question a connection, for its IMAP, POP3 and webmail servers.
//!
//! # Requests
//! Any number of lines `NAME=VALUE`, of which `TCPREMOTEIP` is looked at, then one of
//!
//! | request | asks |
//! |---|---|
//! | `AUTH LENGTH`, and as many bytes `SERVICE`, type and data, each with a newline | to let a user in |
//! | `PRE MODULE SERVICE NAME` | where a user's mail is |
//! | `ENUMERATE` | all users |
//! | `PASSWD SERVICE TAB NAME TAB OLD TAB NEW` | to change a password |
//!
//! The data of type `login` are name and password, those of `cram-md5` challenge and response in
//! base64. What comes behind a request is not looked at; new clients send a NUL there.
//!
//! # Replies
//! Lines `USERNAME=`, `UID=`, `GID=`, `HOME=`, `ADDRESS=`, `MAILDIR=`, `QUOTA=`, `OPTIONS=`, then
//! `.`; or `FAIL`. For `ENUMERATE` a line for each user, `NAME TAB UID TAB GID TAB HOME TAB MAILDIR
//! TAB OPTIONS`, then `.`. What cannot be known now gets no reply but the end of the connection.
//!
//! # Encoding
//! None: a value cannot have a newline.
//!
//! # Limits
//! The client reads replies of at most 8191 bytes and waits for 30 seconds. Requests have at most
//! 8192 bytes, as with Courier.
//!
//! # Errors
//! What is no request ends the connection: the client takes that for temporary.
//!
//! # See also
//! courier-authlib `authdaemond.c` (server), `authdaemonlib.c` (client)

use core::net::IpAddr;

use bytes::{Buf, BufMut, BytesMut};

use crate::protocol::line::Lines;
use crate::protocol::{Codec, ProtocolError, Secret, base64};

/// The longest line or block of data that is read, in bytes.
pub const MAX_REQUEST: usize = 8192;
/// The longest reply that clients read, in bytes.
pub const MAX_REPLY: usize = 8191;
/// How many lines may come before a request.
const MAX_VARIABLES: usize = 16;

/// Courier's protocol.
#[derive(Clone, Debug, Default)]
pub struct Courier {
    lines: Lines,
    state: State,
    variables: usize,
    remote: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// The length of the data that are awaited.
    Data(usize),
    #[default]
    Line,
    /// A connection has one request.
    Over,
}

/// A question.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// Where the user's client is, if the server said so.
    pub remote: Option<IpAddr>,
    /// What is asked.
    pub question: Question,
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Question {
    /// All users.
    Enumerate,
    /// To let a user in who shows the password, or a proof of it.
    LogIn {
        /// `imap`, `pop3`, `esmtp`, `webmail`.
        service: String,
        /// What the user shows.
        shown: Shown,
    },
    /// To change a password.
    Passwd,
    /// Where a user's mail is.
    Pre {
        /// What for.
        service: String,
        /// Who.
        user: String,
    },
}

/// What a user shows.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    /// A digest that answers a challenge, both without base64.
    CramMd5 {
        /// The challenge.
        challenge: Vec<u8>,
        /// `name SPACE digest`.
        response: Secret,
    },
    /// Something that is not served here.
    Other(String),
    /// A password.
    Password {
        /// Who.
        user: String,
        /// The password, which may be empty.
        password: Secret,
    },
}

/// The reply, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// There are no more users.
    End,
    /// Not let in, or no such user.
    Fail,
    /// Let in, or found.
    Found(User),
    /// One of all users.
    Row(User),
    /// Cannot be known now: nothing is sent, and the connection has to be closed.
    Temporary,
}

/// Where a user's mail is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The canonical name.
    pub address: String,
    /// The owner of the files.
    pub uid: u32,
    /// Their group.
    pub gid: u32,
    /// The home directory.
    pub home: String,
    /// The maildir, absolute or below the home.
    pub maildir: String,
    /// The quota as maildir(5) of Courier writes it, `BYTESS,MESSAGESC`.
    pub quota: Option<String>,
    /// What the user may not do, such as `disableimap=1`, with commas between.
    pub options: Option<String>,
}

impl Codec for Courier {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        loop {
            match self.state {
                State::Over => {
                    input.clear();
                    return Ok(None);
                }
                State::Data(length) => {
                    let Some(data) = input.get(..length) else { return Ok(None) };
                    let question = log_in(data).ok_or(ProtocolError::Malformed)?;
                    input.advance(length);
                    return Ok(Some(self.over(question)));
                }
                State::Line => {
                    let Some(line) = self.lines.take(input, MAX_REQUEST)? else { return Ok(None) };
                    if let Some(question) = self.line(&line)? {
                        return Ok(Some(self.over(question)));
                    }
                }
            }
        }
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        match reply {
            Reply::End => output.put_slice(b".\n"),
            Reply::Fail => output.put_slice(b"FAIL\n"),
            Reply::Found(user) => user.encode(output),
            Reply::Row(user) => user.encode_row(output),
            Reply::Temporary => {}
        }
    }
}

impl Courier {
    fn over(&mut self, question: Question) -> Request {
        self.state = State::Over;
        Request { remote: self.remote, question }
    }

    /// Takes in a line: a question if it is one.
    fn line(&mut self, line: &[u8]) -> Result<Option<Question>, ProtocolError> {
        let line = std::str::from_utf8(line).map_err(|_| ProtocolError::Malformed)?;
        let end = line.find([' ', '=']).unwrap_or(line.len());
        let (word, rest) = line.split_at_checked(end).unwrap_or((line, ""));
        if let Some(value) = rest.strip_prefix('=') {
            self.variables += 1;
            if self.variables > MAX_VARIABLES {
                return Err(ProtocolError::Malformed);
            }
            if word == "TCPREMOTEIP" {
                self.remote = value.parse().ok();
            }
            return Ok(None);
        }
        let rest = rest.trim_start_matches(' ');
        Ok(Some(match word {
            "AUTH" => {
                let digits = rest.bytes().all(|byte| byte.is_ascii_digit());
                let length = rest.parse().ok().filter(|_| digits);
                let length = length.ok_or(ProtocolError::Malformed)?;
                if length > MAX_REQUEST {
                    return Err(ProtocolError::TooLong { limit: MAX_REQUEST });
                }
                self.state = State::Data(length);
                return Ok(None);
            }
            "ENUMERATE" if rest.is_empty() => Question::Enumerate,
            "PASSWD" => Question::Passwd,
            "PRE" => pre(rest).ok_or(ProtocolError::Malformed)?,
            _ => return Err(ProtocolError::Malformed),
        }))
    }
}

/// `MODULE SERVICE NAME`; the name may have spaces. Every module is this one.
fn pre(rest: &str) -> Option<Question> {
    let (_, rest) = rest.split_once(' ')?;
    let (service, user) = rest.trim_start_matches(' ').split_once(' ')?;
    let user = user.trim_start_matches(' ');
    (!user.is_empty()).then(|| Question::Pre { service: service.into(), user: user.into() })
}

/// `SERVICE`, type and data, each behind a newline.
fn log_in(data: &[u8]) -> Option<Question> {
    let mut lines = data.split(|byte| *byte == b'\n');
    let mut text = || std::str::from_utf8(lines.next()?).ok().map(str::to_owned);
    let (service, kind) = (text()?, text()?);
    let shown = match kind.as_str() {
        "cram-md5" => Shown::CramMd5 {
            challenge: base64::decode(lines.next()?)?,
            response: base64::decode(lines.next()?)?.into(),
        },
        "login" => Shown::Password { user: text()?, password: lines.next()?.to_vec().into() },
        _ => Shown::Other(kind),
    };
    Some(Question::LogIn { service, shown })
}

impl User {
    /// Nothing if a client would not read it, which it takes for temporary.
    fn encode(&self, output: &mut BytesMut) {
        let uid = self.uid.to_string();
        let gid = self.gid.to_string();
        let fields = [
            ("UID", Some(uid.as_str())),
            ("GID", Some(gid.as_str())),
            ("HOME", Some(&self.home)),
            ("ADDRESS", Some(&self.address)),
            ("MAILDIR", Some(&self.maildir)),
            ("QUOTA", self.quota.as_deref()),
            ("OPTIONS", self.options.as_deref()),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let mut text = String::new();
        for (name, value) in fields.clone() {
            text.extend([name, "=", value, "\n"]);
        }
        let is_clean = fields.into_iter().all(|(_, value)| !value.contains(['\n', '\0']));
        if is_clean && text.len() + ".\n".len() <= MAX_REPLY {
            output.put_slice(text.as_bytes());
            output.put_slice(b".\n");
        }
    }

    fn encode_row(&self, output: &mut BytesMut) {
        let Self { address, uid, gid, home, maildir, options, .. } = self;
        let options = options.as_deref().unwrap_or_default();
        // A `#` begins a comment, even in the middle of a line.
        if ![address, home, maildir, options].iter().any(|text| text.contains(['\n', '\t', '#'])) {
            let line = format!("{address}\t{uid}\t{gid}\t{home}\t{maildir}\t{options}\n");
            output.put_slice(line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(input: &[u8]) -> Result<Option<Request>, ProtocolError> {
        let (mut whole, mut bytes) = (BytesMut::from(input), BytesMut::new());
        let mut codec = Courier::default();
        let got = codec.decode(&mut whole);
        let mut slow = Courier::default();
        for byte in input {
            bytes.put_u8(*byte);
            match slow.decode(&mut bytes) {
                Ok(None) => {}
                decoded => {
                    assert_eq!(decoded, got, "byte by byte: {}", input.escape_ascii());
                    break;
                }
            }
        }
        got
    }

    #[test]
    fn a_connection_has_one_question() {
        let login = |user: &str, password: &[u8]| Question::LogIn {
            service: "imap".into(),
            shown: Shown::Password { user: user.into(), password: password.to_vec().into() },
        };
        let cram = Question::LogIn {
            service: "pop3".into(),
            shown: Shown::CramMd5 {
                challenge: b"<1@x>".into(),
                response: b"joe 00".to_vec().into(),
            },
        };
        let pre = |service: &str, user: &str| Question::Pre {
            service: service.into(),
            user: user.into(),
        };
        let table: &[(&[u8], Question, Option<&str>)] = &[
            (
                b"AUTH 34\nimap\nlogin\njoe@example.org\nsekrit\n\0",
                login("joe@example.org", b"sekrit"),
                None,
            ),
            (b"AUTH 15\nimap\nlogin\njoe\n", login("joe", b""), None),
            (b"AUTH 17\nimap\nlogin\nj\n\xff p\n\0\0", login("j", b"\xff p"), None),
            (b"AUTH 32\npop3\ncram-md5\nPDFAeD4=\nam9lIDAw\n..", cram, None),
            (
                b"AUTH 13\nimap\ncram-x\n\n",
                Question::LogIn { service: "imap".into(), shown: Shown::Other("cram-x".into()) },
                None,
            ),
            (b"PRE . imap joe@example.org\n", pre("imap", "joe@example.org"), None),
            (b"PRE authpg  pop3  joe the first\n", pre("pop3", "joe the first"), None),
            (b"TCPREMOTEIP=192.0.2.1\nPRE . imap joe\n", pre("imap", "joe"), Some("192.0.2.1")),
            (b"TCPREMOTEIP=x\nX=1\nENUMERATE\n", Question::Enumerate, None),
            (b"ENUMERATE\n", Question::Enumerate, None),
            (b"PASSWD imap\tjoe\told\tnew\n", Question::Passwd, None),
        ];
        for (input, question, remote) in table {
            let got = decode(input).unwrap().expect("whole");
            assert_eq!(&got.question, question, "{}", input.escape_ascii());
            assert_eq!(got.remote, remote.map(|ip| ip.parse().unwrap()));
        }
        let mut codec = Courier::default();
        let mut input = BytesMut::from("ENUMERATE\nENUMERATE\n");
        assert!(codec.decode(&mut input).unwrap().is_some());
        assert_eq!(
            (codec.decode(&mut input), input.len()),
            (Ok(None), 0),
            "the rest is thrown away"
        );
    }

    #[test]
    fn what_is_no_question_ends_the_connection() {
        use ProtocolError::{Malformed, TooLong};
        let table: &[(&[u8], ProtocolError)] = &[
            (b"\n", Malformed),
            (b"HELLO\n", Malformed),
            (b"AUTH\n", Malformed),
            (b"AUTH -1\n", Malformed),
            (b"AUTH +1\n", Malformed),
            (b"AUTH 5x\n", Malformed),
            (b"AUTH 8193\n", TooLong { limit: MAX_REQUEST }),
            (b"AUTH 99999999999999999999\n", Malformed),
            (b"AUTH 4\nimap", Malformed),
            (b"AUTH 10\nimap\nlogin", Malformed),
            (b"AUTH 14\nimap\nlogin\njoe", Malformed),
            (b"AUTH 15\nimap\nlogin\nj\xffe\n", Malformed),
            (b"AUTH 21\npop3\ncram-md5\n!\nYQ==\n", Malformed),
            (b"PRE\n", Malformed),
            (b"PRE . imap\n", Malformed),
            (b"PRE . imap \n", Malformed),
            (b"ENUMERATE all\n", Malformed),
            (b"PRE . imap j\xff\n", Malformed),
        ];
        for (input, error) in table {
            assert_eq!(decode(input), Err(*error), "{}", input.escape_ascii());
        }
        assert_eq!(decode(&b"X=1\n".repeat(17)), Err(Malformed));
        assert_eq!(decode(&b"x".repeat(8193)), Err(TooLong { limit: MAX_REQUEST }));
    }

    #[test]
    fn replies_are_written_as_courier_reads_them() {
        let user = User {
            address: "joe@example.org".into(),
            uid: 70001,
            gid: 70000,
            home: "/srv/mail/7/70000/70001".into(),
            maildir: "/srv/mail/7/70000/70001/Maildir".into(),
            quota: Some("1000S,5C".into()),
            options: None,
        };
        let found = "UID=70001\nGID=70000\nHOME=/srv/mail/7/70000/70001\nADDRESS=joe@example.org\n\
                     MAILDIR=/srv/mail/7/70000/70001/Maildir\nQUOTA=1000S,5C\n.\n";
        let row = "joe@example.org\t70001\t70000\t/srv/mail/7/70000/70001\t\
                   /srv/mail/7/70000/70001/Maildir\t\n";
        let broken = User { home: "/srv\nUID=0".into(), ..user.clone() };
        let long = User { home: "x".repeat(MAX_REPLY), ..user.clone() };
        let comment = User { address: "a#b@example.org".into(), ..user.clone() };
        let table = [
            (Reply::Found(user.clone()), found),
            (Reply::Row(user), row),
            (Reply::End, ".\n"),
            (Reply::Fail, "FAIL\n"),
            (Reply::Temporary, ""),
            (Reply::Found(broken.clone()), ""),
            (Reply::Row(broken), ""),
            (Reply::Found(long), ""),
            (Reply::Row(comment), ""),
        ];
        for (reply, expected) in table {
            let mut output = BytesMut::new();
            Courier::default().encode(&reply, &mut output);
            assert_eq!(std::str::from_utf8(&output).unwrap(), expected);
        }
    }
}
