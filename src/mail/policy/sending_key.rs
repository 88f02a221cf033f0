//! The limits of sending by their names, as the database, commands and the configuration spell them.

use std::fmt;

use crate::mail::policy::sending::{Limit, SendingLimits};
use crate::mail::policy::window::Sent;

/// One of the things that sending is limited by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendingKey {
    /// Messages within an hour.
    MessagesPerHour,
    /// Recipients within an hour.
    RecipientsPerHour,
    /// Octets within an hour.
    BytesPerHour,
    /// Messages within a day.
    MessagesPerDay,
    /// Recipients within a day.
    RecipientsPerDay,
    /// Octets within a day.
    BytesPerDay,
    /// Recipients within a day whom nothing was sent to before.
    NewRecipientsPerDay,
}

impl SendingKey {
    /// All of them, the hour before the day.
    pub const ALL: [Self; 7] = [
        Self::MessagesPerHour,
        Self::RecipientsPerHour,
        Self::BytesPerHour,
        Self::MessagesPerDay,
        Self::RecipientsPerDay,
        Self::BytesPerDay,
        Self::NewRecipientsPerDay,
    ];

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|key| key.as_str() == name)
    }

    /// The name, such as `messages-per-hour`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MessagesPerHour => "messages-per-hour",
            Self::RecipientsPerHour => "recipients-per-hour",
            Self::BytesPerHour => "bytes-per-hour",
            Self::MessagesPerDay => "messages-per-day",
            Self::RecipientsPerDay => "recipients-per-day",
            Self::BytesPerDay => "bytes-per-day",
            Self::NewRecipientsPerDay => "new-recipients-per-day",
        }
    }

    /// What counts against it of that which was sent within the hour and the day.
    pub fn of(self, hour: Sent, day: Sent) -> u64 {
        match self {
            Self::MessagesPerHour => hour.messages,
            Self::RecipientsPerHour => hour.recipients,
            Self::BytesPerHour => hour.bytes,
            Self::MessagesPerDay => day.messages,
            Self::RecipientsPerDay => day.recipients,
            Self::BytesPerDay => day.bytes,
            Self::NewRecipientsPerDay => day.new_recipients,
        }
    }

    /// Whether it counts octets.
    pub fn is_bytes(self) -> bool {
        matches!(self, Self::BytesPerHour | Self::BytesPerDay)
    }
}

impl fmt::Display for SendingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SendingLimits {
    /// What is said about one thing.
    pub fn get(&self, key: SendingKey) -> Option<Limit> {
        match key {
            SendingKey::MessagesPerHour => self.hour.messages,
            SendingKey::RecipientsPerHour => self.hour.recipients,
            SendingKey::BytesPerHour => self.hour.bytes,
            SendingKey::MessagesPerDay => self.day.messages,
            SendingKey::RecipientsPerDay => self.day.recipients,
            SendingKey::BytesPerDay => self.day.bytes,
            SendingKey::NewRecipientsPerDay => self.new_recipients,
        }
    }

    /// Says something about one thing, or nothing any more.
    pub fn set(&mut self, key: SendingKey, limit: Option<Limit>) {
        *match key {
            SendingKey::MessagesPerHour => &mut self.hour.messages,
            SendingKey::RecipientsPerHour => &mut self.hour.recipients,
            SendingKey::BytesPerHour => &mut self.hour.bytes,
            SendingKey::MessagesPerDay => &mut self.day.messages,
            SendingKey::RecipientsPerDay => &mut self.day.recipients,
            SendingKey::BytesPerDay => &mut self.day.bytes,
            SendingKey::NewRecipientsPerDay => &mut self.new_recipients,
        } = limit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_means_one_place() {
        for key in SendingKey::ALL {
            assert_eq!(SendingKey::parse(key.as_str()), Some(key));
            let mut limits = SendingLimits::default();
            limits.set(key, Some(Limit::AtMost(7)));
            for other in SendingKey::ALL {
                let expected = (other == key).then_some(Limit::AtMost(7));
                assert_eq!(limits.get(other), expected, "{key} {other}");
            }
            limits.set(key, None);
            assert!(limits.is_empty());
        }
        assert_eq!(SendingKey::parse("messages_per_hour"), None);
    }
}
