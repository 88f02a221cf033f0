//! The bar: as little as a tokio server can do for a lookup. It reads, finds the whole request in a
//! map of finished replies, and writes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

type Replies = HashMap<Box<[u8]>, Box<[u8]>>;

/// Serves for ever.
pub(crate) async fn serve(socket: &Path, replies: Replies) {
    let replies = Arc::new(replies);
    let listener = UnixListener::bind(socket).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let replies = Arc::clone(&replies);
        tokio::spawn(async move { answer(stream, &replies).await });
    }
}

async fn answer(mut stream: UnixStream, replies: &Replies) -> std::io::Result<()> {
    let mut buffer = vec![0; 4096];
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]).await? {
            0 => break,
            read => filled += read,
        }
        while let Some(length) = request(&buffer[..filled]) {
            let reply = replies.get(&buffer[..length]).map_or(&b"9:NOTFOUND ,"[..], |r| r);
            stream.write_all(reply).await?;
            buffer.copy_within(length..filled, 0);
            filled -= length;
        }
    }
    Ok(())
}

/// The length of the first request, if it is there as a whole.
fn request(bytes: &[u8]) -> Option<usize> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length = bytes[..colon].iter().fold(0, |n, digit| n * 10 + usize::from(digit - b'0'));
    let whole = colon + 1 + length + 1;
    (whole <= bytes.len()).then_some(whole)
}
