//! The client's side of protocols made of lines, on a unix socket, as Dovecot's are.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An answer that takes longer than this is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Lines(BufReader<UnixStream>);

impl Lines {
    pub(crate) fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    /// Connects as a login process or Postfix does to an auth socket, past the greeting.
    pub(crate) fn to_auth(path: &Path) -> Self {
        let mut lines = Self::connect(path);
        while lines.hears() != "DONE" {}
        lines.says("VERSION\t1\t2\nCPID\t4711");
        lines
    }

    pub(crate) fn says(&mut self, lines: &str) {
        self.says_raw(format!("{lines}\n").as_bytes()).unwrap();
    }

    pub(crate) fn says_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// The next line; empty when the connection is closed.
    pub(crate) fn hears(&mut self) -> String {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).unwrap();
        String::from_utf8(line).unwrap().trim_end_matches('\n').to_owned()
    }

    pub(crate) fn asks(&mut self, lines: &str) -> String {
        self.says(lines);
        self.hears()
    }

    /// Says nothing more and hears the other side out.
    pub(crate) fn ends(mut self) -> Vec<u8> {
        // Who has closed already may have more to be read.
        let _ = self.0.get_ref().shutdown(Shutdown::Write);
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => panic!("{error}"),
            _ => rest,
        }
    }
}

/// The message of PLAIN.
pub(crate) fn plain(name: &str, password: &[u8]) -> String {
    STANDARD.encode([b"\0", name.as_bytes(), b"\0", password].concat())
}
