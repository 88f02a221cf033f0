//! The tables, named as the Postfix parameters they serve.

use crate::mail::{Address, DomainName};

/// A table that can be asked. The name on the wire is the Postfix parameter's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// An access(5) action while a recipient takes no mail.
    RecipientAccess,
    /// Relay domains and their subdomains.
    RelayDomains,
    /// Recipients of relay domains.
    RelayRecipientMaps,
    /// New addresses of people who have moved.
    RelocatedMaps,
    /// The logins that may send as an address.
    SmtpdSenderLoginMaps,
    /// Where mail is handed to.
    TransportMaps,
    /// Always empty: alias domains share the mailboxes of their primary domain.
    VirtualAliasDomains,
    /// Destinations of aliases, forwards and catch-alls.
    VirtualAliasMaps,
    /// Group ids of accounts.
    VirtualGidMaps,
    /// Domains with mailboxes, alias domains included.
    VirtualMailboxDomains,
    /// Mailbox paths of accounts.
    VirtualMailboxMaps,
    /// User ids of accounts.
    VirtualUidMaps,
}

/// A key that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A whole mail address.
    Address(Address),
    /// A domain name.
    Domain(DomainName),
}

impl Table {
    /// Every table, alphabetically.
    pub const ALL: [Self; 12] = [
        Self::RecipientAccess,
        Self::RelayDomains,
        Self::RelayRecipientMaps,
        Self::RelocatedMaps,
        Self::SmtpdSenderLoginMaps,
        Self::TransportMaps,
        Self::VirtualAliasDomains,
        Self::VirtualAliasMaps,
        Self::VirtualGidMaps,
        Self::VirtualMailboxDomains,
        Self::VirtualMailboxMaps,
        Self::VirtualUidMaps,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RecipientAccess => "recipient_access",
            Self::RelayDomains => "relay_domains",
            Self::RelayRecipientMaps => "relay_recipient_maps",
            Self::RelocatedMaps => "relocated_maps",
            Self::SmtpdSenderLoginMaps => "smtpd_sender_login_maps",
            Self::TransportMaps => "transport_maps",
            Self::VirtualAliasDomains => "virtual_alias_domains",
            Self::VirtualAliasMaps => "virtual_alias_maps",
            Self::VirtualGidMaps => "virtual_gid_maps",
            Self::VirtualMailboxDomains => "virtual_mailbox_domains",
            Self::VirtualMailboxMaps => "virtual_mailbox_maps",
            Self::VirtualUidMaps => "virtual_uid_maps",
        }
    }

    /// The table of this name; names are compared exactly, as Postfix sends what main.cf says.
    pub fn parse(name: &str) -> Option<Self> {
        let place = Self::ALL.binary_search_by(|table| table.as_str().cmp(name)).ok()?;
        Self::ALL.get(place).copied()
    }

    /// Its position in [`Table::ALL`], for arrays with a place for each table.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Understands a key as this table takes it; `None` means that nothing of this name can exist,
    /// so the answer is "not found", never an error.
    ///
    /// ```
    /// use postcote::lookup::Table;
    /// assert!(Table::VirtualMailboxDomains.key("Example.ORG").is_some());
    /// assert!(Table::VirtualAliasMaps.key("example.org").is_none(), "a catch-all is no domain");
    /// assert!(Table::TransportMaps.key("*").is_none());
    /// ```
    pub fn key(self, text: &str) -> Option<Key> {
        let address = || Address::parse(text).ok().map(Key::Address);
        let domain = |name: &str| DomainName::parse(name).ok().map(Key::Domain);
        match self {
            Self::RelayDomains | Self::VirtualAliasDomains | Self::VirtualMailboxDomains => {
                domain(text)
            }
            // Postfix never asks a socketmap for `domain` or `.domain`, but people do.
            Self::TransportMaps if !text.contains('@') => {
                domain(text.strip_prefix('.').unwrap_or(text))
            }
            Self::RecipientAccess
            | Self::RelayRecipientMaps
            | Self::RelocatedMaps
            | Self::SmtpdSenderLoginMaps
            | Self::TransportMaps
            | Self::VirtualAliasMaps
            | Self::VirtualGidMaps
            | Self::VirtualMailboxMaps
            | Self::VirtualUidMaps => address(),
        }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_alphabetical_and_named_once() {
        let names: Vec<_> = Table::ALL.into_iter().map(Table::as_str).collect();
        assert!(names.is_sorted());
        for (index, table) in Table::ALL.into_iter().enumerate() {
            assert_eq!(Table::parse(table.as_str()), Some(table));
            assert_eq!(table.index(), index);
        }
        assert_eq!(Table::parse("Virtual_Alias_Maps"), None);
    }
}
