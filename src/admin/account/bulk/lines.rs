//! The lines of a file, numbered as an editor numbers them, each of bounded length.

use std::io::{self, BufRead, Read as _};

use crate::admin::account::bulk::mistakes::Mistake;

/// The longest line, in octets; enough for every column at its longest.
pub(super) const MAX_OCTETS: usize = 64 * 1024;

/// Reads a file line by line.
pub(super) struct Lines<R> {
    input: R,
    number: u64,
}

/// A line without its end.
pub(super) struct Line {
    /// The first line is 1.
    pub(super) number: u64,
    pub(super) text: Result<String, LineError>,
}

/// Why a line is no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LineError {
    #[error("the line is longer than 64 KiB")]
    TooLong,
    #[error("the line is not UTF-8")]
    NotUtf8,
}

impl LineError {
    pub(super) fn at(self, line: u64) -> Mistake {
        let mistake = Mistake::new(line, self.to_string());
        match self {
            Self::TooLong => mistake,
            Self::NotUtf8 => mistake.hint("convert it: `iconv -f LATIN1 -t UTF-8`"),
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, number: 0 }
    }

    /// The next line; LF and CRLF end it, and the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Line>> {
        let mut octets = Vec::new();
        // Room for a byte-order mark and CRLF; whatever is longer is too long.
        let most = MAX_OCTETS + BYTE_ORDER_MARK.len() + 2;
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        if self.input.by_ref().take(limit).read_until(b'\n', &mut octets)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = octets.ends_with(b"\n");
        if !ended && octets.len() == most {
            self.input.skip_until(b'\n')?;
        }
        if ended {
            octets.pop();
            octets.pop_if(|last| *last == b'\r');
        }
        if self.number == 1 && octets.starts_with(BYTE_ORDER_MARK) {
            octets.drain(..BYTE_ORDER_MARK.len());
        }
        let text = if octets.len() > MAX_OCTETS {
            Err(LineError::TooLong)
        } else {
            String::from_utf8(octets).map_err(|_| LineError::NotUtf8)
        };
        Ok(Some(Line { number: self.number, text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Vec<(u64, Result<String, LineError>)> {
        let mut lines = Lines::new(input);
        std::iter::from_fn(|| lines.next().unwrap()).map(|line| (line.number, line.text)).collect()
    }

    #[test]
    fn lines_are_numbered_whatever_is_in_them() {
        let long = "x".repeat(MAX_OCTETS);
        let longer = "é".repeat(MAX_OCTETS);
        let input = ["\u{FEFF}a\r\n\n", &long, "\r\n", &longer, "\nb\rc"].concat();
        let ok = |text: &str| Ok(text.to_owned());
        let expected = vec![
            (1, ok("a")),
            (2, ok("")),
            (3, ok(&long)),
            (4, Err(LineError::TooLong)),
            (5, ok("b\rc")),
        ];
        assert_eq!(read(input.as_bytes()), expected);
        assert_eq!(
            read(b"a\xFF\nb\n"),
            [(1, Err(LineError::NotUtf8)), (2, ok("b"))],
            "other lines are read on"
        );
        assert_eq!(read(b""), []);
        assert_eq!(read("a\n\u{FEFF}b".as_bytes())[1].1, ok("\u{FEFF}b"));
    }
}
