//! The loop that serves a connection: one reply to each request, in order, until bytes are no request.

use std::time::Duration;

use postcote::handler::Handler;
use postcote::protocol::{Codec, Reply, Socketmap, TcpTable, socketmap, tcp_table};
use postcote::server::Shutdown;
use postcote::server::connection::{End, Patience, serve};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::codecs::cut;
use super::words::line;
use crate::support::wire::{Framing, framed};

/// Answers a key with itself.
struct Echo;

impl Handler<Socketmap> for Echo {
    async fn handle(&self, request: socketmap::Request) -> Reply {
        Reply::Found(String::from_utf8_lossy(request.key()).into_owned())
    }
}

impl Handler<TcpTable> for Echo {
    async fn handle(&self, request: tcp_table::Request) -> Reply {
        match request {
            tcp_table::Request::Get(key) => {
                Reply::Found(String::from_utf8_lossy(&key).into_owned())
            }
            tcp_table::Request::Put => Reply::NotFound,
        }
    }
}

/// Sends pieces one after the other, ends or breaks off, and gives everything that was replied.
fn serve_pieces<C>(codec: C, pieces: &[&[u8]]) -> (Vec<u8>, End)
where
    C: Codec,
    Echo: Handler<C>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (ours, theirs) = duplex(64);
        let (mut reader, mut writer) = tokio::io::split(ours);
        let patience = Patience { idle: None, stalled: Duration::from_secs(100) };
        let (shutdown, _drain) = Shutdown::new();
        let mut replies = Vec::new();
        let send = async {
            for piece in pieces {
                // Whoever broke the protocol is not listened to any more.
                if writer.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            let _ = writer.shutdown().await;
        };
        let (end, (), read) = tokio::join!(
            serve(theirs, codec, &Echo, patience, shutdown),
            send,
            reader.read_to_end(&mut replies),
        );
        read.unwrap();
        (replies, end)
    })
}

proptest! {
    #[test]
    fn socketmap_answers_what_is_good_until_something_is_not(
        keys in vec("[a-z]{1,200}", 0..10), bad in prop::option::of("[^0-9].{0,20}"),
        cuts in vec(any::<Index>(), 0..10),
    ) {
        let mut stream = Vec::new();
        let mut expected = Vec::new();
        for key in &keys {
            stream.extend(framed(Framing::Netstring, format!("table {key}").as_bytes()));
            expected.extend(framed(Framing::Netstring, format!("OK {key}").as_bytes()));
        }
        stream.extend(bad.iter().flat_map(|bad| bad.bytes()));
        let (replies, end) = serve_pieces(Socketmap, &cut(&stream, &cuts));
        prop_assert_eq!(replies, expected);
        prop_assert_eq!(matches!(end, End::Malformed(_)), bad.is_some(), "{:?}", end);
    }

    #[test]
    fn tcp_table_answers_what_is_good_until_something_is_not(
        keys in vec("[a-z]{1,200}", 0..10), bad in prop::option::of("[^gp\n\r].{0,20}\n"),
        cuts in vec(any::<Index>(), 0..10), how in any::<u64>(),
    ) {
        let mut stream = Vec::new();
        let mut expected = String::new();
        for key in &keys {
            stream.extend(line(key.as_bytes(), how));
            expected.extend(["200 ", key, "\n"]);
        }
        stream.extend(bad.iter().flat_map(|bad| bad.bytes()));
        let (replies, end) = serve_pieces(TcpTable::default(), &cut(&stream, &cuts));
        prop_assert_eq!(replies, expected.into_bytes());
        prop_assert_eq!(matches!(end, End::Malformed(_)), bad.is_some(), "{:?}", end);
    }
}
