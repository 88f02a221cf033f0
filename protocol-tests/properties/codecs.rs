//! The codecs: however bytes arrive and whatever they are.

use bytes::BytesMut;
use postcote::protocol::{Codec, ProtocolError, Reply, Socketmap, TcpTable, socketmap, tcp_table};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::words::{line, quoted, unquoted};
use crate::support::wire::{Framing, framed};

/// Requests as they may stand on the wire, most of them good.
fn netstrings() -> impl Strategy<Value = Vec<u8>> {
    let good = vec(any::<u8>(), 0..60).prop_map(|payload| framed(Framing::Netstring, &payload));
    let padded = vec(any::<u8>(), 0..60)
        .prop_map(|payload| [b"00", framed(Framing::Netstring, &payload).as_slice()].concat());
    let named = "[a-z_]{1,20} \\PC{0,40}"
        .prop_map(|payload| framed(Framing::Netstring, payload.as_bytes()));
    let bad = prop_oneof![
        vec(any::<u8>(), 0..20),
        "[0-9]{1,12}:".prop_map(String::into_bytes),
        "[0-9]{1,3}:[a-z ]{0,20},".prop_map(String::into_bytes),
    ];
    stream(prop_oneof![4 => good, 1 => padded, 4 => named, 1 => bad])
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let good = (vec(any::<u8>(), 0..40), any::<u64>()).prop_map(|(key, how)| line(&key, how));
    let odd = prop_oneof![
        "(get|put) \\PC{0,40}\r?\n".prop_map(String::into_bytes),
        "put [a-z]{1,9} [a-z]{1,9}\n".prop_map(String::into_bytes),
    ];
    let bad = prop_oneof![vec(any::<u8>(), 0..20), "[a-z% ]{0,20}\n".prop_map(String::into_bytes)];
    stream(prop_oneof![5 => good, 3 => odd, 1 => bad])
}

pub(super) fn stream(one: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    vec(one, 0..8).prop_map(|parts| parts.concat())
}

/// Feeds a codec piece by piece: the requests it makes of them, and how that ended.
pub(super) fn decode<C: Codec>(
    codec: &mut C,
    pieces: &[&[u8]],
) -> (Vec<C::Request>, Result<usize, ProtocolError>) {
    let (mut requests, mut input) = (Vec::new(), BytesMut::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        loop {
            let before = input.len();
            match codec.decode(&mut input) {
                Err(reason) => return (requests, Err(reason)),
                Ok(None) => break,
                Ok(Some(request)) => {
                    assert!(input.len() < before, "a request takes its bytes away");
                    requests.push(request);
                }
            }
        }
    }
    (requests, Ok(input.len()))
}

/// Cuts a stream at some places.
pub(super) fn cut<'a>(stream: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    places.extend([0, stream.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect()
}

/// What every codec keeps; a new one needs one line.
macro_rules! codec_properties {
    ($name:ident, $codec:expr, $streams:expr) => {
        mod $name {
            use super::*;

            proptest! {
                #[test]
                fn chunking_is_invisible(stream in $streams, cuts in vec(any::<Index>(), 0..8)) {
                    let whole = decode(&mut $codec, &[&stream]);
                    let bytes: Vec<_> = stream.chunks(1).collect();
                    prop_assert_eq!(&whole, &decode(&mut $codec, &bytes));
                    let pieces = cut(&stream, &cuts);
                    prop_assert_eq!(&whole, &decode(&mut $codec, &pieces));
                }

                #[test]
                fn arbitrary_bytes_are_harmless(stream in vec(any::<u8>(), 0..2000)) {
                    let (_, end) = decode(&mut $codec, &[&stream]);
                    prop_assert!(end.is_ok_and(|rest| rest <= stream.len()) || end.is_err());
                }

                #[test]
                fn a_codec_keeps_nothing_of_what_it_has_returned(streams in vec($streams, 1..4)) {
                    // A codec that has decoded good requests decodes the next like a fresh one.
                    let mut used = $codec;
                    for stream in streams {
                        let fresh = decode(&mut $codec, &[&stream]);
                        prop_assert_eq!(&decode(&mut used, &[&stream]), &fresh);
                        if fresh.1 != Ok(0) {
                            break;
                        }
                    }
                }
            }
        }
    };
}

pub(super) use codec_properties;

codec_properties!(of_socketmap, Socketmap, netstrings());
codec_properties!(of_tcp_table, TcpTable::default(), lines());

proptest! {
    #[test]
    fn socketmap_requests_survive(table in "[a-z_]{0,30}", key in vec(any::<u8>(), 0..300)) {
        let request = socketmap::Request::new(&table, &key);
        let mut wire = BytesMut::new();
        Socketmap::encode_request(&request, &mut wire);
        let payload = [table.as_bytes(), b" ", &key].concat();
        prop_assert_eq!(&wire[..], &framed(Framing::Netstring, &payload)[..]);
        let (requests, rest) = decode(&mut Socketmap, &[&wire]);
        prop_assert_eq!(rest, Ok(0));
        prop_assert_eq!(requests[0].table(), table.as_bytes());
        prop_assert_eq!(requests[0].key(), &key[..]);
        prop_assert_eq!(requests, [request]);
    }

    #[test]
    fn tcp_table_requests_survive(key in vec(any::<u8>(), 0..300), how in any::<u64>()) {
        let (requests, rest) = decode(&mut TcpTable::default(), &[&line(&key, how)]);
        prop_assert_eq!(rest, Ok(0));
        prop_assert_eq!(requests, [tcp_table::Request::Get(key)]);
    }

    #[test]
    fn socketmap_replies_survive(reply in replies()) {
        let mut wire = BytesMut::new();
        Socketmap.encode(&reply, &mut wire);
        let read = Socketmap::decode_reply(&mut wire);
        prop_assert_eq!(read, Ok(Some(reply)));
        prop_assert!(wire.is_empty());
    }

    #[test]
    fn tcp_table_replies_are_lines_that_postfix_reads(reply in replies()) {
        let mut wire = BytesMut::new();
        TcpTable::default().encode(&reply, &mut wire);
        prop_assert!(wire.len() <= tcp_table::MAX_REPLY);
        let (end, line) = wire.split_last().unwrap();
        prop_assert_eq!(*end, b'\n');
        // tcp_table(5): control, space and non-ASCII characters never stand bare in a reply.
        prop_assert!(line[4..].iter().all(u8::is_ascii_graphic));
        let text = unquoted(&line[4..]);
        match &reply {
            Reply::Found(value) if tcp_table::fits(&reply) => {
                prop_assert_eq!(&line[..4], b"200 ");
                prop_assert_eq!(text, value.as_bytes());
            }
            Reply::NotFound => prop_assert_eq!(&line[..4], b"500 "),
            Reply::Found(_) | Reply::Temporary(_) | Reply::Misconfigured(_) => {
                prop_assert_eq!(&line[..4], b"400 ");
            }
        }
    }

    #[test]
    fn quoting_is_undone(bytes in vec(any::<u8>(), 0..200), how in any::<u64>()) {
        prop_assert_eq!(unquoted(&quoted(&bytes, how)), bytes);
    }

    #[test]
    fn a_length_is_judged_before_anything_is_allocated(length in lengths()) {
        let mut input = BytesMut::with_capacity(64);
        input.extend_from_slice(format!("{length}:").as_bytes());
        let (before, capacity) = (input.clone(), input.capacity());
        let decoded = Socketmap.decode(&mut input);
        if length > socketmap::MAX_REQUEST as u64 {
            prop_assert!(decoded.is_err(), "{:?}", decoded);
        } else {
            prop_assert_eq!(decoded, Ok(None));
        }
        prop_assert_eq!(input.capacity(), capacity);
        prop_assert_eq!(input, before);
    }
}

/// Lengths below and around the limit, and any.
fn lengths() -> impl Strategy<Value = u64> {
    let limit = socketmap::MAX_REQUEST as u64;
    prop_oneof![0..=limit, limit - 2..limit + 3, any::<u64>()]
}

/// Replies that a handler may give: a value is never empty.
fn replies() -> impl Strategy<Value = Reply> {
    prop_oneof![
        "(?s).{1,200}".prop_map(Reply::Found),
        (1_usize..6000).prop_map(|length| Reply::Found("ü".repeat(length))),
        Just(Reply::NotFound),
        "(?s).{0,100}".prop_map(Reply::Temporary),
        (0_usize..3000).prop_map(|length| Reply::Temporary("ü ".repeat(length))),
        "(?s).{0,100}".prop_map(Reply::Misconfigured),
    ]
}

#[test]
fn limits_are_exact() {
    let netstring = |length: usize| framed(Framing::Netstring, &vec![b'x'; length]);
    let (requests, rest) = decode(&mut Socketmap, &[&netstring(socketmap::MAX_REQUEST)]);
    assert_eq!((requests.len(), rest), (1, Ok(0)));
    let too_long = Err(ProtocolError::TooLong { limit: socketmap::MAX_REQUEST });
    let (requests, rest) = decode(&mut Socketmap, &[&netstring(socketmap::MAX_REQUEST + 1)]);
    assert_eq!((requests.len(), rest), (0, too_long));

    let line = |length: usize| [b"get ", vec![b'x'; length - 4].as_slice(), b"\n"].concat();
    let (requests, rest) = decode(&mut TcpTable::default(), &[&line(tcp_table::MAX_REQUEST)]);
    assert_eq!((requests.len(), rest), (1, Ok(0)));
    let too_long = Err(ProtocolError::TooLong { limit: tcp_table::MAX_REQUEST });
    let line = line(tcp_table::MAX_REQUEST + 1);
    for pieces in [vec![&line[..]], line.chunks(50_000).collect()] {
        let (requests, rest) = decode(&mut TcpTable::default(), &pieces);
        assert_eq!((requests.len(), rest), (0, too_long));
    }
}
