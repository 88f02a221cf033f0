//! A mailbox store that only remembers: the LMTP server at the end of a delivery.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::terms::wait_for;

use super::server::Server;

/// One transaction: a message with the recipients it was handed over for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Delivery {
    /// The envelope's sender, without angle brackets.
    pub(crate) sender: String,
    /// The parameters of MAIL, such as `BODY=8BITMIME SMTPUTF8`.
    pub(crate) parameters: String,
    /// The envelope's recipients as they were spelled, without angle brackets.
    pub(crate) recipients: Vec<String>,
    /// Header and body with `\r\n`, dots unstuffed.
    pub(crate) message: Vec<u8>,
}

impl Delivery {
    /// Tells whether the message holds `text` somewhere.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.message.windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// An LMTP server on a unix socket that accepts everything, with `SMTPUTF8` and `8BITMIME`.
#[derive(Debug)]
pub(crate) struct LmtpSink {
    taken: Arc<Mutex<Vec<Delivery>>>,
    _server: Server,
}

impl LmtpSink {
    /// Listens on `path`, open to every user.
    pub(crate) fn listen(path: &Path) -> Self {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&taken);
        let server = Server::listen(path, move |stream| serve(&stream, &record));
        Self { taken, _server: server }
    }

    /// Everything taken so far.
    pub(crate) fn deliveries(&self) -> Vec<Delivery> {
        self.taken.lock().unwrap().clone()
    }

    /// The recipients that messages holding `text` were delivered to, sorted, repetitions kept.
    pub(crate) fn recipients_of(&self, text: &str) -> Vec<String> {
        let taken = self.taken.lock().unwrap();
        let matching = taken.iter().filter(|delivery| delivery.holds(text));
        let mut recipients: Vec<_> = matching.flat_map(|one| one.recipients.clone()).collect();
        recipients.sort();
        recipients
    }

    /// Waits until at least `count` transactions have ended, and gives them all.
    pub(crate) fn wait_for(&self, count: usize, deadline: Duration) -> Vec<Delivery> {
        wait_for(&format!("{count} deliveries"), deadline, || {
            Some(self.deliveries()).filter(|taken| taken.len() >= count)
        })
    }
}

fn serve(stream: &UnixStream, taken: &Mutex<Vec<Delivery>>) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    let mut output = stream;
    output.write_all(b"220 sink.test LMTP\r\n")?;
    let mut current = Delivery::default();
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let reply = match verb.as_str() {
            "LHLO" => "250-sink.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES",
            "MAIL" => {
                let (sender, parameters) = path_of(&line);
                current = Delivery { sender, parameters, ..Delivery::default() };
                "250 2.1.0 sender taken"
            }
            "RCPT" => {
                current.recipients.push(path_of(&line).0);
                "250 2.1.5 recipient taken"
            }
            "DATA" => {
                output.write_all(b"354 go on\r\n")?;
                current.message = message(&mut input)?;
                let count = current.recipients.len();
                taken.lock().unwrap().push(std::mem::take(&mut current));
                // Recorded first: who sees Postfix's "removed" finds the delivery here.
                output.write_all("250 2.0.0 delivered\r\n".repeat(count).as_bytes())?;
                continue;
            }
            "RSET" => {
                current = Delivery::default();
                "250 2.0.0 forgotten"
            }
            "NOOP" => "250 2.0.0 done",
            "QUIT" => "221 2.0.0 bye",
            _ => "500 5.5.1 unknown command",
        };
        output.write_all(format!("{reply}\r\n").as_bytes())?;
        if verb == "QUIT" {
            return Ok(());
        }
    }
}

/// Splits `MAIL FROM:<path> parameters`; a quoted local part may hold `>`.
fn path_of(line: &str) -> (String, String) {
    let path = line.split_once('<').map_or("", |(_, path)| path);
    let quoted_end = path.starts_with('"').then(|| path.find("\"@")).flatten().unwrap_or(0);
    let end = path[quoted_end..].find('>').map_or(path.len(), |end| quoted_end + end);
    let rest = path.get(end + 1..).unwrap_or_default();
    (path[..end].to_owned(), rest.trim().to_owned())
}

fn message(input: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let mut line = Vec::new();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.strip_prefix(b".") {
            Some(b"\r\n") => return Ok(message),
            Some(unstuffed) => message.extend_from_slice(unstuffed),
            None => message.extend_from_slice(&line),
        }
    }
}
