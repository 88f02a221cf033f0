//! How much may be sent, and whether there is room for more.

use std::fmt;

use crate::mail::policy::window::{Sent, Span};

/// What may be sent within an hour and within a day. What is `None` is left to whoever decides next:
/// the account's limits stand over its domain's, those over the configuration's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendingLimits {
    /// Within an hour.
    pub hour: Allowance,
    /// Within a day.
    pub day: Allowance,
    /// Recipients within a day whom nothing was sent to before.
    pub new_recipients: Option<Limit>,
}

/// What may be sent within a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Messages.
    pub messages: Option<Limit>,
    /// Recipients of them.
    pub recipients: Option<Limit>,
    /// Octets, for each recipient once.
    pub bytes: Option<Limit>,
}

/// What is counted, its limit, how much was used of it, and how much more is asked for.
type Count = (&'static str, Option<Limit>, u64, u64);

/// How much of something there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Any amount.
    Unlimited,
    /// So much and no more.
    AtMost(u64),
}

/// A limit that something would pass, or has come near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// Over which time.
    pub span: Span,
    /// What there is too much of: `messages`, `recipients`, `bytes` or `new recipients`.
    pub what: &'static str,
    /// The limit.
    pub limit: u64,
    /// What was used of it before.
    pub used: u64,
}

impl SendingLimits {
    /// The first limit that more would pass.
    ///
    /// | limit | used | more | answer |
    /// |---|---|---|---|
    /// | none | | | there is room |
    /// | 10 | 9 | 1 | there is room |
    /// | 10 | 9 | 2 | passed |
    /// | 10 | 12, for it was lowered | 0 | there is room: nothing more is sent |
    pub fn passed(&self, span: Span, used: Sent, more: Sent) -> Option<Passed> {
        self.counts(span, used, more).into_iter().find_map(|(what, limit, used, more)| {
            let limit = limit?.at_most()?;
            let is_passed = more > 0 && used.saturating_add(more) > limit;
            is_passed.then_some(Passed { span, what, limit, used })
        })
    }

    /// The first limit of which so many percent are used with this, and were not before.
    pub fn came_near(&self, percent: u8, span: Span, used: Sent, more: Sent) -> Option<Passed> {
        self.counts(span, used, more).into_iter().find_map(|(what, limit, used, more)| {
            let limit = limit?.at_most()?;
            let soft = u64::try_from(u128::from(limit) * u128::from(percent) / 100).ok()?;
            let is_near = used < soft && used.saturating_add(more) >= soft;
            is_near.then_some(Passed { span, what, limit, used })
        })
    }

    fn counts(&self, span: Span, used: Sent, more: Sent) -> [Count; 4] {
        let (allowance, new_recipients) = match span {
            Span::Hour => (&self.hour, None),
            Span::Day => (&self.day, self.new_recipients),
        };
        [
            ("messages", allowance.messages, used.messages, more.messages),
            ("recipients", allowance.recipients, used.recipients, more.recipients),
            ("bytes", allowance.bytes, used.bytes, more.bytes),
            ("new recipients", new_recipients, used.new_recipients, more.new_recipients),
        ]
    }

    /// These, and where they say nothing the others.
    #[must_use]
    pub fn over(self, others: Self) -> Self {
        Self {
            hour: self.hour.over(others.hour),
            day: self.day.over(others.day),
            new_recipients: self.new_recipients.or(others.new_recipients),
        }
    }

    /// Whether nothing is said about anything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
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
}

impl Limit {
    /// The number, if there is a limit.
    pub fn at_most(self) -> Option<u64> {
        match self {
            Self::Unlimited => None,
            Self::AtMost(limit) => Some(limit),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unlimited => f.write_str("unlimited"),
            Self::AtMost(limit) => limit.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(messages: u64, recipients: u64, bytes: u64) -> Sent {
        Sent { messages, recipients, bytes, new_recipients: 0 }
    }

    #[test]
    fn more_is_refused_where_it_would_pass_a_limit() {
        let at = |limit| Some(Limit::AtMost(limit));
        let hour = Allowance { messages: at(10), recipients: at(20), bytes: at(1000) };
        let limits = SendingLimits { hour, ..SendingLimits::default() };
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
            let got = limits.passed(Span::Hour, used, more).map(|p| (p.what, p.used));
            assert_eq!(got, expected, "{used:?} {more:?}");
        }
        let much = sent(9, 9, 9);
        for limit in [None, Some(Limit::Unlimited)] {
            let day = Allowance { messages: limit, ..Allowance::default() };
            let none = SendingLimits { day, ..SendingLimits::default() };
            assert_eq!(none.passed(Span::Day, much, much), None);
        }
        let new = SendingLimits { new_recipients: at(0), ..SendingLimits::default() };
        let stranger = Sent { new_recipients: 1, ..Sent::default() };
        assert!(new.passed(Span::Day, Sent::default(), stranger).is_some());
        assert!(new.passed(Span::Hour, Sent::default(), stranger).is_none());
    }

    #[test]
    fn coming_near_a_limit_is_told_once() {
        let at = |limit| Some(Limit::AtMost(limit));
        let hour = Allowance { messages: at(10), ..Allowance::default() };
        let limits = SendingLimits { hour, ..SendingLimits::default() };
        let near = |used, more| {
            limits.came_near(80, Span::Hour, sent(used, 0, 0), sent(more, 0, 0)).is_some()
        };
        assert!(!near(6, 1) && near(7, 1) && !near(8, 1) && near(0, 10));
    }

    #[test]
    fn the_nearest_limit_decides_each_by_itself() {
        let at = |limit| Some(Limit::AtMost(limit));
        let hour = |messages, recipients| SendingLimits {
            hour: Allowance { messages, recipients, bytes: None },
            ..SendingLimits::default()
        };
        let merged = hour(at(5), None).over(hour(at(9), at(7))).over(hour(None, at(1)));
        assert_eq!(merged, hour(at(5), at(7)));
        let freed = hour(Some(Limit::Unlimited), None).over(hour(at(9), None));
        assert_eq!(freed, hour(Some(Limit::Unlimited), None));
    }
}
