//! The keys that Dovecot is told to ask for, and what they are about.

/// What all keys of the userdb start with.
pub const USERDB: &str = "shared/userdb/";
const PASSDB: &str = "shared/passdb/";
/// What all keys of last logins start with.
pub const LAST_LOGIN: &str = "shared/last-login/";

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
    /// Somebody's key, but nobody can have that name.
    Nobody,
    /// Nothing that is known here.
    Other,
    /// What lets a user in, `shared/passdb/USER[/SERVICE]`.
    Passdb {
        /// Who.
        user: &'a str,
        /// Into what, if the key tells.
        service: Option<&'a str>,
    },
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
        let is_of = |prefix: &&str| key.starts_with(prefix.as_bytes());
        let Some(prefix) = [LAST_LOGIN, PASSDB, USERDB].into_iter().find(is_of) else {
            return match key {
                b"priv/quota/messages" => Self::QuotaMessages,
                b"priv/quota/storage" => Self::QuotaStorage,
                _ => Self::Other,
            };
        };
        let name = key.get(prefix.len()..).and_then(|name| std::str::from_utf8(name).ok());
        let Some(user) = name.filter(|name| !name.is_empty()) else { return Self::Nobody };
        if prefix == USERDB {
            return Self::Userdb(user);
        }
        let (user, service) = with_service(user);
        match prefix {
            PASSDB => Self::Passdb { user, service },
            _ => Self::LastLogin { user, service },
        }
    }
}

/// Takes the service off the end. A slash in a local part is followed by what is no service's name,
/// an `@` at least; a slash at the end belongs to a service that is not known.
fn with_service(user: &str) -> (&str, Option<&str>) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    match user.rsplit_once('/') {
        Some((user, service)) if service.chars().all(is_name) => {
            (user, Some(service).filter(|name| !name.is_empty()))
        }
        _ => (user, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart() {
        let last = |user, service| Key::LastLogin { user, service };
        let pass = |user, service| Key::Passdb { user, service };
        let table: &[(&[u8], Key<'_>)] = &[
            (b"shared/passdb/a@b.example", pass("a@b.example", None)),
            (b"shared/passdb/a@b.example/imap", pass("a@b.example", Some("imap"))),
            (b"shared/passdb/a@b.example/", pass("a@b.example", None)),
            (b"shared/passdb/a/b@c.example", pass("a/b@c.example", None)),
            (b"shared/passdb/a/b:c.example", pass("a/b:c.example", None)),
            (b"shared/passdb/a/b:c.example/pop3", pass("a/b:c.example", Some("pop3"))),
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
            (b"shared/passdb/", Key::Nobody),
            (b"shared/passdb", Key::Other),
            (b"shared/passdb/\xff@b.example", Key::Nobody),
            (b"Shared/passdb/a@b.example", Key::Other),
            (b"", Key::Other),
        ];
        for (key, expected) in table {
            assert_eq!(Key::parse(key), *expected, "{}", key.escape_ascii());
        }
    }
}
