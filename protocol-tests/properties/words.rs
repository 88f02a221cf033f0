//! The quoting of `tcp_table(5)` once more, by the letter of the manual.

use proptest::prelude::*;

/// Quotes what must be quoted, and of the rest whatever the bits of `how` say, in either case.
pub(super) fn quoted(bytes: &[u8], how: u64) -> Vec<u8> {
    let mut text = Vec::new();
    for (index, byte) in bytes.iter().enumerate() {
        let bits = how.rotate_right(u32::try_from(2 * index % 64).unwrap());
        let must = matches!(byte, b'%' | b'\n' | b'\r');
        match (must || bits & 1 == 1, bits & 2 == 2) {
            (false, _) => text.push(*byte),
            (true, false) => text.extend_from_slice(format!("%{byte:02x}").as_bytes()),
            (true, true) => text.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    text
}

/// Undoes it.
pub(super) fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(&behind[..2]).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    bytes
}

/// A request for a key.
pub(super) fn line(key: &[u8], how: u64) -> Vec<u8> {
    [b"get ", quoted(key, how).as_slice(), b"\n"].concat()
}

proptest! {
    #[test]
    fn quoting_goes_both_ways(bytes in proptest::collection::vec(any::<u8>(), 0..50), how in any::<u64>()) {
        prop_assert_eq!(unquoted(&quoted(&bytes, how)), bytes);
    }
}
