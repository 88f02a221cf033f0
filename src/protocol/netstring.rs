//! Netstrings: a length in decimal digits, a colon, that many bytes, a comma.
//!
//! # See also
//! <https://cr.yp.to/proto/netstrings.txt>, Postfix `util/netstring.c`

use nom::bytes::streaming::{tag, take, take_while_m_n};
use nom::sequence::terminated;
use nom::{IResult, Parser};

use crate::protocol::ProtocolError;

/// The most digits a length may have; leading zeros are accepted, as Postfix does.
const MAX_DIGITS: usize = 9;

/// Reads one netstring off the front of `input`: its payload, and how many bytes it took up.
/// `None` means that more bytes are needed.
///
/// # Errors
/// The length is no number or passes `limit`, or the comma is missing. A length is judged as soon
/// as its digits are there, before anything is waited for or allocated.
pub(super) fn parse(input: &[u8], limit: usize) -> Result<Option<(&[u8], usize)>, ProtocolError> {
    let (rest, digits) = match length(input) {
        Ok(parsed) => parsed,
        Err(nom::Err::Incomplete(_)) => return Ok(None),
        Err(_) => return Err(ProtocolError::Malformed),
    };
    let length = digits.iter().fold(0, |n, digit| n * 10 + usize::from(digit - b'0'));
    if length > limit {
        return Err(ProtocolError::TooLong { limit });
    }
    match payload(rest, length) {
        Ok((rest, payload)) => Ok(Some((payload, input.len() - rest.len()))),
        Err(nom::Err::Incomplete(_)) => Ok(None),
        Err(_) => Err(ProtocolError::Malformed),
    }
}

fn length(input: &[u8]) -> IResult<&[u8], &[u8]> {
    terminated(take_while_m_n(1, MAX_DIGITS, |b: u8| b.is_ascii_digit()), tag(&b":"[..]))
        .parse(input)
}

fn payload(input: &[u8], length: usize) -> IResult<&[u8], &[u8]> {
    terminated(take(length), tag(&b","[..])).parse(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn netstrings_are_read_or_refused_at_once() {
        type Parsed<'a> = Result<Option<(&'a [u8], usize)>, ProtocolError>;
        let table: &[(&[u8], Parsed<'_>, &str)] = &[
            (b"3:abc,", Ok(Some((b"abc", 6))), "whole"),
            (b"3:abc,4:", Ok(Some((b"abc", 6))), "the rest is left"),
            (b"003:abc,", Ok(Some((b"abc", 8))), "leading zeros"),
            (b"0:,", Ok(Some((b"", 3))), "empty"),
            (b"", Ok(None), "nothing yet"),
            (b"3", Ok(None), "length not ended"),
            (b"3:ab", Ok(None), "payload not ended"),
            (b"3:abc", Ok(None), "comma to come"),
            (b"3:abcd", Err(ProtocolError::Malformed), "no comma"),
            (b":abc,", Err(ProtocolError::Malformed), "no length"),
            (b" 3:abc,", Err(ProtocolError::Malformed), "space before"),
            (b"-1:,", Err(ProtocolError::Malformed), "sign"),
            (b"11:", Err(ProtocolError::TooLong { limit: 10 }), "judged before the payload"),
            (b"999999999:", Err(ProtocolError::TooLong { limit: 10 }), "huge"),
            (b"9999999999", Err(ProtocolError::Malformed), "too many digits"),
        ];
        for (input, expected, why) in table {
            assert_eq!(parse(input, 10), *expected, "{why}");
        }
    }
}
