//! A served domain.

use crate::mail::policy::{SenderGrant, SendingLimits};
use crate::mail::{
    DestinationTemplate, DomainName, DomainPattern, QuotaLimit, ServiceSet, Transport,
};

/// A numeric group id of a domain, 70000 or more, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Gid(pub u32);

impl Gid {
    /// Where default aliases stand, which every mailbox domain has unless an entry of its own
    /// stands at the address. No domain has this number.
    pub const DEFAULTS: Self = Self(0);
    /// A domain without entries, for questions about any domain. No domain has this number either.
    pub const ANY: Self = Self(1);
}

/// A served domain, under the name it was found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The primary name, or an alias domain, which may stand for all names below one.
    pub name: DomainPattern,
    /// The primary name, which all data hang on.
    pub primary: DomainName,
    /// The numeric group.
    pub gid: Gid,
    /// A disabled domain stands in no map.
    pub enabled: bool,
    /// Where its mail goes; `None` leaves it to Postfix's `virtual_transport` or
    /// `relay_transport`.
    pub transport: Option<Transport>,
    /// What Postfix calls the address class.
    pub kind: DomainKind,
    /// What may be sent from it, and by whom.
    pub sending: DomainSending,
}

/// What a domain says about sending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainSending {
    /// How much all its accounts may send together.
    pub whole: Option<Box<SendingLimits>>,
    /// How much each of its accounts may send, unless that says otherwise.
    pub accounts: Option<Box<SendingLimits>>,
    /// Who may use addresses of it beside those they belong to.
    pub grants: Box<[SenderGrant]>,
}

/// The address class of a domain (`ADDRESS_CLASS_README` of Postfix).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainKind {
    /// Mailboxes are here.
    Mailbox {
        /// Who gets mail for strangers; empty if nobody does.
        catchall: Vec<DestinationTemplate>,
        /// What its accounts may use, unless they say otherwise.
        services: ServiceSet,
        /// What its accounts may hold, unless they say otherwise.
        quota: QuotaLimit,
    },
    /// Mail is relayed to another host.
    Relay {
        /// Whether only listed recipients exist.
        has_recipient_list: bool,
    },
}

impl Domain {
    /// Whether mailboxes of this domain are served here.
    pub fn has_mailboxes(&self) -> bool {
        self.enabled && matches!(self.kind, DomainKind::Mailbox { .. })
    }

    /// Whether mail for this domain is relayed.
    pub fn is_relayed(&self) -> bool {
        self.enabled && matches!(self.kind, DomainKind::Relay { .. })
    }

    /// The destinations of its catch-all.
    pub fn catchall(&self) -> &[DestinationTemplate] {
        match &self.kind {
            DomainKind::Mailbox { catchall, .. } => catchall,
            DomainKind::Relay { .. } => &[],
        }
    }
}
