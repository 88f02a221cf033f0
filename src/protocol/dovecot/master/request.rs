//! What a master client asks.

use crate::protocol::ProtocolError;
use crate::protocol::dovecot::{Cookie, Parameters, minor_version, tab};

/// What a line asks. Names are bytes: what is no UTF-8 is nobody's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Forget what was remembered of users.
    Flush {
        /// The request.
        id: u32,
        /// Of these; of all if there is none.
        users: Vec<Vec<u8>>,
    },
    /// All users.
    List {
        /// The request.
        id: u32,
        /// Only those that match, with `*` and `?`.
        mask: Option<Vec<u8>>,
        /// What for.
        parameters: Parameters,
    },
    /// About a login that was made on an auth socket; it may be fetched once.
    Login {
        /// The request.
        id: u32,
        /// The client of the auth socket that the login was made for.
        client_pid: u32,
        /// Its number for the exchange.
        auth_id: u32,
        /// The cookie of its connection.
        cookie: Cookie,
        /// The process that asks, as it says itself.
        session_pid: Option<u32>,
    },
    /// Cannot be read.
    Malformed {
        /// The request, if at least that can be read.
        id: Option<u32>,
    },
    /// Whether a user may log in.
    Pass {
        /// The request.
        id: u32,
        /// Who.
        user: Vec<u8>,
        /// What for.
        parameters: Parameters,
    },
    /// Where a user's mail is.
    User {
        /// The request.
        id: u32,
        /// Who.
        user: Vec<u8>,
        /// What for.
        parameters: Parameters,
    },
    /// The client's version, with the major version that is spoken here.
    Version {
        /// The minor version.
        minor: u32,
    },
}

impl Request {
    pub(super) fn parse(line: &[u8]) -> Result<Self, ProtocolError> {
        let mut fields = tab::fields(line);
        let command = fields.next().unwrap_or_default();
        if command == b"VERSION" {
            return Ok(Self::Version { minor: minor_version(fields)? });
        }
        let known: [&[u8]; 5] = [b"CACHE-FLUSH", b"LIST", b"PASS", b"REQUEST", b"USER"];
        let id = fields.next().and_then(tab::number).filter(|_| known.contains(&command));
        let request = id.and_then(|id| Self::read(command, id, fields));
        Ok(request.unwrap_or(Self::Malformed { id }))
    }

    fn read<'a>(
        command: &[u8],
        id: u32,
        mut fields: impl Iterator<Item = &'a [u8]>,
    ) -> Option<Self> {
        Some(match command {
            b"CACHE-FLUSH" => Self::Flush { id, users: fields.map(tab::unescape).collect() },
            b"LIST" => {
                let (mut parameters, mut mask) = (Parameters::default(), None);
                for field in fields {
                    match tab::parameter(field) {
                        (b"user", value) => mask = value.map(tab::unescape),
                        _ => parameters.take(field),
                    }
                }
                Self::List { id, mask, parameters }
            }
            b"REQUEST" => {
                let (client_pid, auth_id) =
                    (tab::number(fields.next()?)?, tab::number(fields.next()?)?);
                let cookie = Cookie::parse(fields.next()?)?;
                let session_pid = fields.find_map(|field| match tab::parameter(field) {
                    (b"session_pid", Some(pid)) => tab::number(pid),
                    _ => None,
                });
                Self::Login { id, client_pid, auth_id, cookie, session_pid }
            }
            _ => {
                let user = tab::unescape(fields.next().filter(|user| !user.is_empty())?);
                let mut parameters = Parameters::default();
                fields.for_each(|field| parameters.take(field));
                match command {
                    b"PASS" => Self::Pass { id, user, parameters },
                    _ => Self::User { id, user, parameters },
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::dovecot::Peer;

    fn doveadm() -> Parameters {
        Parameters { service: "doveadm".into(), ..Parameters::default() }
    }

    #[test]
    fn lines_are_requests() {
        let localhost = |port| Peer { ip: "127.0.0.1".parse().ok(), port };
        let lmtp = Parameters {
            service: "lmtp".into(),
            local: localhost(Some(13024)),
            remote: localhost(Some(37022)),
            ..Parameters::default()
        };
        let alice = || b"alice@example.org".to_vec();
        let cookie = || Cookie::parse(b"5a5adebb63274f9f0c1a2f3d98788c5b").unwrap();
        let table = [
            ("VERSION\t1\t3", Request::Version { minor: 3 }),
            (
                "USER\t1\talice@example.org\tprotocol=lmtp\tlip=127.0.0.1\tlport=13024\
                 \trip=127.0.0.1\trport=37022",
                Request::User { id: 1, user: alice(), parameters: lmtp },
            ),
            (
                "USER\t2\tweird\x01tuser\tservice=doveadm\tdebug",
                Request::User { id: 2, user: b"weird\tuser".to_vec(), parameters: doveadm() },
            ),
            (
                "PASS\t1\talice@example.org\tprotocol=doveadm\tdebug",
                Request::Pass { id: 1, user: alice(), parameters: doveadm() },
            ),
            ("LIST\t1", Request::List { id: 1, mask: None, parameters: Parameters::default() }),
            (
                "LIST\t1\tuser=*\tservice=doveadm\tdebug",
                Request::List { id: 1, mask: Some(b"*".to_vec()), parameters: doveadm() },
            ),
            (
                "REQUEST\t4097572865\t26569\t1\t5a5adebb63274f9f0c1a2f3d98788c5b\
                 \tsession_pid=26572\trequest_auth_token",
                Request::Login {
                    id: 4_097_572_865,
                    client_pid: 26569,
                    auth_id: 1,
                    cookie: cookie(),
                    session_pid: Some(26572),
                },
            ),
            (
                "REQUEST\t1\t2\t3\t5a5adebb63274f9f0c1a2f3d98788c5b",
                Request::Login {
                    id: 1,
                    client_pid: 2,
                    auth_id: 3,
                    cookie: cookie(),
                    session_pid: None,
                },
            ),
            ("CACHE-FLUSH\t1\talice@example.org", Request::Flush { id: 1, users: vec![alice()] }),
            ("CACHE-FLUSH\t1", Request::Flush { id: 1, users: vec![] }),
        ];
        for (line, expected) in table {
            assert_eq!(Request::parse(line.as_bytes()), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_its_request() {
        let table: &[(&[u8], Option<u32>)] = &[
            (b"USER\t1", Some(1)),
            (b"USER\t1\t", Some(1)),
            (b"USER\tx\talice", None),
            (b"PASS\t1", Some(1)),
            (b"REQUEST\t1\t2\t3", Some(1)),
            (b"REQUEST\t1\t2\t3\tcookie", Some(1)),
            (b"REQUEST\t1\t2\tx\t5a5adebb63274f9f0c1a2f3d98788c5b", Some(1)),
            (b"REQUEST\t1\t-2\t3\t5a5adebb63274f9f0c1a2f3d98788c5b", Some(1)),
            (b"LIST", None),
            (b"CACHE-FLUSH", None),
            (b"CPID\t1", None),
            (b"user\t1\talice", None),
            (b"\xff\xfe", None),
            (b"", None),
        ];
        for (line, id) in table {
            let expected = Ok(Request::Malformed { id: *id });
            assert_eq!(Request::parse(line), expected, "{}", line.escape_ascii());
        }
        assert_eq!(Request::parse(b"VERSION\t2\t0"), Err(ProtocolError::Version));
    }
}
