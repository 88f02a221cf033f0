//! Mail programs by hand: lines of IMAP, POP3, ManageSieve and LMTP, blocking, with a deadline.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::net::{self, AddressFamily, SocketType};

/// Longer than any server of a test takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection on which lines come and go.
pub(super) struct Lines<S> {
    stream: BufReader<S>,
}

impl Lines<TcpStream> {
    /// Connects to a port of this machine, from a network of its own: the failures of one are not held against
    /// the others.
    pub(super) fn tcp(port: u16) -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let from = SocketAddrV4::new(Ipv4Addr::new(127, 64 + high, low, 1), 0);
        let socket = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        net::bind(&socket, &from).unwrap();
        net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }
}

impl Lines<UnixStream> {
    /// Connects to a socket.
    pub(super) fn unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }
}

impl<S: Read + Write> Lines<S> {
    /// Sends a line.
    pub(super) fn send(&mut self, line: &str) {
        self.stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    /// Reads a line; an empty text is the end of the connection.
    pub(super) fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    /// Sends a line and reads the one that answers it.
    pub(super) fn ask(&mut self, line: &str) -> String {
        self.send(line);
        self.line()
    }

    /// Reads until a line of which `ends` is true, and gives all of them.
    pub(super) fn until(&mut self, ends: impl Fn(&str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            assert!(!line.is_empty() || lines.len() < 1000, "the connection ended: {lines:?}");
            let done = ends(&line);
            lines.push(line);
            if done {
                return lines;
            }
        }
    }
}

/// IMAP: a login, and what is said to it.
pub(super) fn imap(port: u16, user: &str, password: &str) -> (Lines<TcpStream>, String) {
    let mut lines = Lines::tcp(port);
    let greeting = lines.line();
    assert!(greeting.starts_with("* OK"), "{greeting}");
    let said = imap_command(&mut lines, &format!("AUTHENTICATE PLAIN {}", plain(user, password)));
    let last = said.last().unwrap().clone();
    (lines, last)
}

/// IMAP: a command; its untagged lines and the tagged one without its tag.
pub(super) fn imap_command(lines: &mut Lines<TcpStream>, command: &str) -> Vec<String> {
    lines.send(&format!("a {command}"));
    let mut said = lines.until(|line| line.starts_with("a "));
    let last = said.pop().unwrap();
    said.push(last.trim_start_matches("a ").to_owned());
    said
}

/// POP3: a login, and what is said to it.
pub(super) fn pop3(port: u16, user: &str, password: &str) -> (Lines<TcpStream>, String) {
    let mut lines = Lines::tcp(port);
    let greeting = lines.line();
    assert!(greeting.starts_with("+OK"), "{greeting}");
    let said = lines.ask(&format!("AUTH PLAIN {}", plain(user, password)));
    (lines, said)
}

/// ManageSieve: a login, and what is said to it.
pub(super) fn sieve(port: u16, user: &str, password: &str) -> (Lines<TcpStream>, String) {
    let mut lines = Lines::tcp(port);
    let greeting = sieve_answer(&mut lines);
    assert!(greeting.starts_with("OK"), "{greeting}");
    lines.send(&format!("AUTHENTICATE \"PLAIN\" \"{}\"", plain(user, password)));
    let said = sieve_answer(&mut lines);
    (lines, said)
}

/// ManageSieve: the line that ends an answer. A text may follow on lines of its own.
pub(super) fn sieve_answer(lines: &mut Lines<TcpStream>) -> String {
    let mut last = lines.until(|line| ["OK", "NO", "BYE"].iter().any(|w| line.starts_with(w)));
    let mut answer = last.pop().unwrap();
    if answer.ends_with('}') {
        answer = format!("{answer} {}", lines.line());
    }
    answer
}

/// LMTP: delivers a message to several recipients; what is said to each RCPT, then to each that was accepted.
pub(super) fn lmtp(
    socket: &Path,
    recipients: &[&str],
    message: &str,
) -> (Vec<String>, Vec<String>) {
    let mut lines = Lines::unix(socket);
    assert!(lines.line().starts_with("220"));
    lines.send("LHLO client.test");
    lines.until(|line| line.starts_with("250 "));
    assert!(lines.ask("MAIL FROM:<sender@outside.example>").starts_with("250"));
    let mut rcpt = |to: &&str| lines.ask(&format!("RCPT TO:<{to}>"));
    let accepted: Vec<_> = recipients.iter().map(&mut rcpt).collect();
    let count = accepted.iter().filter(|reply| reply.starts_with("250")).count();
    if count == 0 {
        return (accepted, Vec::new());
    }
    assert!(lines.ask("DATA").starts_with("354"));
    lines.send(&message.replace('\n', "\r\n"));
    lines.send(".");
    let delivered = (0..count).map(|_| lines.line()).collect();
    (accepted, delivered)
}

/// What SASL's PLAIN sends.
pub(super) fn plain(user: &str, password: &str) -> String {
    STANDARD.encode(format!("\0{user}\0{password}"))
}
