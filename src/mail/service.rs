//! What an account may be used for.

use std::fmt;

/// A service that can be switched per account, in alphabetical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Reading mail by IMAP.
    Imap,
    /// Reading mail by POP3.
    Pop3,
    /// Editing filters by ManageSieve.
    Sieve,
    /// Sending mail by authenticated SMTP.
    Smtp,
}

/// A set of services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceSet(u8);

/// Why a text is not a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the services are imap, pop3, sieve and smtp")]
pub struct ServiceError;

impl Service {
    /// All services, alphabetically.
    pub const ALL: [Self; 4] = [Self::Imap, Self::Pop3, Self::Sieve, Self::Smtp];

    /// The name in configuration, commands and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Sieve => "sieve",
            Self::Smtp => "smtp",
        }
    }

    /// Reads a service's name.
    ///
    /// # Errors
    /// There is no such service.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        let known = Self::ALL.into_iter().find(|s| s.as_str().eq_ignore_ascii_case(text));
        known.ok_or(ServiceError)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl ServiceSet {
    /// Every service.
    pub const ALL: Self = Self(0b1111);
    /// No service.
    pub const NONE: Self = Self(0);

    /// Reads names separated by commas; `none` is the empty set.
    ///
    /// # Errors
    /// One of the names is no service.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        if text.eq_ignore_ascii_case("none") {
            return Ok(Self::NONE);
        }
        text.split(',').map(|name| Service::parse(name.trim())).collect()
    }

    /// What is in this set and in another.
    #[must_use]
    pub fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set has this service.
    pub fn contains(self, service: Service) -> bool {
        self.0 & service.bit() != 0
    }

    /// The services of the set, alphabetically.
    pub fn iter(self) -> impl Iterator<Item = Service> {
        Service::ALL.into_iter().filter(move |s| self.contains(*s))
    }
}

impl FromIterator<Service> for ServiceSet {
    fn from_iter<I: IntoIterator<Item = Service>>(services: I) -> Self {
        Self(services.into_iter().fold(0, |set, service| set | service.bit()))
    }
}

impl fmt::Display for ServiceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("none");
        }
        let names: Vec<_> = self.iter().map(Service::as_str).collect();
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_read_and_print() {
        let table = [
            ("smtp,imap", Ok("imap,smtp")),
            ("SMTP, pop3", Ok("pop3,smtp")),
            ("none", Ok("none")),
            ("imap,pop3,sieve,smtp", Ok("imap,pop3,sieve,smtp")),
            ("http", Err(ServiceError)),
            ("", Err(ServiceError)),
        ];
        for (text, expected) in table {
            let got = ServiceSet::parse(text).map(|set| set.to_string());
            assert_eq!(got.as_deref(), expected.as_ref().copied(), "{text}");
        }
    }
}
