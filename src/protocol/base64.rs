//! Base64 as SASL uses it (RFC 4648, section 4): written with padding, read with or without.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::{BufMut, BytesMut};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Appends the bytes, encoded.
pub(super) fn encode(bytes: &[u8], output: &mut BytesMut) {
    output.put_slice(BASE64.encode(bytes).as_bytes());
}

/// Undoes [`encode`]. `None` if the text is not in base64.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_may_be_left_out_and_nothing_else() {
        let table: &[(&[u8], Option<&[u8]>)] = &[
            (b"", Some(b"")),
            (b"AHNla3JpdA==", Some(b"\0sekrit")),
            (b"AHNla3JpdA", Some(b"\0sekrit")),
            (b"=", None),
            (b"AHNla3JpdA=", Some(b"\0sekrit")),
            (b"A", None),
            (b"AHNl a3Jp", None),
            (b"AHNla3JpdB==", None),
            (b"AHN-", None),
        ];
        for (text, expected) in table {
            assert_eq!(decode(text).as_deref(), *expected, "{}", text.escape_ascii());
        }
    }
}
