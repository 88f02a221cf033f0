//! An SMTP client that shows each reply, for tests that judge them.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::time::Duration;

use rustix::net::{self, AddressFamily, SocketType};

/// One reply of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SmtpReply {
    pub(crate) code: u16,
    /// The enhanced status code of RFC 3463, such as `5.1.1`, if there is one.
    pub(crate) enhanced: Option<String>,
    /// The text behind the codes; lines are joined with newlines.
    pub(crate) text: String,
}

impl SmtpReply {
    /// Tells whether the command succeeded or may go on (2xx, 3xx).
    pub(crate) fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// The queue's name for an accepted message.
    pub(crate) fn queue_id(&self) -> Option<&str> {
        self.text.split_once("queued as ").map(|(_, id)| id.trim())
    }
}

impl std::fmt::Display for SmtpReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.code, self.enhanced.as_deref().unwrap_or("-"), self.text)
    }
}

/// A connection on which a server has said hello. Blocking; gives up after 30 seconds of silence.
#[derive(Debug)]
pub(crate) struct SmtpSession {
    stream: BufReader<TcpStream>,
}

impl SmtpSession {
    /// Connects and says EHLO.
    pub(crate) fn open(server: SocketAddr) -> Self {
        Self::greeted(TcpStream::connect(server).unwrap())
    }

    /// Connects from another address of this machine and says EHLO.
    pub(crate) fn open_from(client: Ipv4Addr, server: SocketAddr) -> Self {
        let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        net::bind(&socket, &SocketAddrV4::new(client, 0)).unwrap();
        net::connect(&socket, &server).unwrap();
        Self::greeted(TcpStream::from(socket))
    }

    fn greeted(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut session = Self { stream: BufReader::new(stream) };
        let banner = session.reply();
        assert_eq!(banner.code, 220, "{banner}");
        let hello = session.command("EHLO client.test");
        assert_eq!(hello.code, 250, "{hello}");
        session
    }

    /// Claims that somebody has logged in, as a proxy that Postfix trusts does.
    pub(crate) fn log_in(&mut self, login: &str) {
        let banner = self.command(&format!("XCLIENT LOGIN={login}"));
        assert_eq!(banner.code, 220, "{banner}");
        let hello = self.command("EHLO client.test");
        assert_eq!(hello.code, 250, "{hello}");
    }

    /// Claims that the client is at another address, as a proxy that Postfix trusts does.
    pub(crate) fn come_from(&mut self, address: &str) {
        let banner = self.command(&format!("XCLIENT NAME=[UNAVAILABLE] ADDR={address}"));
        assert_eq!(banner.code, 220, "{banner}");
        let hello = self.command("EHLO client.test");
        assert_eq!(hello.code, 250, "{hello}");
    }

    /// Sends one command line and reads its reply.
    pub(crate) fn command(&mut self, line: &str) -> SmtpReply {
        self.raw(format!("{line}\r\n").as_bytes())
    }

    /// Sends bytes as they are, which need not be a command, and reads one reply.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> SmtpReply {
        self.stream.get_mut().write_all(bytes).unwrap();
        self.reply()
    }

    /// Names the sender; anything but ASCII in the addresses of this transaction needs `SMTPUTF8`.
    pub(crate) fn mail_from(&mut self, sender: &str, parameters: &str) -> SmtpReply {
        self.command(format!("MAIL FROM:<{sender}> {parameters}").trim_end())
    }

    pub(crate) fn rcpt_to(&mut self, recipient: &str) -> SmtpReply {
        self.command(&format!("RCPT TO:<{recipient}>"))
    }

    /// Sends a message with lines ending in `\n`; the reply is the one that takes responsibility.
    pub(crate) fn data(&mut self, message: &str) -> SmtpReply {
        let ready = self.command("DATA");
        if ready.code != 354 {
            return ready;
        }
        let mut bytes = Vec::with_capacity(message.len() + 100);
        for line in message.lines() {
            if line.starts_with('.') {
                bytes.push(b'.');
            }
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b".\r\n");
        self.raw(&bytes)
    }

    fn reply(&mut self) -> SmtpReply {
        let (mut enhanced, mut text) = (None, String::new());
        loop {
            let mut line = Vec::new();
            self.stream.read_until(b'\n', &mut line).unwrap();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            assert!(line.len() >= 3, "the server closed the connection after `{text}`");
            let code = line[..3].parse().unwrap_or_else(|_| panic!("no reply code in `{line}`"));
            let mut rest = line.get(4..).unwrap_or_default();
            if let Some((first, behind)) = rest.split_once(' ').filter(|pair| is_enhanced(pair.0)) {
                (enhanced, rest) = (Some(first.to_owned()), behind);
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(rest);
            if line.as_bytes().get(3) != Some(&b'-') {
                return SmtpReply { code, enhanced, text };
            }
        }
    }
}

/// Tells whether a word is an enhanced status code: class, subject and detail.
pub(crate) fn is_enhanced(word: &str) -> bool {
    word.split('.').count() == 3
        && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}
