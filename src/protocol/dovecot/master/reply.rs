//! What a master client is answered.

use bytes::{BufMut, BytesMut};

use crate::protocol::dovecot::master::MAX_LINE;
use crate::protocol::dovecot::{Fields, tab};

/// The reply to one request, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The end of a list.
    Done {
        /// The request.
        id: u32,
        /// Whether these were all.
        complete: bool,
    },
    /// It cannot be known now. LMTP answers 451.
    Fail {
        /// The request.
        id: u32,
        /// Why, for the client's log.
        reason: Option<String>,
    },
    /// What was asked to be forgotten is forgotten.
    Flushed {
        /// The request.
        id: u32,
        /// How many users that were.
        count: u64,
    },
    /// There is no such user, for sure. LMTP answers 550.
    NotFound {
        /// The request.
        id: u32,
    },
    /// The user may log in.
    Pass {
        /// The request.
        id: u32,
        /// The canonical name.
        user: String,
        /// What Dovecot calls extra fields.
        fields: Fields,
    },
    /// One user of a list.
    Row {
        /// The request.
        id: u32,
        /// The canonical name.
        user: String,
    },
    /// Where the user's mail is.
    User {
        /// The request.
        id: u32,
        /// The canonical name.
        user: String,
        /// `uid`, `gid`, `home`, and settings for this user.
        fields: Fields,
    },
}

impl Reply {
    /// The request that it belongs to.
    pub fn id(&self) -> u32 {
        match self {
            Self::Done { id, .. }
            | Self::Fail { id, .. }
            | Self::Flushed { id, .. }
            | Self::NotFound { id }
            | Self::Pass { id, .. }
            | Self::Row { id, .. }
            | Self::User { id, .. } => *id,
        }
    }

    pub(super) fn encode(&self, output: &mut BytesMut) {
        let start = output.len();
        let mut put = |text: String| output.put_slice(text.as_bytes());
        match self {
            // Behind `DONE` stands an empty field if all went well, and it may not be left out.
            Self::Done { id, complete } => {
                put(format!("DONE\t{id}\t{}", if *complete { "" } else { "fail" }));
            }
            Self::Fail { id, reason } => {
                put(format!("FAIL\t{id}"));
                if let Some(reason) = reason {
                    Fields::default().with("reason", reason.as_str()).encode(output);
                }
            }
            Self::Flushed { id, count } => put(format!("OK\t{id}\t{count}")),
            Self::NotFound { id } => put(format!("NOTFOUND\t{id}")),
            Self::Pass { id, user, fields } => {
                put(format!("PASS\t{id}\tuser="));
                tab::escape(user.as_bytes(), output);
                fields.encode(output);
            }
            Self::Row { id, user } => {
                put(format!("LIST\t{id}\t"));
                tab::escape(user.as_bytes(), output);
            }
            Self::User { id, user, fields } => {
                put(format!("USER\t{id}\t"));
                tab::escape(user.as_bytes(), output);
                fields.encode(output);
            }
        }
        output.put_u8(b'\n');
        if output.len() - start > MAX_LINE {
            output.truncate(start);
            let line = format!("FAIL\t{}\treason=reply longer than clients read\n", self.id());
            output.put_slice(line.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_written_as_dovecot_writes_them() {
        let user = |user: &str, fields| Reply::User { id: 1, user: user.into(), fields };
        let alice = || Fields::default().with("uid", "5000").with("home", "/srv/mail/alice");
        let table = [
            (
                user("alice@example.org", alice().with("quota_rule", "*:storage=1G")),
                "USER\t1\talice@example.org\tuid=5000\thome=/srv/mail/alice\
                 \tquota_rule=*:storage=1G\n",
            ),
            (
                user("grün@example.org", Fields::default().with("home", "/a\tb")),
                "USER\t1\tgrün@example.org\thome=/a\x01tb\n",
            ),
            (Reply::NotFound { id: 2 }, "NOTFOUND\t2\n"),
            (Reply::Fail { id: 3, reason: None }, "FAIL\t3\n"),
            (
                Reply::Fail { id: 3, reason: Some("Database unavailable".into()) },
                "FAIL\t3\treason=Database unavailable\n",
            ),
            (
                Reply::Pass { id: 1, user: "a@b".into(), fields: Fields::default() },
                "PASS\t1\tuser=a@b\n",
            ),
            (Reply::Row { id: 1, user: "weird\tuser".into() }, "LIST\t1\tweird\x01tuser\n"),
            (Reply::Done { id: 1, complete: true }, "DONE\t1\t\n"),
            (Reply::Done { id: 1, complete: false }, "DONE\t1\tfail\n"),
            (Reply::Flushed { id: 1, count: 0 }, "OK\t1\t0\n"),
        ];
        for (reply, expected) in table {
            let mut output = BytesMut::from("before\n");
            reply.encode(&mut output);
            assert_eq!(std::str::from_utf8(&output).unwrap(), format!("before\n{expected}"));
        }
    }

    #[test]
    fn a_reply_that_no_client_reads_is_a_failure() {
        let longest = MAX_LINE - "USER\t1\ta\thome=\n".len();
        for (length, fits) in [(longest, true), (longest + 1, false)] {
            let fields = Fields::default().with("home", "x".repeat(length));
            let mut output = BytesMut::new();
            Reply::User { id: 1, user: "a".into(), fields }.encode(&mut output);
            assert_eq!(output.len() == MAX_LINE, fits, "{length}");
            assert_eq!(output.starts_with(b"FAIL\t1\treason="), !fits, "{length}");
        }
    }
}
