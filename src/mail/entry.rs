//! What stands at an address.

use std::sync::Arc;

use crate::mail::policy::AllowedSender;
use crate::mail::{Account, Destination, DestinationTemplate, Timestamp};

/// Exactly one of the things that can stand at an address of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A mailbox.
    Account(Arc<Account>),
    /// Another name for one or more addresses.
    Alias(Alias),
    /// Somebody who has moved, and whereto.
    Relocated(Destination),
    /// A known recipient of a relay domain.
    RelayRecipient,
}

/// Another name for one or more addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Where mail goes.
    pub destinations: Vec<DestinationTemplate>,
    /// A disabled alias takes no mail, and neither does a catch-all in its place.
    pub enabled: bool,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Who may write to it; `None` is anybody.
    pub senders: Option<Box<[AllowedSender]>>,
}

impl Alias {
    /// Whether mail for the alias is taken now.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.enabled && self.expires.is_none_or(|end| now < end)
    }
}
