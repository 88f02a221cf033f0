//! What the peers call the services that people log in to.

use crate::mail::{Service, ServiceSet};

/// What a login or a question about a user is for, by whatever name Dovecot 2.3, Dovecot 2.4 or
/// Postfix (`smtpd_sasl_service`) calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A service that can be switched for each account.
    Service(Service),
    /// Dovecot's own work, delivery and administration: never switched off.
    Internal,
    /// A name that is none of Dovecot's mail services; what it does is not known here.
    Other(Box<str>),
}

impl Channel {
    /// Reads the value of `service=` (2.3, Postfix) or `protocol=` (2.4), in any case.
    ///
    /// ```
    /// use postcote::mail::{Channel, Service};
    /// assert_eq!(Channel::of("submission"), Channel::Service(Service::Smtp));
    /// assert_eq!(Channel::of("imap-login"), Channel::Service(Service::Imap));
    /// assert_eq!(Channel::of("lmtp"), Channel::Internal);
    /// ```
    pub fn of(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        // The processes that log people in are called after what they serve.
        let base = name.strip_suffix("-login").unwrap_or(&name);
        match base {
            "imap" | "imaps" | "imap-hibernate" | "imap-urlauth" => Self::Service(Service::Imap),
            "pop3" | "pop3s" => Self::Service(Service::Pop3),
            "managesieve" | "sieve" => Self::Service(Service::Sieve),
            "smtp" | "smtps" | "submission" | "submissions" => Self::Service(Service::Smtp),
            "doveadm" | "indexer-worker" | "lda" | "lmtp" | "quota-status" | "script" => {
                Self::Internal
            }
            _ => Self::Other(name.into()),
        }
    }

    /// The name to record a login under: letters, digits, `_` and `-`, 40 of them at most.
    pub fn recorded(&self) -> String {
        match self {
            Self::Service(service) => service.as_str().to_owned(),
            Self::Internal => "internal".to_owned(),
            Self::Other(name) => {
                let legal = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
                let name: String = name.chars().take(40).map(legal).collect();
                if name.is_empty() { "unknown".to_owned() } else { name }
            }
        }
    }

    /// Whether an account with these services may use it. A name that nobody knows cannot be
    /// switched, so it takes an account that nothing was taken from.
    pub(super) fn is_allowed(&self, services: ServiceSet) -> bool {
        match self {
            Self::Service(service) => services.contains(*service),
            Self::Internal => true,
            Self::Other(_) => services == ServiceSet::ALL,
        }
    }

    pub(super) fn sends(&self) -> bool {
        *self == Self::Service(Service::Smtp)
    }
}

impl std::fmt::Display for Channel {
    /// As people write it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Service(Service::Imap) => "IMAP",
            Self::Service(Service::Pop3) => "POP3",
            Self::Service(Service::Sieve) => "ManageSieve",
            Self::Service(Service::Smtp) => "SMTP",
            Self::Internal | Self::Other(_) => "This service",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_peers_send_is_known() {
        let imap = Channel::Service(Service::Imap);
        let pop3 = Channel::Service(Service::Pop3);
        let sieve = Channel::Service(Service::Sieve);
        let smtp = Channel::Service(Service::Smtp);
        let table = [
            ("imap", &imap, "imap"),
            ("IMAP", &imap, "imap"),
            ("imap-login", &imap, "imap"),
            ("pop3", &pop3, "pop3"),
            ("pop3-login", &pop3, "pop3"),
            ("sieve", &sieve, "sieve"),
            ("managesieve", &sieve, "sieve"),
            ("managesieve-login", &sieve, "sieve"),
            ("smtp", &smtp, "smtp"),
            ("submission", &smtp, "smtp"),
            ("submission-login", &smtp, "smtp"),
            ("lmtp", &Channel::Internal, "internal"),
            ("lda", &Channel::Internal, "internal"),
            ("doveadm", &Channel::Internal, "internal"),
            ("xmpp", &Channel::Other("xmpp".into()), "xmpp"),
            ("", &Channel::Other("".into()), "unknown"),
            ("a b/é", &Channel::Other("a b/é".into()), "a_b__"),
        ];
        for (name, expected, recorded) in table {
            assert_eq!(Channel::of(name), *expected, "{name}");
            assert_eq!(expected.recorded(), recorded, "{name}");
        }
    }
}
