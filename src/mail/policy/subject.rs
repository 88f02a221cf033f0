//! Who sends.

use std::fmt;

use crate::mail::{Gid, Uid};

/// Somebody for whom is counted what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An account.
    Account(Uid),
    /// An app password of one, by its number.
    AppPassword(i64),
    /// All accounts of a domain together.
    Domain(Gid),
}

impl Subject {
    /// The kind and the number that the database knows it by.
    ///
    /// ```
    /// use postcote::mail::{Uid, policy::Subject};
    /// let joe = Subject::Account(Uid(70000));
    /// assert_eq!(joe.key(), ("account", 70000));
    /// assert_eq!(Subject::of_key("account", 70000), Some(joe));
    /// ```
    pub fn key(self) -> (&'static str, i64) {
        match self {
            Self::Account(uid) => ("account", uid.0.into()),
            Self::AppPassword(id) => ("app_password", id),
            Self::Domain(gid) => ("domain", gid.0.into()),
        }
    }

    /// The one with that kind and number, if there is such a one.
    pub fn of_key(kind: &str, id: i64) -> Option<Self> {
        match kind {
            "account" => u32::try_from(id).ok().map(|uid| Self::Account(Uid(uid))),
            "app_password" => Some(Self::AppPassword(id)),
            "domain" => u32::try_from(id).ok().map(|gid| Self::Domain(Gid(gid))),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, id) = self.key();
        write!(f, "{} {id}", kind.replace('_', " "))
    }
}
