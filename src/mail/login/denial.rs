//! Why a login is refused, in the words of Dovecot's own auth process.

use crate::mail::Channel;

/// Why somebody is not let in. "Cannot know now" is none of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// No account is called so, or the name cannot be one.
    UnknownUser,
    /// The password, or the proof of it, is wrong.
    WrongPassword,
    /// An empty password is never right, whatever is stored.
    EmptyPassword,
    /// The account may not use this service.
    ServiceDisabled(Channel),
    /// The account may not log in, and why if somebody said why.
    AccountDisabled(Option<Box<str>>),
    /// The account has ended.
    AccountExpired,
    /// The account may not send, so there is nothing for it at SMTP.
    SendingDisabled(Option<Box<str>>),
}

impl Denial {
    /// The `code=` of a `FAIL` reply; `None` is a plain failure.
    ///
    /// Only whoever knows the password learns that an account is switched off: the other denials
    /// are told apart by nobody.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::UnknownUser | Self::WrongPassword | Self::EmptyPassword => None,
            Self::ServiceDisabled(_)
            | Self::AccountDisabled(_)
            | Self::AccountExpired
            | Self::SendingDisabled(_) => Some("user_disabled"),
        }
    }

    /// The `reason=` of a `FAIL` reply, for the person who logs in: one line without a tab.
    pub fn reason(&self) -> Option<String> {
        let or = |reason: &Option<Box<str>>, usual: &str| {
            Some(reason.as_deref().unwrap_or(usual).to_owned())
        };
        match self {
            Self::UnknownUser | Self::WrongPassword | Self::EmptyPassword => None,
            Self::ServiceDisabled(channel) => {
                Some(format!("{channel} is not enabled for this account"))
            }
            Self::AccountDisabled(reason) => or(reason, "Account is disabled"),
            Self::AccountExpired => Some("Account has expired".to_owned()),
            Self::SendingDisabled(reason) => or(reason, "Account may not send mail"),
        }
    }

    /// One word for logs and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown-user",
            Self::WrongPassword => "wrong-password",
            Self::EmptyPassword => "empty-password",
            Self::ServiceDisabled(_) => "service-disabled",
            Self::AccountDisabled(_) => "account-disabled",
            Self::AccountExpired => "account-expired",
            Self::SendingDisabled(_) => "sending-disabled",
        }
    }

    /// Whether it counts as a guess: with the right password nobody guesses.
    pub fn is_guess(&self) -> bool {
        self.code().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Service;

    #[test]
    fn only_who_knows_the_password_learns_more() {
        let table = [
            (Denial::UnknownUser, None, None),
            (Denial::WrongPassword, None, None),
            (Denial::EmptyPassword, None, None),
            (
                Denial::ServiceDisabled(Channel::Service(Service::Pop3)),
                Some("user_disabled"),
                Some("POP3 is not enabled for this account"),
            ),
            (
                Denial::ServiceDisabled(Channel::of("xmpp")),
                Some("user_disabled"),
                Some("This service is not enabled for this account"),
            ),
            (Denial::AccountDisabled(None), Some("user_disabled"), Some("Account is disabled")),
            (Denial::AccountDisabled(Some("Unpaid".into())), Some("user_disabled"), Some("Unpaid")),
            (Denial::AccountExpired, Some("user_disabled"), Some("Account has expired")),
            (
                Denial::SendingDisabled(None),
                Some("user_disabled"),
                Some("Account may not send mail"),
            ),
        ];
        for (denial, code, reason) in table {
            assert_eq!(denial.code(), code, "{denial:?}");
            assert_eq!(denial.reason().as_deref(), reason, "{denial:?}");
            assert_eq!(denial.is_guess(), code.is_none(), "{denial:?}");
        }
    }
}
