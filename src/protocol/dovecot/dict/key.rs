//! The keys that Dovecot is told to ask for, and what they are about.

/// What all keys of the userdb start with.
pub const USERDB: &str = "shared/userdb/";
const PASSDB: &str = "shared/passdb/";
const LAST_LOGIN: &str = "shared/last-login/";

/// What a key is about. Dovecot expands a user's name into a key as it stands: a name may have
/// slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key<'a> {
    /// When a user logged in last, `shared/last-login/USER[/SERVICE]`.
    LastLogin {
        /// Who.
        user: &'a str,
        /// Where, if the key tells.
        service: Option<&'a str>,
    },
    /// Nothing that is known here.
    Other,
    /// What lets a user in, `shared/passdb/USER`.
    Passdb(&'a str),
    /// How many messages the user has, `priv/quota/messages`.
    QuotaMessages,
    /// How many bytes the user has, `priv/quota/storage`.
    QuotaStorage,
    /// Where a user's mail is, `shared/userdb/USER`.
    Userdb(&'a str),
}

impl<'a> Key<'a> {
    /// Reads a key.
    ///
    /// ```
    /// use postcote::protocol::dovecot::dict::Key;
    /// assert_eq!(Key::parse(b"shared/userdb/joe@example.org"), Key::Userdb("joe@example.org"));
    /// assert_eq!(Key::parse(b"priv/quota/storage"), Key::QuotaStorage);
    /// ```
    pub fn parse(key: &'a [u8]) -> Self {
        let Ok(key) = std::str::from_utf8(key) else { return Self::Other };
        let user_of = |prefix| key.strip_prefix(prefix).filter(|user| !user.is_empty());
        if let Some(user) = user_of(PASSDB) {
            return Self::Passdb(user);
        }
        if let Some(user) = user_of(USERDB) {
            return Self::Userdb(user);
        }
        if let Some(user) = user_of(LAST_LOGIN) {
            // A slash in a local part is followed by an `@`, one before a service is not.
            let split = user.rsplit_once('/').filter(|(_, service)| !service.contains('@'));
            let (user, service) =
                split.map_or((user, None), |(user, service)| (user, Some(service)));
            return Self::LastLogin { user, service: service.filter(|name| !name.is_empty()) };
        }
        match key {
            "priv/quota/messages" => Self::QuotaMessages,
            "priv/quota/storage" => Self::QuotaStorage,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        let last = |user, service| Key::LastLogin { user, service };
        let table: &[(&[u8], Key<'_>)] = &[
            (b"shared/passdb/a@b.example", Key::Passdb("a@b.example")),
            (b"shared/userdb/a/b@c.example", Key::Userdb("a/b@c.example")),
            (b"shared/last-login/a@b.example", last("a@b.example", None)),
            (b"shared/last-login/a@b.example/imap", last("a@b.example", Some("imap"))),
            (b"shared/last-login/a/b@c.example", last("a/b@c.example", None)),
            (b"shared/last-login/a/b@c.example/pop3", last("a/b@c.example", Some("pop3"))),
            (b"shared/last-login/a@b.example/", last("a@b.example", None)),
            (b"priv/quota/storage", Key::QuotaStorage),
            (b"priv/quota/messages", Key::QuotaMessages),
            (b"priv/quota/storage/", Key::Other),
            (b"shared/quota/a@b.example", Key::Other),
            (b"shared/passdb/", Key::Other),
            (b"shared/passdb", Key::Other),
            (b"shared/passdb/\xff@b.example", Key::Other),
            (b"Shared/passdb/a@b.example", Key::Other),
            (b"", Key::Other),
        ];
        for (key, expected) in table {
            assert_eq!(Key::parse(key), *expected, "{}", key.escape_ascii());
        }
    }
}
