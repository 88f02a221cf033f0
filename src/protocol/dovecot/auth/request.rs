//! What an auth client asks.

use crate::protocol::dovecot::{Parameters, minor_version, tab};
use crate::protocol::{ProtocolError, Secret, base64};

/// What a line asks. What cannot be read is a request, too: it is refused by its id.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Begins an exchange.
    Auth(Box<Auth>),
    /// Forgets an exchange. There is no reply.
    Cancel {
        /// The exchange.
        id: u32,
    },
    /// Says who the client is, once, before anything else.
    Client {
        /// Its process, or any number that no other living connection of it has.
        pid: u32,
    },
    /// Goes on with an exchange.
    Continue {
        /// The exchange.
        id: u32,
        /// The client's next message.
        response: Secret,
    },
    /// Cannot be read.
    Malformed {
        /// The exchange, if at least that can be read.
        id: Option<u32>,
        /// What is wrong.
        fault: Fault,
    },
    /// The client's version, with the major version that is spoken here.
    Version {
        /// The minor version.
        minor: u32,
    },
}

/// The beginning of an exchange.
#[derive(Debug, PartialEq, Eq)]
pub struct Auth {
    /// A number that the client has chosen for the exchange.
    pub id: u32,
    /// The mechanism, as the client spelt it.
    pub mechanism: String,
    /// Who wants to log in where.
    pub parameters: Parameters,
    /// The client's first message, if it sent one together with its request.
    pub initial_response: Option<Secret>,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A message that is not in base64.
    Base64,
    /// No such command, or fields that are missing or no numbers.
    Form,
}

impl Request {
    pub(super) fn parse(line: &[u8]) -> Result<Self, ProtocolError> {
        let mut fields = tab::fields(line);
        let command = fields.next().unwrap_or_default();
        if command == b"VERSION" {
            return Ok(Self::Version { minor: minor_version(fields)? });
        }
        let id = fields.next().and_then(tab::number);
        let request = match (command, id) {
            (b"AUTH", Some(id)) => Auth::parse(id, fields).map(|auth| Self::Auth(Box::new(auth))),
            (b"CANCEL", Some(id)) => Ok(Self::Cancel { id }),
            (b"CONT", Some(id)) => {
                let response = fields.next().ok_or(Fault::Form).and_then(message);
                response.map(|response| Self::Continue { id, response })
            }
            (b"CPID", Some(pid)) => return Ok(Self::Client { pid }),
            (b"AUTH" | b"CONT" | b"CANCEL", None) => Err(Fault::Form),
            _ => return Ok(Self::Malformed { id: None, fault: Fault::Form }),
        };
        Ok(request.unwrap_or_else(|fault| Self::Malformed { id, fault }))
    }
}

impl Auth {
    fn parse<'a>(id: u32, mut fields: impl Iterator<Item = &'a [u8]>) -> Result<Self, Fault> {
        let mechanism = fields.next().filter(|name| !name.is_empty()).ok_or(Fault::Form)?;
        let mechanism = std::str::from_utf8(mechanism).map_err(|_| Fault::Form)?.to_owned();
        let mut parameters = Parameters::default();
        let mut initial_response = None;
        for field in fields {
            match tab::parameter(field) {
                (b"resp", value) => initial_response = Some(message(value.unwrap_or_default())?),
                _ => parameters.take(field),
            }
        }
        if parameters.service.is_empty() {
            return Err(Fault::Form);
        }
        Ok(Self { id, mechanism, parameters, initial_response })
    }
}

fn message(text: &[u8]) -> Result<Secret, Fault> {
    base64::decode(text).map(Secret::from).ok_or(Fault::Base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth(id: u32, mechanism: &str, service: &str, message: Option<&[u8]>) -> Request {
        Request::Auth(Box::new(Auth {
            id,
            mechanism: mechanism.into(),
            parameters: Parameters { service: service.into(), ..Parameters::default() },
            initial_response: message.map(|message| message.to_vec().into()),
        }))
    }

    #[test]
    fn lines_are_requests() {
        let alice: &[u8] = b"\0alice@example.org\0sekrit";
        let table: &[(&str, Request)] = &[
            ("VERSION\t1\t0", Request::Version { minor: 0 }),
            ("VERSION\t1\t99\tmore", Request::Version { minor: 99 }),
            ("CPID\t26569", Request::Client { pid: 26569 }),
            (
                "AUTH\t1\tPLAIN\tservice=imap\tresp=AGFsaWNlQGV4YW1wbGUub3JnAHNla3JpdA==",
                auth(1, "PLAIN", "imap", Some(alice)),
            ),
            ("AUTH\t1\tLOGIN\tprotocol=doveadm\tresp=", auth(1, "LOGIN", "doveadm", Some(b""))),
            ("AUTH\t4294967295\tLOGIN\tservice=smtp", auth(u32::MAX, "LOGIN", "smtp", None)),
            ("AUTH\t2\tPLAIN\tdebug\tnew=1\tservice=pop3", auth(2, "PLAIN", "pop3", None)),
            ("CONT\t1\t", Request::Continue { id: 1, response: Vec::new().into() }),
            ("CONT\t1\tc2Vrcml0", Request::Continue { id: 1, response: b"sekrit".to_vec().into() }),
            (
                "CONT\t1\tc2Vrcml0\tchannel_binding=eA==",
                Request::Continue { id: 1, response: b"sekrit".to_vec().into() },
            ),
            ("CANCEL\t1", Request::Cancel { id: 1 }),
        ];
        for (line, expected) in table {
            assert_eq!(Request::parse(line.as_bytes()).as_ref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_its_exchange() {
        let table: &[(&[u8], Option<u32>, Fault)] = &[
            (b"AUTH\t1\tPLAIN\tservice=smtp\tresp==", Some(1), Fault::Base64),
            (b"AUTH\t1\tPLAIN\tservice=smtp\tresp=A", Some(1), Fault::Base64),
            (b"AUTH\t1\tPLAIN\tservice=smtp\tresp=\xff", Some(1), Fault::Base64),
            (b"AUTH\t1\tPLAIN\tresp=", Some(1), Fault::Form),
            (b"AUTH\t1\tPLAIN\tservice=", Some(1), Fault::Form),
            (b"AUTH\t1\tPLAIN", Some(1), Fault::Form),
            (b"AUTH\t1\t\tservice=smtp", Some(1), Fault::Form),
            (b"AUTH\t1\t\xff\tservice=smtp", Some(1), Fault::Form),
            (b"AUTH\t1", Some(1), Fault::Form),
            (b"AUTH\t\tPLAIN\tservice=smtp", None, Fault::Form),
            (b"AUTH\t4294967296\tPLAIN\tservice=smtp", None, Fault::Form),
            (b"AUTH", None, Fault::Form),
            (b"CONT\t7\t!", Some(7), Fault::Base64),
            (b"CONT\t7", Some(7), Fault::Form),
            (b"CONT\t-7\t", None, Fault::Form),
            (b"CANCEL", None, Fault::Form),
            (b"CPID", None, Fault::Form),
            (b"CPID\tx", None, Fault::Form),
            (b"auth\t1\tPLAIN\tservice=smtp", None, Fault::Form),
            (b"EHLO\t1", None, Fault::Form),
            (b"", None, Fault::Form),
        ];
        for (line, id, fault) in table {
            let expected = Ok(Request::Malformed { id: *id, fault: *fault });
            assert_eq!(Request::parse(line), expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn other_versions_are_refused() {
        for line in ["VERSION", "VERSION\t2\t0", "VERSION\t1", "VERSION\t1\tx", "VERSION\t01\t0"] {
            assert_eq!(Request::parse(line.as_bytes()), Err(ProtocolError::Version), "{line}");
        }
    }

    #[test]
    fn messages_are_not_shown() {
        let line = b"AUTH\t1\tPLAIN\tservice=imap\tresp=AGFsaWNlQGV4YW1wbGUub3JnAHNla3JpdA==";
        let shown = format!("{:?}", Request::parse(line));
        assert!(shown.contains("Secret(…)") && !shown.contains("AGFs"), "{shown}");
    }
}
