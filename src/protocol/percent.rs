//! The `%XX` quoting of `tcp_table`: percent signs, spaces, control and non-ASCII bytes.
//!
//! # See also
//! `tcp_table(5)`, section ENCODING

use bytes::{BufMut, BytesMut};
use nom::branch::alt;
use nom::bytes::complete::{tag, take_while_m_n, take_while1};
use nom::combinator::map;
use nom::multi::fold_many0;
use nom::sequence::preceded;
use nom::{IResult, Parser};

/// Appends `text`, quoted.
pub(super) fn encode(text: &[u8], output: &mut BytesMut) {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    let hex = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    for &byte in text {
        if byte.is_ascii_graphic() && byte != b'%' {
            output.put_u8(byte);
        } else {
            output.put_slice(&[b'%', hex(byte >> 4), hex(byte & 15)]);
        }
    }
}

/// How many bytes [`encode`] appends.
pub(super) fn encoded_len(text: &[u8]) -> usize {
    text.iter().map(|b| if b.is_ascii_graphic() && *b != b'%' { 1 } else { 3 }).sum()
}

/// Undoes the quoting; raw spaces and raw UTF-8 are taken as they are. `None` if a `%` is not
/// followed by two hexadecimal digits.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    match unquoted(text) {
        Ok(([], bytes)) => Some(bytes),
        _ => None,
    }
}

fn unquoted(text: &[u8]) -> IResult<&[u8], Vec<u8>> {
    let literal = take_while1(|b: u8| b != b'%');
    let hex = take_while_m_n(2, 2, |b: u8| b.is_ascii_hexdigit());
    let quoted = map(preceded(tag(&b"%"[..]), hex), byte);
    let start = || Vec::with_capacity(text.len());
    fold_many0(
        alt((map(literal, Piece::Raw), map(quoted, Piece::Quoted))),
        start,
        |mut all, piece| {
            match piece {
                Piece::Raw(bytes) => all.extend_from_slice(bytes),
                Piece::Quoted(byte) => all.push(byte),
            }
            all
        },
    )
    .parse(text)
}

enum Piece<'a> {
    Raw(&'a [u8]),
    Quoted(u8),
}

fn byte(digits: &[u8]) -> u8 {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => digit - b'0',
        _ => digit.to_ascii_lowercase() - b'a' + 10,
    };
    digits.iter().fold(0, |byte, digit| byte << 4 | value(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_is_undone() {
        let table: &[(&[u8], Option<&[u8]>)] = &[
            (b"user+ext@example.org", Some(b"user+ext@example.org")),
            (b"%22a%20b%22@example.org", Some(b"\"a b\"@example.org")),
            (b"b%C3%B8x", Some("bøx".as_bytes())),
            (b"b%c3%b8x", Some("bøx".as_bytes())),
            (b"a b", Some(b"a b")),
            (b"", Some(b"")),
            (b"100%", None),
            (b"%4", None),
            (b"%zz", None),
        ];
        for (text, expected) in table {
            assert_eq!(decode(text).as_deref(), *expected, "{:?}", text.escape_ascii().to_string());
        }
    }

    #[test]
    fn every_byte_survives() {
        let all: Vec<u8> = (0..=255).collect();
        let mut quoted = BytesMut::new();
        encode(&all, &mut quoted);
        assert_eq!(quoted.len(), encoded_len(&all));
        assert!(quoted.iter().all(u8::is_ascii_graphic));
        assert_eq!(decode(&quoted), Some(all));
    }
}
