//! A small server on a unix socket, for what a test plays itself.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Serves each connection in a thread of its own until dropped, which ends the connections, too.
#[derive(Debug)]
pub(crate) struct Server {
    path: PathBuf,
    listener: Arc<UnixListener>,
    streams: Arc<Mutex<Vec<UnixStream>>>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on `path`, open to every user. `serve` ends when the peer closes.
    pub(crate) fn listen(
        path: &Path,
        serve: impl Fn(UnixStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = Arc::new(UnixListener::bind(path).unwrap());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).unwrap();
        let (incoming, serve) = (Arc::clone(&listener), Arc::new(serve));
        let streams = Arc::new(Mutex::new(Vec::new()));
        let accepted = Arc::clone(&streams);
        let accepting = std::thread::spawn(move || {
            // An error is the end, see below.
            while let Ok((stream, _)) = incoming.accept() {
                let (kept, serve) = (stream.try_clone().unwrap(), Arc::clone(&serve));
                accepted.lock().unwrap().push(stream.try_clone().unwrap());
                std::thread::spawn(move || {
                    // A broken connection is the peer's to repeat.
                    let _ = serve(stream);
                    // Those that are kept must not keep it open.
                    let _ = kept.shutdown(std::net::Shutdown::Both);
                });
            }
        });
        Self { path: path.to_owned(), listener, streams, accepting: Some(accepting) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Wakes who accepts, whatever has become of the path.
        let _ = rustix::net::shutdown(&*self.listener, rustix::net::Shutdown::Both);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        for stream in self.streams.lock().into_iter().flat_map(|mut all| std::mem::take(&mut *all))
        {
            // It may be closed already.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        let _ = std::fs::remove_file(&self.path);
    }
}
