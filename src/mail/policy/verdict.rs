//! What a rule says.

use std::fmt;

/// What a rule says about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Pass,
    /// It refuses.
    Refuse(Refused),
    /// It refuses for now, unless another restriction refuses for good.
    Wait(Refused),
    /// It cannot be known now, and why.
    Unknown(String),
}

/// Why something is refused, as SMTP says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The code: 4xx for now, 5xx for good.
    pub code: u16,
    /// The enhanced status code (RFC 3463).
    pub status: &'static str,
    /// Why, for whoever sends.
    pub text: String,
}

impl Verdict {
    /// It refuses with this.
    pub fn refuse(code: u16, status: &'static str, text: impl Into<String>) -> Self {
        Self::Refuse(Refused { code, status, text: text.into() })
    }
}

/// The rules of the policy service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyRule {
    /// Whether the login may send and the recipient receive.
    AccountStates,
    /// Whether this client, sender and recipient are known.
    Greylisting,
    /// Whether the mailboxes behind the recipient have room.
    MailboxFull,
    /// Whether the sender may write to this alias.
    RestrictedAliases,
    /// Whether the login may use this sender address.
    SenderRights,
    /// Whether the login has sent enough for now.
    SendingLimits,
}

impl PolicyRule {
    /// All rules, in the order in which they decide unless the configuration has another: what is
    /// cheap and certain first, what has to be counted last.
    pub const ALL: [Self; 6] = [
        Self::AccountStates,
        Self::SenderRights,
        Self::RestrictedAliases,
        Self::MailboxFull,
        Self::Greylisting,
        Self::SendingLimits,
    ];

    /// The name in the configuration, in logs and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountStates => "account-states",
            Self::Greylisting => "greylisting",
            Self::MailboxFull => "mailbox-full",
            Self::RestrictedAliases => "restricted-aliases",
            Self::SenderRights => "sender-rights",
            Self::SendingLimits => "sending-limits",
        }
    }

    /// The rule of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }

    /// Whether mail goes on when the rule cannot know. What only saves work or trouble is left out
    /// then; what somebody relies on, such as a list that strangers cannot reach, waits.
    pub fn is_advisory(self) -> bool {
        match self {
            Self::Greylisting | Self::MailboxFull | Self::SendingLimits => true,
            Self::AccountStates | Self::RestrictedAliases | Self::SenderRights => false,
        }
    }
}

impl fmt::Display for PolicyRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
