//! What stands behind the beginning of most requests: who asks, for whom, from where.

use core::net::IpAddr;

use crate::protocol::dovecot::tab;

/// The parameters of a request. What is not sent, and what cannot be read, is not known; parameters
/// that are not listed here say nothing that would change an answer, and are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// What the user is wanted for: `imap`, `smtp`, `lmtp`. Dovecot 2.3 and Postfix call it
    /// `service`, Dovecot 2.4 calls it `protocol`. Empty if it was not sent.
    pub service: String,
    /// The address that the user's client connected to (`lip`, `lport`).
    pub local: Peer,
    /// The address that the user's client came from (`rip`, `rport`).
    pub remote: Peer,
    /// The host name that the user's client asked for by TLS.
    pub local_name: Option<String>,
    /// What the client calls the session in its log.
    pub session: Option<String>,
    /// The connection is encrypted, or from the host itself. Postfix says so under TLS only.
    pub secured: bool,
    /// Nobody will fetch the login from the master socket: the client is Postfix or alike.
    pub nologin: bool,
    /// The last message of the server may be part of the success.
    pub final_response_ok: bool,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub ip: Option<IpAddr>,
    /// Its port.
    pub port: Option<u16>,
}

impl Parameters {
    /// Takes in a field, if it is one of those that are looked at.
    pub(super) fn take(&mut self, field: &[u8]) {
        let (name, value) = tab::parameter(field);
        let text =
            || value.map(|value| String::from_utf8_lossy(&tab::unescape(value)).into_owned());
        match name {
            b"service" | b"protocol" => self.service = text().unwrap_or_default(),
            b"lip" => self.local.ip = text().and_then(|text| text.parse().ok()),
            b"lport" => self.local.port = value.and_then(tab::number),
            b"rip" => self.remote.ip = text().and_then(|text| text.parse().ok()),
            b"rport" => self.remote.port = value.and_then(tab::number),
            b"local_name" => self.local_name = text(),
            b"session" => self.session = text(),
            b"secured" => self.secured = true,
            b"nologin" => self.nologin = true,
            b"final-resp-ok" => self.final_response_ok = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Parameters {
        let mut parameters = Parameters::default();
        tab::fields(line.as_bytes()).for_each(|field| parameters.take(field));
        parameters
    }

    #[test]
    fn both_versions_and_postfix_are_understood() {
        let imap = Parameters {
            service: "imap".into(),
            local: Peer { ip: "127.0.0.1".parse().ok(), port: Some(143) },
            remote: Peer { ip: "2001:db8::1".parse().ok(), port: Some(46448) },
            session: Some("R7p6ArtgcLV/AAAB".into()),
            secured: true,
            final_response_ok: true,
            ..Parameters::default()
        };
        let smtp = Parameters {
            service: "smtp".into(),
            local: Peer { ip: "127.0.0.1".parse().ok(), port: None },
            remote: Peer { ip: "127.0.0.1".parse().ok(), port: None },
            nologin: true,
            ..Parameters::default()
        };
        let rest = "final-resp-ok\tsecured=tls\tsession=R7p6ArtgcLV/AAAB\tlip=127.0.0.1\t\
                    rip=2001:db8::1\tlport=143\trport=46448\tssl_ja3_hash=x\tdebug";
        assert_eq!(read(&format!("service=imap\t{rest}")), imap, "2.3");
        assert_eq!(read(&format!("protocol=imap\t{rest}")), imap, "2.4");
        assert_eq!(read("service=smtp\tnologin\tlip=127.0.0.1\trip=127.0.0.1"), smtp, "Postfix");
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        let lines =
            ["", "lip", "lip=", "rip=here", "lport=65536", "rport=-1", "=", "x=y", "Lip=::1"];
        for line in lines {
            assert_eq!(read(line), Parameters::default(), "{line}");
        }
    }
}
