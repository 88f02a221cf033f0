//! Lines: whatever stands before a newline.

use bytes::BytesMut;

use crate::protocol::ProtocolError;

/// Cuts lines off the front of a buffer, and searches no byte twice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lines {
    /// How many bytes were searched for a newline already.
    searched: usize,
}

impl Lines {
    /// Takes the next line, without its newline, or `None` if it has not all arrived.
    ///
    /// # Errors
    /// It has more than `limit` bytes, which is said as soon as that many are there.
    pub(super) fn take(
        &mut self,
        input: &mut BytesMut,
        limit: usize,
    ) -> Result<Option<BytesMut>, ProtocolError> {
        let fresh = input.get(self.searched..).unwrap_or_default();
        let end = memchr::memchr(b'\n', fresh).map(|at| at + self.searched);
        if end.unwrap_or(input.len()) > limit {
            return Err(ProtocolError::TooLong { limit });
        }
        let Some(end) = end else {
            self.searched = input.len();
            return Ok(None);
        };
        self.searched = 0;
        let mut line = input.split_to(end + 1);
        line.truncate(end);
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_whole_or_refused_at_once() {
        type Bytes = &'static [u8];
        type Taken = Result<Option<Bytes>, ProtocolError>;
        let table: &[(&[Bytes], Taken, Bytes)] = &[
            (&[b"abc\nd"], Ok(Some(b"abc")), b"d"),
            (&[b"ab", b"c", b"\n"], Ok(Some(b"abc")), b""),
            (&[b"\n"], Ok(Some(b"")), b""),
            (&[b"abc\r\n"], Ok(Some(b"abc\r")), b""),
            (&[b""], Ok(None), b""),
            (&[b"abcd"], Ok(None), b"abcd"),
            (&[b"abcd\n"], Ok(Some(b"abcd")), b""),
            (&[b"abcde"], Err(ProtocolError::TooLong { limit: 4 }), b"abcde"),
            (&[b"abcd", b"e\n"], Err(ProtocolError::TooLong { limit: 4 }), b"abcde\n"),
        ];
        for (pieces, expected, rest) in table {
            let (mut lines, mut input, mut got) = (Lines::default(), BytesMut::new(), Ok(None));
            for piece in *pieces {
                input.extend_from_slice(piece);
                got = lines.take(&mut input, 4);
            }
            let got = got.as_ref().map(|line| line.as_deref()).map_err(|error| *error);
            assert_eq!(got, *expected, "{pieces:?}");
            assert_eq!(&input[..], *rest, "{pieces:?}");
        }
    }
}
