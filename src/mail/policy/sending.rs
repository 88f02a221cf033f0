//! How much may be sent, and whether there is room for more.

use crate::mail::policy::window::{Sent, Span};

/// What may be sent within an hour and within a day; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendingLimits {
    /// Within an hour.
    pub hour: Allowance,
    /// Within a day.
    pub day: Allowance,
}

/// What may be sent within a span; `None` is no limit, 0 is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Messages.
    pub messages: Option<u64>,
    /// Recipients of them.
    pub recipients: Option<u64>,
    /// Octets.
    pub bytes: Option<u64>,
}

/// A limit that something would pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Over which time.
    pub span: Span,
    /// What there is too much of: `messages`, `recipients` or `bytes`.
    pub what: &'static str,
    /// The limit.
    pub limit: u64,
    /// What was used of it before.
    pub used: u64,
}

impl SendingLimits {
    /// What may be sent within this span.
    pub fn within(&self, span: Span) -> &Allowance {
        match span {
            Span::Hour => &self.hour,
            Span::Day => &self.day,
        }
    }

    /// These, and where they say nothing the others: the account's over the domain's over the
    /// default.
    #[must_use]
    pub fn over(self, others: Self) -> Self {
        Self { hour: self.hour.over(others.hour), day: self.day.over(others.day) }
    }
}

impl Allowance {
    fn over(self, others: Self) -> Self {
        Self {
            messages: self.messages.or(others.messages),
            recipients: self.recipients.or(others.recipients),
            bytes: self.bytes.or(others.bytes),
        }
    }

    /// The first limit that more would pass.
    ///
    /// | limit | used | more | answer |
    /// |---|---|---|---|
    /// | none | | | there is room |
    /// | 10 | 9 | 1 | there is room |
    /// | 10 | 9 | 2 | passed |
    /// | 10 | 12, for it was lowered | 0 | there is room: nothing more is sent |
    pub fn passed(&self, span: Span, used: Sent, more: Sent) -> Option<Passed> {
        let counts = [
            ("messages", self.messages, used.messages, more.messages),
            ("recipients", self.recipients, used.recipients, more.recipients),
            ("bytes", self.bytes, used.bytes, more.bytes),
        ];
        counts.into_iter().find_map(|(what, limit, used, more)| {
            let limit = limit?;
            let is_passed = more > 0 && used.saturating_add(more) > limit;
            is_passed.then_some(Passed { span, what, limit, used })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(messages: u64, recipients: u64, bytes: u64) -> Sent {
        Sent { messages, recipients, bytes }
    }

    #[test]
    fn more_is_refused_where_it_would_pass_a_limit() {
        let allowance = Allowance { messages: Some(10), recipients: Some(20), bytes: Some(1000) };
        let table = [
            (sent(0, 0, 0), sent(1, 1, 1), None),
            (sent(9, 9, 9), sent(1, 1, 1), None),
            (sent(10, 10, 10), sent(1, 1, 1), Some(("messages", 10))),
            (sent(9, 15, 9), sent(1, 6, 1), Some(("recipients", 15))),
            (sent(9, 9, 999), sent(1, 1, 2), Some(("bytes", 999))),
            (sent(12, 9, 9), sent(0, 0, 1), None),
            (sent(u64::MAX, 0, 0), sent(1, 1, 1), Some(("messages", u64::MAX))),
        ];
        for (used, more, expected) in table {
            let got = allowance.passed(Span::Hour, used, more).map(|p| (p.what, p.used));
            assert_eq!(got, expected, "{used:?} {more:?}");
        }
        let none = Allowance::default();
        assert_eq!(none.passed(Span::Day, sent(9, 9, 9), sent(9, 9, 9)), None);
        let nothing = Allowance { messages: Some(0), ..none };
        assert!(nothing.passed(Span::Day, sent(0, 0, 0), sent(1, 1, 1)).is_some());
    }

    #[test]
    fn the_nearest_limit_decides_each_by_itself() {
        let hour = |messages, recipients| SendingLimits {
            hour: Allowance { messages, recipients, bytes: None },
            ..SendingLimits::default()
        };
        let merged = hour(Some(5), None).over(hour(Some(9), Some(7))).over(hour(None, Some(1)));
        assert_eq!(merged, hour(Some(5), Some(7)));
    }
}
