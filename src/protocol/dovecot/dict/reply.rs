//! What a dict client is answered.

use bytes::{BufMut, BytesMut};

use crate::protocol::dovecot::dict::CommitKind;
use crate::protocol::dovecot::tab;

/// One line of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The oldest request that has no number yet has this one now: its reply may come in any order.
    /// Numbers count from 1 on each connection.
    Announced(u32),
    /// An answer to the request of this number.
    Numbered(u32, Answer),
    /// An answer to the oldest request that is not answered.
    Plain(Answer),
}

/// An answer, or a row of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// How a commit ended.
    Commit {
        /// The client's number of the transaction.
        id: u32,
        /// As it was asked for.
        kind: CommitKind,
        /// How it ended.
        outcome: Outcome,
    },
    /// There are no more rows.
    End,
    /// It cannot be known, and why. In the middle of an iteration, too.
    Failed(String),
    /// There is no such key, for sure.
    NotFound,
    /// One key of an iteration.
    Row {
        /// The key, which starts with the path that was asked for.
        key: String,
        /// Its values; none if only keys were asked for.
        values: Vec<String>,
    },
    /// The value.
    Value(String),
    /// The values of a key that has several.
    Values(Vec<String>),
}

/// How a commit ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is kept.
    Done,
    /// Nothing is kept, and why.
    Failed(String),
    /// Nothing is kept, since a number to be added to is not there. Quota is counted anew then. Not
    /// for a key that was to be removed: that would be taken for a failure.
    NotFound,
    /// It cannot be told whether it is kept, and why.
    Uncertain(String),
}

impl Reply {
    pub(super) fn encode(&self, output: &mut BytesMut) {
        let answer = match self {
            Self::Announced(number) => {
                output.put_slice(format!("*{number}").as_bytes());
                None
            }
            Self::Numbered(number, answer) => {
                output.put_slice(format!("+{number}\t").as_bytes());
                Some(answer)
            }
            Self::Plain(answer) => Some(answer),
        };
        if let Some(answer) = answer {
            answer.encode(output);
        }
        output.put_u8(b'\n');
    }
}

impl Answer {
    fn encode(&self, output: &mut BytesMut) {
        match self {
            Self::Commit { id, kind, outcome } => {
                if *kind == CommitKind::Async {
                    output.put_u8(b'A');
                }
                outcome.encode(*id, output);
            }
            Self::End => {}
            Self::Failed(reason) => {
                output.put_u8(b'F');
                tab::escape(reason.as_bytes(), output);
            }
            Self::NotFound => output.put_u8(b'N'),
            Self::Row { key, values } => {
                output.put_u8(b'O');
                tab::escape(key.as_bytes(), output);
                // Without the TAB the client takes the row for a broken one.
                output.put_u8(b'\t');
                join(values, output);
            }
            Self::Value(value) => {
                output.put_u8(b'O');
                tab::escape(value.as_bytes(), output);
            }
            Self::Values(values) => {
                let mut joined = BytesMut::new();
                join(values, &mut joined);
                output.put_u8(b'M');
                tab::escape(&joined, output);
            }
        }
    }
}

impl Outcome {
    fn encode(&self, id: u32, output: &mut BytesMut) {
        let (letter, reason) = match self {
            Self::Done => ('O', None),
            Self::Failed(reason) => ('F', Some(reason)),
            Self::NotFound => ('N', None),
            Self::Uncertain(reason) => ('W', Some(reason)),
        };
        output.put_slice(format!("{letter}{id}").as_bytes());
        if let Some(reason) = reason {
            output.put_u8(b'\t');
            tab::escape(reason.as_bytes(), output);
        }
    }
}

/// Escaped, with TABs between them.
fn join(values: &[String], output: &mut BytesMut) {
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            output.put_u8(b'\t');
        }
        tab::escape(value.as_bytes(), output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_written_as_dovecot_writes_them() {
        use Answer::{Failed, NotFound, Row, Value, Values};
        let plain = Reply::Plain;
        let commit =
            |outcome| Reply::Plain(Answer::Commit { id: 1, kind: CommitKind::Sync, outcome });
        let row = |values: &[&str]| {
            let values = values.iter().map(|value| (*value).into()).collect();
            Row { key: "priv/n".into(), values }
        };
        let table = [
            (plain(Value("v1".into())), "Ov1\n"),
            (plain(Value("a\tb\n".into())), "Oa\x01tb\x01n\n"),
            (plain(Value(String::new())), "O\n"),
            (plain(Values(vec!["one".into(), "two\tx".into()])), "Mone\x01ttwo\x011tx\n"),
            (plain(NotFound), "N\n"),
            (plain(Failed("db down".into())), "Fdb down\n"),
            (plain(row(&["8"])), "Opriv/n\t8\n"),
            (plain(row(&["8", "9"])), "Opriv/n\t8\t9\n"),
            (plain(row(&[])), "Opriv/n\t\n"),
            (plain(Answer::End), "\n"),
            (commit(Outcome::Done), "O1\n"),
            (commit(Outcome::NotFound), "N1\n"),
            (
                commit(Outcome::Failed("not supported: read-only".into())),
                "F1\tnot supported: read-only\n",
            ),
            (commit(Outcome::Uncertain("maybe written".into())), "W1\tmaybe written\n"),
            (
                Reply::Plain(Answer::Commit {
                    id: 2,
                    kind: CommitKind::Async,
                    outcome: Outcome::Done,
                }),
                "AO2\n",
            ),
            (Reply::Announced(1), "*1\n"),
            (Reply::Numbered(3, Value("0".into())), "+3\tO0\n"),
            (Reply::Numbered(3, NotFound), "+3\tN\n"),
            (Reply::Numbered(3, Answer::End), "+3\t\n"),
        ];
        for (reply, expected) in table {
            let mut output = BytesMut::from("before\n");
            reply.encode(&mut output);
            assert_eq!(std::str::from_utf8(&output).unwrap(), format!("before\n{expected}"));
        }
    }
}
