//! Where Postfix hands a message on: `transport:nexthop`.

use std::fmt;

/// A transport as transport(5) takes it, stored and answered verbatim.
///
/// The colon is required: Postfix reads a bare `lmtp` as "transport lmtp, next hop the recipient's
/// domain" and so loses the configured next hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transport(Box<str>);

/// Why a text is not a transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// There is no colon.
    #[error(
        "a transport has the form `transport:nexthop`; without the colon Postfix drops the next hop"
    )]
    NoColon,
    /// The part before the colon is not a service name of master.cf.
    #[error("the transport before the colon is a service name: letters, digits, `_` and `-`")]
    BadName,
    /// Control characters, or more than 1000 octets.
    #[error("the next hop has no control characters, and a transport at most 1000 octets")]
    BadNexthop,
}

impl Transport {
    /// The longest transport, in octets.
    pub const MAX_OCTETS: usize = 1000;

    /// Reads `transport:nexthop`; both may be empty (`:` means "no change").
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, TransportError> {
        let (name, _) = text.split_once(':').ok_or(TransportError::NoColon)?;
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            return Err(TransportError::BadName);
        }
        if text.len() > Self::MAX_OCTETS || text.chars().any(char::is_control) {
            return Err(TransportError::BadNexthop);
        }
        Ok(Self(text.into()))
    }

    /// The text as Postfix takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Transport {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transports_keep_their_spelling() {
        let table = [
            ("lmtp:unix:private/Dovecot-lmtp", Ok(())),
            ("smtp:[mx.example.org]:2525", Ok(())),
            ("error:5.2.1 Mailbox disabled", Ok(())),
            (":", Ok(())),
            (":[relay.example.org]", Ok(())),
            ("lmtp", Err(TransportError::NoColon)),
            ("", Err(TransportError::NoColon)),
            ("my transport:x", Err(TransportError::BadName)),
            ("smtp:a\nb", Err(TransportError::BadNexthop)),
        ];
        for (text, expected) in table {
            let got = Transport::parse(text);
            assert_eq!(got.as_ref().map(|_| ()).map_err(|e| *e), expected, "{text:?}");
            if let Ok(transport) = got {
                assert_eq!(transport.as_str(), text);
            }
        }
    }
}
