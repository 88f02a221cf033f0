//! Asks the running daemon over its own socket, which speaks socketmap.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use bytes::BytesMut;

use crate::config::{Config, Endpoint};
use crate::exit::{Exit, Failure};
use crate::protocol::socketmap::{Request, Socketmap};
use crate::protocol::{ProtocolError, Reply};

/// The daemon answers within its query timeout; who has heard nothing for so long never will.
const PATIENCE: Duration = Duration::from_secs(15);

/// Asks the daemon for a key in a table.
///
/// # Errors
/// There is no daemon, or it does not answer.
pub(super) fn ask(config: &Config, table: &str, key: &str) -> Result<Reply, Failure> {
    send(config, &Request::new(table, key.as_bytes()))
}

/// Sends the daemon a request.
///
/// # Errors
/// There is no daemon, or it does not answer.
pub(super) fn send(config: &Config, request: &Request) -> Result<Reply, Failure> {
    let Endpoint::Unix(path) = &config.control.address else {
        let why = format!("`{}` is no unix path", config.control.address);
        return Err(Failure::new(Exit::Configuration, why));
    };
    let asked = UnixStream::connect(path).and_then(|stream| exchange(&stream, request));
    asked.map_err(|error| failure(&path.display().to_string(), &error))
}

fn exchange(mut stream: &UnixStream, asked: &Request) -> std::io::Result<Reply> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = BytesMut::new();
    Socketmap::encode_request(asked, &mut request);
    stream.write_all(&request)?;
    let (mut input, mut chunk) = (BytesMut::new(), [0; 8192]);
    loop {
        let invalid = |error: ProtocolError| std::io::Error::new(ErrorKind::InvalidData, error);
        if let Some(reply) = Socketmap::decode_reply(&mut input).map_err(invalid)? {
            return Ok(reply);
        }
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        input.extend_from_slice(chunk.get(..read).unwrap_or_default());
    }
}

fn failure(path: &str, error: &std::io::Error) -> Failure {
    let failed =
        |exit, why: &str| Failure::new(exit, format!("cannot ask the daemon at `{path}`: {why}"));
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            failed(Exit::Unavailable, "it is not running, or listens elsewhere").hint(
                "start it with `systemctl start postcote` or `postcote serve`; `--config` must \
                 name the file that it runs with",
            )
        }
        ErrorKind::PermissionDenied => failed(Exit::Permission, "permission denied")
            .hint("run as root, or as a member of the socket's group ([control] group)"),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            failed(Exit::Temporary, "it has not answered for 15 seconds")
                .hint("its log tells what it waits for")
        }
        ErrorKind::InvalidData => failed(Exit::Unavailable, "something else answers there")
            .hint("compare [control] address with what listens there: `ss -xlp`"),
        ErrorKind::UnexpectedEof => failed(Exit::Temporary, "it closed the connection")
            .hint("it may be restarting; ask again"),
        _ => failed(Exit::Unavailable, &error.to_string()),
    }
}
