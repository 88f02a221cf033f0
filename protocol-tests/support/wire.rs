//! The client's side of the lookup protocols, written anew: a codec tested with itself proves little.

use std::io;
use std::path::Path;
use std::time::Duration;

use postcote::lookup::Table;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

/// An answer that takes longer than this is a failure; Postfix would wait 100 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// How requests and replies are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `tcp_table`: each is a line.
    Line,
    /// socketmap: each is a netstring.
    Netstring,
}

/// Anything that a daemon may be connected by.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One connection to a daemon.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
    framing: Framing,
    /// What has arrived and is no whole reply yet.
    input: Vec<u8>,
}

impl Client {
    pub(crate) fn new(stream: impl Stream + 'static, framing: Framing) -> Self {
        Self { stream: Box::new(stream), framing, input: Vec::new() }
    }

    /// Connects to a socketmap socket, once.
    pub(crate) async fn socketmap(path: &Path) -> io::Result<Self> {
        Ok(Self::new(UnixStream::connect(path).await?, Framing::Netstring))
    }

    /// Connects to a `tcp_table` port, once.
    pub(crate) async fn tcp_table(port: u16) -> io::Result<Self> {
        Ok(Self::new(TcpStream::connect(("127.0.0.1", port)).await?, Framing::Line))
    }

    /// Sends bytes as they are.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Sends a request.
    pub(crate) async fn send(&mut self, payload: &[u8]) -> io::Result<()> {
        self.send_raw(&framed(self.framing, payload)).await
    }

    /// Reads the next reply.
    ///
    /// # Errors
    /// `UnexpectedEof`: the daemon closed the connection; `TimedOut`: it says nothing;
    /// `InvalidData`: it says what is no reply.
    pub(crate) async fn receive(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some((reply, taken)) = unframed(self.framing, &self.input)? {
                self.input.drain(..taken);
                return Ok(reply);
            }
            let mut bytes = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await;
            match read.map_err(|_| io::ErrorKind::TimedOut)?? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => self.input.extend_from_slice(&bytes[..read]),
            }
        }
    }

    /// Sends a request and reads its reply.
    ///
    /// # Errors
    /// As [`Client::receive`].
    pub(crate) async fn ask(&mut self, payload: &[u8]) -> io::Result<Vec<u8>> {
        self.send(payload).await?;
        self.receive().await
    }

    /// Asks a socketmap for a key, and gives the reply as text.
    ///
    /// # Panics
    /// When there is no reply.
    pub(crate) async fn lookup(&mut self, table: Table, key: &str) -> String {
        let reply = self.ask(format!("{table} {key}").as_bytes()).await;
        text(&reply.unwrap_or_else(|error| panic!("{table} {key}: {error}")))
    }

    /// Waits until the daemon closes the connection, and gives what it still said.
    pub(crate) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = std::mem::take(&mut self.input);
        let read = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await;
        match read.map_err(|_| io::ErrorKind::TimedOut)? {
            // What was sent and not read makes the kernel say so instead of a plain end.
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error),
            _ => Ok(rest),
        }
    }
}

/// A reply without the space that ends `NOTFOUND `.
pub(crate) fn text(reply: &[u8]) -> String {
    String::from_utf8_lossy(reply).trim_end_matches(' ').to_owned()
}

pub(crate) fn framed(framing: Framing, payload: &[u8]) -> Vec<u8> {
    match framing {
        Framing::Line => [payload, b"\n"].concat(),
        Framing::Netstring => [payload.len().to_string().as_bytes(), b":", payload, b","].concat(),
    }
}

/// The first reply in `input`, and how many bytes it took up.
fn unframed(framing: Framing, input: &[u8]) -> io::Result<Option<(Vec<u8>, usize)>> {
    let find = |byte| input.iter().position(|b| *b == byte);
    match framing {
        Framing::Line => Ok(find(b'\n').map(|end| (input[..end].to_vec(), end + 1))),
        Framing::Netstring => {
            let Some(colon) = find(b':') else { return Ok(None) };
            let length = std::str::from_utf8(&input[..colon]).ok().and_then(|n| n.parse().ok());
            let length: usize = length.ok_or(io::ErrorKind::InvalidData)?;
            let (start, end) = (colon + 1, colon + 1 + length);
            match input.get(end) {
                None => Ok(None),
                Some(b',') => Ok(Some((input[start..end].to_vec(), end + 1))),
                Some(_) => Err(io::ErrorKind::InvalidData.into()),
            }
        }
    }
}
