//! What a dict client asks and says.

use std::num::NonZeroU64;

use crate::protocol::ProtocolError;
use crate::protocol::dovecot::dict::{Change, Iterate};
use crate::protocol::dovecot::tab;

/// What a line asks or says. Keys, names and values are bytes, unescaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A transaction begins.
    Begin {
        /// Its number; the client has chosen it.
        id: u32,
        /// Whose keys it changes.
        user: Vec<u8>,
        /// After how many seconds what it sets may go; 0 for never.
        expire: u64,
    },
    /// A transaction ends and is to be kept.
    Commit {
        /// The transaction.
        id: u32,
        /// Whether somebody waits.
        kind: CommitKind,
    },
    /// The first line.
    Hello(Hello),
    /// Whether logs may show the values of a transaction. They never do here.
    HideValues {
        /// The transaction.
        id: u32,
    },
    /// Keys and values below a path.
    Iterate(Iterate),
    /// The value of a key.
    Lookup {
        /// The key.
        key: Vec<u8>,
        /// Whose.
        user: Vec<u8>,
    },
    /// A transaction ends and is to be forgotten. There is no reply.
    Rollback {
        /// The transaction.
        id: u32,
    },
    /// When the changes of a transaction were made.
    Timestamp {
        /// The transaction.
        id: u32,
        /// Seconds since 1970.
        seconds: u64,
        /// And nanoseconds.
        nanoseconds: u32,
    },
    /// A change within a transaction.
    Write {
        /// The transaction.
        id: u32,
        /// The change.
        change: Change,
    },
}

/// The first line of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The version.
    pub version: Version,
    /// Whose keys all requests are about, in version 2; empty in the others.
    pub user: Vec<u8>,
    /// The name of the dict.
    pub dict: Vec<u8>,
}

/// The versions that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Dovecot 2.2.
    V2,
    /// Dovecot 2.3.
    V3,
    /// Dovecot 2.4.
    V4,
}

/// Whether a client waits for its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitKind {
    /// It does not; no known client asks for this.
    Async,
    /// It does.
    Sync,
}

impl Hello {
    /// Whose keys a request is about that named this user itself.
    pub fn user_of<'a>(&'a self, named: &'a [u8]) -> &'a [u8] {
        if self.version == Version::V2 { &self.user } else { named }
    }
}

impl Request {
    pub(super) fn parse(line: &[u8]) -> Result<Self, ProtocolError> {
        if let Some(rest) = line.strip_prefix(b"H") {
            return Hello::parse(rest).map(Self::Hello);
        }
        Self::read(line).ok_or(ProtocolError::Malformed)
    }

    fn read(line: &[u8]) -> Option<Self> {
        let (letter, rest) = line.split_first()?;
        let mut fields = tab::fields(rest);
        let first = fields.next().unwrap_or_default();
        let id = || tab::number(first);
        let mut next = || fields.next().map(tab::unescape);
        Some(match letter {
            b'A' => {
                let (key, by) = (next()?, signed(&next()?)?);
                Self::Write { id: id()?, change: Change::Add { key, by } }
            }
            b'B' => {
                let user = next().unwrap_or_default();
                let expire = next().map_or(Some(0), |seconds| tab::number(&seconds))?;
                Self::Begin { id: id()?, user, expire }
            }
            b'C' => Self::Commit { id: id()?, kind: CommitKind::Sync },
            b'D' => Self::Commit { id: id()?, kind: CommitKind::Async },
            b'I' => Self::Iterate(Iterate {
                flags: tab::number(first)?,
                max_rows: next().and_then(|rows| tab::number(&rows)).map(NonZeroU64::new)?,
                path: next()?,
                user: next().unwrap_or_default(),
            }),
            b'L' => Self::Lookup { key: tab::unescape(first), user: next().unwrap_or_default() },
            b'P' => {
                Self::Write { id: id()?, change: Change::Append { key: next()?, value: next()? } }
            }
            b'R' => Self::Rollback { id: id()? },
            b'S' => Self::Write { id: id()?, change: Change::Set { key: next()?, value: next()? } },
            b'T' => Self::Timestamp {
                id: id()?,
                seconds: tab::number(&next()?)?,
                nanoseconds: tab::number(&next()?)?,
            },
            b'U' => Self::Write { id: id()?, change: Change::Unset { key: next()? } },
            b'V' => Self::HideValues { id: id()? },
            _ => return None,
        })
    }
}

impl Hello {
    fn parse(fields: &[u8]) -> Result<Self, ProtocolError> {
        let mut fields = tab::fields(fields);
        let version = match fields.next() {
            Some(b"2") => Version::V2,
            Some(b"3") => Version::V3,
            Some(b"4") => Version::V4,
            _ => return Err(ProtocolError::Version),
        };
        let mut rest = fields.skip(2).map(tab::unescape);
        match (rest.next(), rest.next()) {
            (Some(user), Some(dict)) => Ok(Self { version, user, dict }),
            _ => Err(ProtocolError::Malformed),
        }
    }
}

/// A number in decimal digits, with a `-` before it if need be.
fn signed(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| is_number)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_requests_in_every_version() {
        let alice = || b"alice@example.org".to_vec();
        let hello = |version, user: &[u8], dict: &[u8]| {
            Request::Hello(Hello { version, user: user.into(), dict: dict.into() })
        };
        let write = |change| Request::Write { id: 1, change };
        let storage = || b"priv/quota/storage".to_vec();
        let iterate = |flags, rows, path: &[u8], user: &[u8]| {
            let max_rows = NonZeroU64::new(rows);
            Request::Iterate(Iterate { flags, max_rows, path: path.into(), user: user.into() })
        };
        let table = [
            ("H2\t2\t0\talice\tquota", hello(Version::V2, b"alice", b"quota")),
            ("H3\t2\t0\t\tmailbook", hello(Version::V3, b"", b"mailbook")),
            ("H4\t0\t0\t\tattr", hello(Version::V4, b"", b"attr")),
            (
                "Lshared/passdb/alice@example.org\talice@example.org",
                Request::Lookup { key: b"shared/passdb/alice@example.org".into(), user: alice() },
            ),
            ("Lpriv/quota/storage", Request::Lookup { key: storage(), user: Vec::new() }),
            ("La\x01tb\tc\x01nd", Request::Lookup { key: b"a\tb".into(), user: b"c\nd".into() }),
            ("I0\t0\tshared/userdb/\t*", iterate(0, 0, b"shared/userdb/", b"*")),
            ("I25\t10\tpriv/", iterate(25, 10, b"priv/", b"")),
            ("B1\talice@example.org", Request::Begin { id: 1, user: alice(), expire: 0 }),
            ("B1\talice@example.org\t3600", Request::Begin { id: 1, user: alice(), expire: 3600 }),
            ("B1", Request::Begin { id: 1, user: vec![], expire: 0 }),
            (
                "S1\tpriv/x\tv\x01n1",
                write(Change::Set { key: b"priv/x".into(), value: b"v\n1".into() }),
            ),
            ("S1\tpriv/x\t", write(Change::Set { key: b"priv/x".into(), value: vec![] })),
            ("U1\tpriv/quota/storage", write(Change::Unset { key: storage() })),
            ("A1\tpriv/quota/storage\t5305", write(Change::Add { key: storage(), by: 5305 })),
            ("A1\tpriv/quota/storage\t-5305", write(Change::Add { key: storage(), by: -5305 })),
            ("P1\tk\tv", write(Change::Append { key: b"k".into(), value: b"v".into() })),
            (
                "T1\t1700000000\t123456789",
                Request::Timestamp { id: 1, seconds: 1_700_000_000, nanoseconds: 123_456_789 },
            ),
            ("V1\tyes", Request::HideValues { id: 1 }),
            ("C1", Request::Commit { id: 1, kind: CommitKind::Sync }),
            ("D1", Request::Commit { id: 1, kind: CommitKind::Async }),
            ("R4294967295", Request::Rollback { id: u32::MAX }),
        ];
        for (line, expected) in table {
            assert_eq!(Request::parse(line.as_bytes()), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read_ends_the_connection() {
        let bad: &[&[u8]] = &[
            b"",
            b"X",
            b"Zwhat",
            b"*1",
            b"+1\tO",
            b"l",
            b"B",
            b"Bx\talice",
            b"B1\talice\tx",
            b"B-1\talice",
            b"C",
            b"C4294967296",
            b"R",
            b"S1",
            b"S1\tk",
            b"Sx\tk\tv",
            b"U1",
            b"A1\tk",
            b"A1\tk\t",
            b"A1\tk\t1.5",
            b"A1\tk\t+1",
            b"A1\tk\t--1",
            b"A1\tk\t9223372036854775808",
            b"T1\t1",
            b"T1\t-1\t0",
            b"T1\t1\t4294967296",
            b"I",
            b"I0",
            b"I0\t0",
            b"Ix\t0\tp",
            b"I0\t-1\tp",
            b"P1\tk",
            b"H4",
            b"H4\t0\t0",
            b"H4\t0\t0\tuser",
            b"\xff",
        ];
        for line in bad {
            let got = Request::parse(line);
            assert_eq!(got, Err(ProtocolError::Malformed), "{}", line.escape_ascii());
        }
        for line in ["H", "H1\t0\t0\t\td", "H5\t0\t0\t\td", "Hx", "H04\t0\t0\t\td"] {
            assert_eq!(Request::parse(line.as_bytes()), Err(ProtocolError::Version), "{line}");
        }
    }

    #[test]
    fn in_version_2_the_user_is_named_once() {
        let hello = |version| Hello { version, user: b"alice".into(), dict: vec![] };
        assert_eq!(hello(Version::V2).user_of(b""), b"alice");
        assert_eq!(hello(Version::V3).user_of(b"bob"), b"bob");
        assert_eq!(hello(Version::V4).user_of(b""), b"");
    }
}
