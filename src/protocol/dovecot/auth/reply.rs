//! What an auth client is answered.

use bytes::{BufMut, BytesMut};

use crate::protocol::base64;
use crate::protocol::dovecot::auth::{Fault, MAX_LINE};
use crate::protocol::dovecot::{Fields, tab};

/// The reply to one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The server's next message; the exchange goes on.
    Continue {
        /// The exchange.
        id: u32,
        /// The message, which may be empty.
        challenge: Vec<u8>,
    },
    /// The end: the user is not let in. Postfix makes a permanent 535 of all of these, also of
    /// [`FailCode::TempFail`]; what it is to try again gets no reply but the end of the connection.
    Fail {
        /// The exchange.
        id: u32,
        /// Who it was about, for the client's log.
        user: Option<String>,
        /// What login processes act by; `None` is a wrong password or an unknown user.
        code: Option<FailCode>,
        /// What the user is told. Postfix shows it, Dovecot does with
        /// [`FailCode::UserDisabled`].
        reason: Option<String>,
    },
    /// The end: the user is let in.
    Ok {
        /// The exchange.
        id: u32,
        /// The canonical name, never empty: it is what the client goes on with.
        user: String,
        /// What else a login process is to know.
        fields: Fields,
        /// The server's last message, for clients that take it here.
        final_response: Option<Vec<u8>>,
    },
}

/// Why a user is not let in, alphabetically.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailCode {
    /// Nobody may act as somebody else.
    AuthzFail,
    /// A message was not in base64.
    InvalidBase64,
    /// The password has expired.
    PassExpired,
    /// It cannot be known now.
    TempFail,
    /// The account, or this service for it, is switched off.
    UserDisabled,
}

impl FailCode {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthzFail => "authz_fail",
            Self::InvalidBase64 => "invalid_base64",
            Self::PassExpired => "pass_expired",
            Self::TempFail => "temp_fail",
            Self::UserDisabled => "user_disabled",
        }
    }
}

impl Reply {
    /// The refusal of a request that cannot be read.
    pub fn malformed(id: u32, fault: Fault) -> Self {
        let code = match fault {
            Fault::Base64 => Some(FailCode::InvalidBase64),
            Fault::Form => None,
        };
        Self::Fail { id, user: None, code, reason: None }
    }

    /// The exchange that it belongs to.
    pub fn id(&self) -> u32 {
        match self {
            Self::Continue { id, .. } | Self::Fail { id, .. } | Self::Ok { id, .. } => *id,
        }
    }

    pub(super) fn encode(&self, output: &mut BytesMut) {
        let start = output.len();
        match self {
            Self::Continue { id, challenge } => {
                output.put_slice(format!("CONT\t{id}\t").as_bytes());
                base64::encode(challenge, output);
            }
            Self::Fail { id, user, code, reason } => {
                output.put_slice(format!("FAIL\t{id}").as_bytes());
                let mut fields = Fields::default();
                for (name, value) in [
                    ("user", user.as_deref()),
                    ("code", code.map(FailCode::as_str)),
                    ("reason", reason.as_deref()),
                ] {
                    if let Some(value) = value {
                        fields = fields.with(name, value);
                    }
                }
                fields.encode(output);
            }
            Self::Ok { id, user, fields, final_response } => {
                output.put_slice(format!("OK\t{id}\tuser=").as_bytes());
                tab::escape(user.as_bytes(), output);
                fields.encode(output);
                if let Some(message) = final_response {
                    output.put_slice(b"\tresp=");
                    base64::encode(message, output);
                }
            }
        }
        output.put_u8(b'\n');
        if output.len() - start > MAX_LINE {
            // No client would read it; a login that cannot be told about did not happen.
            output.truncate(start);
            let code = FailCode::TempFail.as_str();
            output.put_slice(format!("FAIL\t{}\tcode={code}\n", self.id()).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(user: Option<&str>, code: Option<FailCode>, reason: Option<&str>) -> Reply {
        Reply::Fail { id: 1, user: user.map(Into::into), code, reason: reason.map(Into::into) }
    }

    fn ok(user: &str, fields: Fields, message: Option<&[u8]>) -> Reply {
        Reply::Ok { id: 1, user: user.into(), fields, final_response: message.map(Into::into) }
    }

    #[test]
    fn replies_are_written_as_dovecot_writes_them() {
        let none = Fields::default;
        let user = Some("locked@example.org");
        let table: &[(Reply, &str)] = &[
            (Reply::Continue { id: 1, challenge: Vec::new() }, "CONT\t1\t\n"),
            (Reply::Continue { id: 7, challenge: b"Username:".into() }, "CONT\t7\tVXNlcm5hbWU6\n"),
            (ok("alice@example.org", none(), None), "OK\t1\tuser=alice@example.org\n"),
            (ok("a\tb", none().flag("nologin"), None), "OK\t1\tuser=a\x01tb\tnologin\n"),
            (
                ok("alice@example.org", none(), Some(b"v=oYW4QCRzUbdbBRq8ZPw0h/iNfSg=")),
                "OK\t1\tuser=alice@example.org\tresp=dj1vWVc0UUNSelViZGJCUnE4WlB3MGgvaU5mU2c9\n",
            ),
            (fail(None, None, None), "FAIL\t1\n"),
            (fail(Some("alice@example.org"), None, None), "FAIL\t1\tuser=alice@example.org\n"),
            (
                fail(user, Some(FailCode::UserDisabled), Some("Account is locked")),
                "FAIL\t1\tuser=locked@example.org\tcode=user_disabled\treason=Account is locked\n",
            ),
            (fail(None, Some(FailCode::TempFail), None), "FAIL\t1\tcode=temp_fail\n"),
            (fail(None, None, Some("two\nlines")), "FAIL\t1\treason=two\x01nlines\n"),
            (Reply::malformed(3, Fault::Base64), "FAIL\t3\tcode=invalid_base64\n"),
            (Reply::malformed(3, Fault::Form), "FAIL\t3\n"),
        ];
        for (reply, expected) in table {
            let mut output = BytesMut::from("before\n");
            reply.encode(&mut output);
            assert_eq!(std::str::from_utf8(&output).unwrap(), format!("before\n{expected}"));
        }
    }

    #[test]
    fn a_reply_that_no_client_reads_is_a_failure() {
        let longest = MAX_LINE - "FAIL\t1\treason=\n".len();
        for (length, fits) in [(longest, true), (longest + 1, false)] {
            let mut output = BytesMut::new();
            fail(None, None, Some(&"x".repeat(length))).encode(&mut output);
            assert_eq!(output.len() == MAX_LINE, fits, "{length}");
            assert_eq!(&output[..] == b"FAIL\t1\tcode=temp_fail\n", !fits, "{length}");
        }
    }
}
