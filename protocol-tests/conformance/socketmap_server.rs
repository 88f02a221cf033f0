//! A socketmap responder with fixed answers: it proves the other tools, and plays servers that misbehave.

use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Serves one socket until dropped.
#[derive(Debug)]
pub(crate) struct SocketmapServer {
    path: PathBuf,
    closing: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl SocketmapServer {
    /// Listens on `path`, open to every user; `answer` maps table and key to the payload of a reply,
    /// such as `OK value` or `NOTFOUND `.
    pub(crate) fn listen(
        path: &Path,
        answer: impl Fn(&str, &str) -> String + Send + Sync + 'static,
    ) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let answer = Arc::new(answer);
        let closing = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&closing);
        let listener = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (stream, answer) = (stream.unwrap(), Arc::clone(&answer));
                // Ends when Postfix closes.
                std::thread::spawn(move || serve(&stream, &*answer));
            }
        });
        Self { path: path.to_owned(), closing, listener: Some(listener) }
    }
}

impl Drop for SocketmapServer {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        // Wakes the listener, which then sees that it is over.
        let _ = UnixStream::connect(&self.path);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
        let _ = std::fs::remove_file(&self.path);
    }
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
