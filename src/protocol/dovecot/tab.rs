//! Fields between TABs, and the escapes that keep TABs and newlines out of them.
//!
//! # See also
//! Dovecot `src/lib/strescape.c`

use bytes::{BufMut, BytesMut};

/// What stands for a byte that cannot stand for itself.
const ESCAPE: u8 = 1;

/// Appends `text`, escaped: NUL, 0x01, TAB, LF and CR become two bytes, all others stay.
pub(super) fn escape(text: &[u8], output: &mut BytesMut) {
    output.reserve(text.len());
    for &byte in text {
        match letter(byte) {
            Some(letter) => output.put_slice(&[ESCAPE, letter]),
            None => output.put_u8(byte),
        }
    }
}

/// Undoes [`escape`] as Dovecot does: an unknown escape is the byte behind it, one at the end is
/// nothing.
pub(super) fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(&byte) = rest.next() {
        if byte != ESCAPE {
            bytes.push(byte);
        } else if let Some(&letter) = rest.next() {
            bytes.push(match letter {
                b'0' => 0,
                b'1' => ESCAPE,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => other,
            });
        }
    }
    bytes
}

/// The fields of a line, still escaped.
pub(super) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b'\t')
}

/// A number in decimal digits, and nothing else: no sign, no space.
pub(super) fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

/// A parameter `NAME=VALUE`, or `NAME` alone: the name, and the value still escaped.
pub(super) fn parameter(field: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'=', field).and_then(|at| field.split_at_checked(at)) {
        Some((name, value)) => (name, value.get(1..)),
        None => (field, None),
    }
}

fn letter(byte: u8) -> Option<u8> {
    Some(match byte {
        0 => b'0',
        ESCAPE => b'1',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_dovecots() {
        let table: &[(&[u8], &[u8])] = &[
            (b"", b""),
            (b"alice@example.org", b"alice@example.org"),
            (b"weird\tuser", b"weird\x01tuser"),
            (b"\0\x01\t\n\r", b"\x010\x011\x01t\x01n\x01r"),
            ("grün\\/=%".as_bytes(), "grün\\/=%".as_bytes()),
            (b"\xff\xfe", b"\xff\xfe"),
        ];
        for (text, escaped) in table {
            let mut output = BytesMut::new();
            escape(text, &mut output);
            assert_eq!(&output[..], *escaped);
            assert_eq!(unescape(escaped), *text);
        }
    }

    #[test]
    fn odd_escapes_are_read_as_dovecot_reads_them() {
        let table: &[(&[u8], &[u8])] =
            &[(b"a\x01xb", b"axb"), (b"a\x01", b"a"), (b"\x01\x01", b"\x01"), (b"\x01", b"")];
        for (escaped, text) in table {
            assert_eq!(unescape(escaped), *text, "{}", escaped.escape_ascii());
        }
    }

    #[test]
    fn numbers_are_digits() {
        let table: &[(&[u8], Option<u32>)] = &[
            (b"0", Some(0)),
            (b"007", Some(7)),
            (b"4294967295", Some(u32::MAX)),
            (b"4294967296", None),
            (b"", None),
            (b"+1", None),
            (b"-1", None),
            (b" 1", None),
            (b"1x", None),
            ("١".as_bytes(), None),
        ];
        for (digits, expected) in table {
            assert_eq!(number(digits), *expected, "{}", digits.escape_ascii());
        }
    }
}
