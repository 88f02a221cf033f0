//! A socketmap responder with fixed answers: it proves the other tools, and plays servers that misbehave.

use std::io::{self, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::server::Server;

/// Listens on `path`; `answer` maps table and key to the payload of a reply, such as `OK value` or `NOTFOUND `.
pub(crate) fn answering(
    path: &Path,
    answer: impl Fn(&str, &str) -> String + Send + Sync + 'static,
) -> Server {
    Server::listen(path, move |stream| serve(&stream, &answer))
}

fn serve(stream: &UnixStream, answer: &dyn Fn(&str, &str) -> String) -> io::Result<()> {
    let mut input = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut byte = [0];
            input.read_exact(&mut byte)?;
            match byte[0] {
                digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
                _ => break,
            }
        }
        let mut payload = vec![0; length + 1];
        input.read_exact(&mut payload)?;
        let payload = String::from_utf8_lossy(&payload[..length]);
        let (table, key) = payload.split_once(' ').unwrap_or((&payload, ""));
        let reply = answer(table, key);
        // In one piece: Postfix would read a delayed rest as the answer to its next question.
        (&mut &*stream).write_all(format!("{}:{reply},", reply.len()).as_bytes())?;
    }
}
