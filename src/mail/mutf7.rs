//! Modified UTF-7, the encoding of mailbox names in maildir (RFC 3501, 5.1.3).
//!
//! The one crate for it brings regular expressions and two more encoders for what is a few lines
//! in one direction.

/// Encodes a name: printable ASCII stays, `&` becomes `&-`, and runs of anything else become
/// UTF-16BE in base64 with `,` for `/` and without padding, between `&` and `-`.
pub(super) fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    let mut run: Vec<u16> = Vec::new();
    for c in name.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            shift(&mut run, &mut encoded);
            encoded.push(c);
            if c == '&' {
                encoded.push('-');
            }
        } else {
            run.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    shift(&mut run, &mut encoded);
    encoded
}

/// Writes what stands between `&` and `-`.
fn shift(run: &mut Vec<u16>, encoded: &mut String) {
    if run.is_empty() {
        return;
    }
    encoded.push('&');
    let (mut bits, mut count) = (0_u32, 0);
    for unit in run.drain(..) {
        bits = bits << 16 | u32::from(unit);
        count += 16;
        while count >= 6 {
            count -= 6;
            encoded.push(digit(bits >> count));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        encoded.push(digit(bits << (6 - count)));
    }
    encoded.push('-');
}

/// The digit for the lowest six bits.
fn digit(bits: u32) -> char {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    DIGITS.get((bits & 63) as usize).map_or('A', |digit| char::from(*digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_encoded_as_dovecot_encodes_them() {
        let table = [
            ("Sent", "Sent"),
            ("A B.C", "A B.C"),
            ("A&B", "A&-B"),
            ("Gelöschte Objekte", "Gel&APY-schte Objekte"),
            ("Entwürfe", "Entw&APw-rfe"),
            ("Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-"),
            ("台北", "&U,BTFw-"),
            ("日本語", "&ZeVnLIqe-"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("😀", "&2D3eAA-"),
            ("ö&ü", "&APY-&-&APw-"),
            ("x\u{7f}", "x&AH8-"),
        ];
        for (name, expected) in table {
            assert_eq!(encode(name), expected, "{name}");
        }
    }
}
