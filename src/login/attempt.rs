//! What comes in and what goes out.

use std::net::IpAddr;
use std::sync::Arc;

use crate::directory::DirectoryError;
use crate::lookup::FoundAccount;
use crate::mail::{Address, Denial, Gid, MailLocation, PasswordHash, QuotaLimit, ServiceSet, Uid};

/// Somebody wants to log in.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// What was typed.
    pub name: &'a str,
    /// What for: `service=` or `protocol=` in Dovecot's words.
    pub service: &'a str,
    /// Where the client is: `rip=`. Without it only the account is guarded.
    pub remote: Option<IpAddr>,
    /// Where the client connected to: `lip=`.
    pub local: Option<IpAddr>,
}

/// A user in the sense of Dovecot: everything about an account but its secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The one name of the account: what to answer as `user=`.
    pub login: Address,
    /// The numeric user.
    pub uid: Uid,
    /// The numeric group.
    pub gid: Gid,
    /// Home, format and directory of the mail.
    pub location: MailLocation,
    /// What it may hold.
    pub quota: QuotaLimit,
    /// What it may use.
    pub services: ServiceSet,
    /// The app password that it logged in by, if it was one: its use is to be recorded.
    pub app_password: Option<i64>,
}

/// A user with the stored password, for a peer that verifies by itself.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The user.
    pub user: User,
    /// What is stored of the password.
    pub hash: PasswordHash,
}

/// Why nobody was logged in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Refused for good.
    #[error("login refused")]
    Denied {
        /// Why.
        denial: Denial,
        /// What to answer as `user=`: the login of the account to whoever knew the password, and
        /// what was typed to others.
        user: String,
    },
    /// It cannot be known now: `code=temp_fail` for Dovecot, the end of the connection for Postfix.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// It cannot be known now. There is no way from here to "no such user" or "wrong password".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unavailable {
    /// Why, for the operator.
    pub reason: Arc<str>,
}

/// What a check came to.
pub(super) type Checked = Result<Result<User, Denial>, Unavailable>;

impl User {
    pub(super) fn of(found: &FoundAccount, app_password: Option<i64>) -> Self {
        Self {
            login: found.login.clone(),
            uid: found.account.uid,
            gid: found.gid,
            location: found.account.location.clone(),
            quota: found.quota,
            services: found.services,
            app_password,
        }
    }
}

impl Unavailable {
    pub(super) fn new(reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into() }
    }

    /// Whoever asks with the right password must not be told that it is wrong.
    pub(super) fn unreadable() -> Self {
        Self::new("the stored password is no hash that is known here; set it anew")
    }
}

impl From<DirectoryError> for Unavailable {
    fn from(error: DirectoryError) -> Self {
        Self { reason: error.reason }
    }
}
