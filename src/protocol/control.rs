//! The daemon's own socket: socketmap, and logins in the same form.
//!
//! # Requests
//! As of [`socketmap`]; in the place of a table and a key, a login has `login `, and then service,
//! address of the client, local address, name and password with a NUL between. Addresses may be
//! empty.
//!
//! # Replies
//! As of [`socketmap`].
//!
//! # See also
//! `postcote query`, `postcote explain`, `postcote checkpassword`

use core::net::IpAddr;

use bytes::BytesMut;

use crate::protocol::{Codec, ProtocolError, Reply, Secret, Socketmap, socketmap};

/// The protocol of the daemon's own socket.
#[derive(Clone, Copy, Debug, Default)]
pub struct Control(Socketmap);

/// What the commands ask.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// To let somebody in.
    LogIn(LogIn),
    /// A key in a table.
    Lookup(socketmap::Request),
}

/// Somebody who wants to log in.
#[derive(Debug, PartialEq, Eq)]
pub struct LogIn {
    /// What for.
    pub service: String,
    /// Where the client is.
    pub remote: Option<IpAddr>,
    /// Where it connected to.
    pub local: Option<IpAddr>,
    /// What was typed as the name.
    pub user: String,
    /// The password, which has no NUL.
    pub password: Secret,
}

/// Stands in the place of a table.
const LOGIN: &str = "login";

impl Codec for Control {
    type Request = Request;
    type Reply = Reply;

    fn decode(&mut self, input: &mut BytesMut) -> Result<Option<Request>, ProtocolError> {
        let Some(request) = self.0.decode(input)? else { return Ok(None) };
        if request.table() != LOGIN.as_bytes() {
            return Ok(Some(Request::Lookup(request)));
        }
        let login = LogIn::read(request.key()).ok_or(ProtocolError::Malformed)?;
        Ok(Some(Request::LogIn(login)))
    }

    fn encode(&mut self, reply: &Reply, output: &mut BytesMut) {
        self.0.encode(reply, output);
    }
}

impl LogIn {
    /// The request as the client sends it: nothing may have a NUL.
    pub fn to_request(&self) -> socketmap::Request {
        let address = |ip: Option<IpAddr>| ip.map_or(String::new(), |ip| ip.to_string());
        let (remote, local) = (address(self.remote), address(self.local));
        let fields = [&self.service, &remote, &local, &self.user].map(String::as_bytes);
        let key = [&fields[..], &[self.password.expose()]].concat().join(&0);
        socketmap::Request::new(LOGIN, &key)
    }

    fn read(key: &[u8]) -> Option<Self> {
        let mut fields = key.split(|byte| *byte == 0);
        let mut text = || std::str::from_utf8(fields.next()?).ok();
        let (service, remote, local, user) = (text()?, text()?, text()?, text()?);
        let password = fields.next()?;
        let address = |text: &str| match text {
            "" => Some(None),
            _ => text.parse().ok().map(Some),
        };
        let (remote, local) = (address(remote)?, address(local)?);
        let (service, user) = (service.to_owned(), user.to_owned());
        let is_over = fields.next().is_none();
        is_over.then(|| Self { service, remote, local, user, password: password.to_vec().into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(payload: &[u8]) -> Result<Option<Request>, ProtocolError> {
        let mut input = BytesMut::from(format!("{}:", payload.len()).as_bytes());
        input.extend_from_slice(payload);
        input.extend_from_slice(b",");
        Control::default().decode(&mut input)
    }

    #[test]
    fn logins_come_back_as_they_were_sent() {
        let remote: Option<IpAddr> = "2001:db8::1".parse().ok();
        for (remote, local, password) in
            [(None, None, b"" as &[u8]), (remote, remote, b"se kr\xff\nt"), (remote, None, b"x")]
        {
            let login = LogIn {
                service: "pop3".into(),
                remote,
                local,
                user: "joe the first@example.org".into(),
                password: password.to_vec().into(),
            };
            let mut sent = BytesMut::new();
            Socketmap::encode_request(&login.to_request(), &mut sent);
            assert_eq!(Control::default().decode(&mut sent), Ok(Some(Request::LogIn(login))));
        }
    }

    #[test]
    fn anything_else_is_a_lookup_or_malformed() {
        let lookup = |table: &str, key: &[u8]| {
            Ok(Some(Request::Lookup(socketmap::Request::new(table, key))))
        };
        let table = [
            (b"transport_maps login" as &[u8], lookup("transport_maps", b"login")),
            (b"logins a\0b", lookup("logins", b"a\0b")),
            (b"login", Err(ProtocolError::Malformed)),
            (b"login pop3\0\0\0joe", Err(ProtocolError::Malformed)),
            (b"login pop3\0x\0\0joe\0p", Err(ProtocolError::Malformed)),
            (b"login pop3\0\0\0j\xff\0p", Err(ProtocolError::Malformed)),
            (b"login pop3\0\0\0joe\0p\0", Err(ProtocolError::Malformed)),
        ];
        for (payload, expected) in table {
            assert_eq!(decode(payload), expected, "{}", payload.escape_ascii());
        }
    }
}
