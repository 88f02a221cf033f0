//! How full a mailbox or a domain is.

use serde::Serialize;

use crate::mail::{QuotaLimit, exact_size, human_size};
use crate::store::details::Usage;

/// What is held, and how much of a limit that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Used {
    bytes: u64,
    messages: u64,
    /// Of the limit, whole; `null` without one.
    percent_bytes: Option<u64>,
    percent_messages: Option<u64>,
    /// When that was so.
    at: String,
    #[serde(skip)]
    limit: QuotaLimit,
}

impl Used {
    pub(super) fn new(usage: Usage, limit: QuotaLimit) -> Self {
        let percent = |used, limit| tenths(used, limit).map(|tenths| tenths / 10);
        Self {
            bytes: usage.bytes,
            messages: usage.messages,
            percent_bytes: percent(usage.bytes, limit.bytes),
            percent_messages: percent(usage.messages, limit.messages),
            at: usage.at.to_string(),
            limit,
        }
    }

    /// `1.2 GiB of 2 GiB (60.0%), 120 messages`, and when that was so.
    pub(super) fn shown(&self) -> [String; 2] {
        let limit = |limit: u64| (limit > 0).then(|| exact_size(limit));
        let bytes =
            share(human_size(self.bytes), limit(self.limit.bytes), self.bytes, self.limit.bytes);
        let most = (self.limit.messages > 0).then(|| self.limit.messages.to_string());
        let messages = share(self.messages.to_string(), most, self.messages, self.limit.messages);
        [format!("{bytes}, {messages} messages"), format!("as of {}", self.at)]
    }
}

/// `3 of 10 (30.0%)`, or `3` without a limit.
pub(super) fn share(used: String, limit: Option<String>, of: u64, all: u64) -> String {
    let percent = tenths(of, all).map(|tenths| format!("{}.{}%", tenths / 10, tenths % 10));
    match (limit, percent) {
        (Some(limit), Some(percent)) => format!("{used} of {limit} ({percent})"),
        (Some(limit), None) => format!("{used} of {limit}"),
        (None, _) => used,
    }
}

/// Tenths of a percent, rounded down; `None` of nothing.
fn tenths(used: u64, limit: u64) -> Option<u64> {
    let tenths = u128::from(used) * 1000;
    let tenths = tenths.checked_div(u128::from(limit))?;
    Some(u64::try_from(tenths).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_in_percent() {
        let table = [
            (0, 10, "0 of 10 (0.0%)"),
            (1, 3, "1 of 3 (33.3%)"),
            (12, 10, "12 of 10 (120.0%)"),
            (u64::MAX, 1, "18446744073709551615 of 1 (1844674407370955161.5%)"),
            (5, 0, "5 of 0"),
        ];
        for (used, limit, expected) in table {
            let got = share(used.to_string(), Some(limit.to_string()), used, limit);
            assert_eq!(got, expected);
        }
        assert_eq!(share("5".to_owned(), None, 5, 0), "5");
    }
}
