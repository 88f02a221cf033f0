//! What is asked, understood.

use std::net::IpAddr;

use crate::mail::Address;

/// A question about a message, or about a session that may become one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Where in the session it is asked.
    pub stage: Stage,
    /// The client's address, if Postfix knows it.
    pub client: Option<IpAddr>,
    /// Who has logged in, by whatever name.
    pub login: Option<Box<str>>,
    /// The envelope sender.
    pub sender: Sender,
    /// The recipient, as the client wrote it; nothing where there is none, or more than one.
    pub recipient: Option<Box<str>>,
    /// How many recipients were accepted; zero before DATA.
    pub recipients: u32,
    /// The same for all questions about one message; empty where there is none yet.
    pub instance: Box<[u8]>,
    /// Octets, as far as they are known.
    pub size: u64,
    /// Which rules are wanted.
    pub context: Box<str>,
}

/// Where in the session a question is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The whole message has arrived.
    EndOfMessage,
    /// Anywhere else, where nothing can be decided yet.
    #[default]
    Elsewhere,
}

/// An envelope sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sender {
    /// `<>`: a bounce, or a receipt.
    #[default]
    Null,
    /// An address.
    Address(Address),
    /// What no address of ours can be.
    Other(Box<str>),
}

impl Sender {
    /// The sender as a client wrote it.
    pub fn read(text: &str) -> Self {
        if text.is_empty() {
            return Self::Null;
        }
        Address::parse(text).map_or_else(|_| Self::Other(text.into()), Self::Address)
    }

    /// The address, if it is one.
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Address(address) => Some(address),
            Self::Null | Self::Other(_) => None,
        }
    }

    /// As people read it; empty for the null sender.
    pub fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Address(address) => address.to_string(),
            Self::Other(text) => text.to_string(),
        }
    }
}

impl Question {
    /// The recipient as an address of ours, if it can be one.
    pub fn recipient_address(&self) -> Option<Address> {
        Address::parse(self.recipient.as_deref()?).ok()
    }

    /// Whether the recipient is one that has to be reached, whatever else is wrong (RFC 2142).
    pub fn is_to_role(&self) -> bool {
        self.recipient_address()
            .is_some_and(|address| matches!(address.localpart.as_str(), "postmaster" | "abuse"))
    }
}
