//! The mechanisms, and what clients are told about them.

/// A mechanism, in the order in which they are offered: the first ones are what most clients take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// Name and password in one message.
    Plain,
    /// Name and password in two messages; older than PLAIN, and some clients know nothing else.
    Login,
    /// A challenge, answered with HMAC-MD5.
    CramMd5,
    /// SCRAM with SHA-1.
    ScramSha1,
    /// SCRAM with SHA-256.
    ScramSha256,
}

impl Mechanism {
    /// Every mechanism.
    pub const ALL: [Self; 5] =
        [Self::Plain, Self::Login, Self::CramMd5, Self::ScramSha1, Self::ScramSha256];

    /// Reads a name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(name))
    }

    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::CramMd5 => "CRAM-MD5",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::ScramSha256 => "SCRAM-SHA-256",
        }
    }

    /// Its properties in the words of Dovecot's `MECH` lines: whether the password is sent as it
    /// is, can be guessed from what is sent, by listening or only by taking part, and whether the
    /// server proves itself, too.
    pub fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Plain | Self::Login => &["plaintext"],
            Self::CramMd5 => &["dictionary", "active"],
            Self::ScramSha1 | Self::ScramSha256 => &["mutual-auth"],
        }
    }

    /// Whether the client sends the password itself, so that every stored hash will do.
    pub fn sends_password(self) -> bool {
        matches!(self, Self::Plain | Self::Login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_any_case() {
        for mechanism in Mechanism::ALL {
            assert_eq!(Mechanism::parse(mechanism.as_str()), Some(mechanism));
        }
        assert_eq!(Mechanism::parse("scram-sha-256"), Some(Mechanism::ScramSha256));
        for other in ["", "SCRAM-SHA-256-PLUS", "ANONYMOUS", "PLAIN ", "DIGEST-MD5"] {
            assert_eq!(Mechanism::parse(other), None, "{other}");
        }
    }
}
