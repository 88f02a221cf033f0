//! SCRAM: client and server prove to each other that they know what the password makes, and
//! neither sends it (RFC 5802, RFC 7677).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::password::ScramKeys;
use crate::sasl::nonce::is_nonce;
use crate::sasl::{Nonce, SaslError, name};

/// The client's first message.
#[derive(Debug)]
pub(super) struct First {
    pub(super) user: String,
    nonce: String,
    /// Up to the second comma: what the last message repeats in base64.
    header: String,
    /// Behind the second comma.
    bare: String,
}

/// What is remembered until the client's last message.
#[derive(Debug)]
pub(super) struct Last {
    pub(super) user: String,
    keys: ScramKeys,
    /// Both nonces, one behind the other.
    nonce: String,
    header: String,
    /// What was sent before, as it goes into the proof, with a comma at the end.
    before: String,
}

impl First {
    pub(super) fn read(message: &[u8]) -> Result<Self, SaslError> {
        let text = std::str::from_utf8(message).map_err(|_| SaslError::Malformed)?;
        let mut parts = text.splitn(3, ',');
        let (Some(binding), Some(identity), Some(bare)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Err(SaslError::Malformed);
        };
        match binding {
            // `y`: the client could bind and believes that the server cannot, which is true.
            "n" | "y" => {}
            _ if binding.starts_with("p=") => return Err(SaslError::ChannelBinding),
            _ => return Err(SaslError::Malformed),
        }
        // An `m=` here would be an extension that must be understood.
        let mut attributes = bare.split(',');
        let user = attribute(attributes.next(), "n=").and_then(unescape)?;
        let nonce = attribute(attributes.next(), "r=")?;
        if !is_nonce(nonce) {
            return Err(SaslError::Malformed);
        }
        if !identity.is_empty() && unescape(attribute(Some(identity), "a=")?)? != user {
            return Err(SaslError::OtherIdentity);
        }
        let header = format!("{binding},{identity},");
        Ok(Self { user, nonce: nonce.to_owned(), header, bare: bare.to_owned() })
    }

    /// Goes on with the keys that are stored: the server's first message.
    pub(super) fn challenge(self, keys: ScramKeys, nonce: &Nonce) -> (Last, String) {
        let nonce = self.nonce + nonce.as_str();
        let challenge =
            format!("r={nonce},s={},i={}", STANDARD.encode(&keys.salt), keys.iterations);
        let before = format!("{},{challenge},", self.bare);
        (Last { user: self.user, keys, nonce, header: self.header, before }, challenge)
    }
}

impl Last {
    /// Reads the client's last message: whether the client has proved itself, and the server's last
    /// message, which goes to nobody else.
    pub(super) fn verify(&self, message: &[u8]) -> Result<(bool, String), SaslError> {
        let text = std::str::from_utf8(message).map_err(|_| SaslError::Malformed)?;
        let (unproven, proof) = text.rsplit_once(",p=").ok_or(SaslError::Malformed)?;
        let mut attributes = unproven.split(',');
        let header = attribute(attributes.next(), "c=").and_then(decode)?;
        let nonce = attribute(attributes.next(), "r=")?;
        let proof = decode(proof)?;
        // Whoever changed the header on the way would have taken channel binding away.
        if header != self.header.as_bytes() || nonce != self.nonce {
            return Err(SaslError::Malformed);
        }
        let exchange = [self.before.as_bytes(), unproven.as_bytes()].concat();
        let proven = self.keys.proves(&exchange, &proof);
        Ok((proven, format!("v={}", STANDARD.encode(self.keys.signature(&exchange)))))
    }
}

fn attribute<'a>(text: Option<&'a str>, start: &str) -> Result<&'a str, SaslError> {
    text.and_then(|text| text.strip_prefix(start)).ok_or(SaslError::Malformed)
}

fn decode(text: &str) -> Result<Vec<u8>, SaslError> {
    STANDARD.decode(text).map_err(|_| SaslError::Malformed)
}

/// A name, in which `=2C` is a comma, `=3D` an equals sign, and nothing else follows an `=`.
fn unescape(text: &str) -> Result<String, SaslError> {
    let mut parts = text.split('=');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (character, rest) = match part.split_at_checked(2) {
            Some(("2C", rest)) => (',', rest),
            Some(("3D", rest)) => ('=', rest),
            _ => return Err(SaslError::Malformed),
        };
        plain.push(character);
        plain.push_str(rest);
    }
    name(plain.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_messages_are_read_or_refused() {
        use SaslError::{ChannelBinding, Malformed, OtherIdentity};
        let table: &[(&str, Result<&str, SaslError>)] = &[
            ("n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", Ok("user")),
            ("y,,n=user,r=x", Ok("user")),
            ("n,a=user,n=user,r=x", Ok("user")),
            ("n,,n=a=2Cb=3Dc@example.org,r=x", Ok("a,b=c@example.org")),
            ("n,,n=user,r=x,ext=1", Ok("user")),
            ("n,,n=grün,r=x", Ok("grün")),
            ("n,a=ann,n=user,r=x", Err(OtherIdentity)),
            ("p=tls-unique,,n=user,r=x", Err(ChannelBinding)),
            ("n,,m=1,n=user,r=x", Err(Malformed)),
            ("n,,n=us=er,r=x", Err(Malformed)),
            ("n,,n=user=,r=x", Err(Malformed)),
            ("n,,n=user=2c,r=x", Err(Malformed)),
            ("n,,n=,r=x", Err(Malformed)),
            ("n,,n=user,r=", Err(Malformed)),
            ("n,,n=user,r=ü", Err(Malformed)),
            ("n,,n=user", Err(Malformed)),
            ("n,,r=x,n=user", Err(Malformed)),
            ("n,user,n=user,r=x", Err(Malformed)),
            ("x,,n=user,r=x", Err(Malformed)),
            ("n=user,r=x", Err(Malformed)),
            ("", Err(Malformed)),
        ];
        for (message, expected) in table {
            let got = First::read(message.as_bytes()).map(|first| first.user);
            assert_eq!(got.as_deref().map_err(|error| *error), *expected, "{message}");
        }
        assert_eq!(First::read(b"n,,n=\xff,r=x").map(|_| ()), Err(Malformed));
    }
}
