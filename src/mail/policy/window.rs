//! How much somebody has sent since some moment.

use std::collections::VecDeque;

use crate::mail::Timestamp;

/// What is counted of mail that was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Messages.
    pub messages: u64,
    /// Recipients of them: one message to ten people counts ten.
    pub recipients: u64,
    /// Octets, for each recipient once.
    pub bytes: u64,
    /// Recipients whom nothing was sent to before.
    pub new_recipients: u64,
}

/// A span of time over which is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// An hour.
    Hour,
    /// Twenty-four hours.
    Day,
}

impl Span {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    /// Its length in seconds.
    pub fn seconds(self) -> i64 {
        match self {
            Self::Hour => 60 * 60,
            Self::Day => 24 * 60 * 60,
        }
    }

    /// How exactly its end is known, in seconds: what was sent within one of these counts as sent at
    /// its end.
    pub fn grain(self) -> i64 {
        match self {
            Self::Hour => 60,
            Self::Day => 15 * 60,
        }
    }

    /// Its name in messages and in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl Sent {
    /// Both together; at its end a count stands still.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            messages: self.messages.saturating_add(more.messages),
            recipients: self.recipients.saturating_add(more.recipients),
            bytes: self.bytes.saturating_add(more.bytes),
            new_recipients: self.new_recipients.saturating_add(more.new_recipients),
        }
    }

    /// Of each number the greater.
    #[must_use]
    pub fn greatest(self, other: Self) -> Self {
        Self {
            messages: self.messages.max(other.messages),
            recipients: self.recipients.max(other.recipients),
            bytes: self.bytes.max(other.bytes),
            new_recipients: self.new_recipients.max(other.new_recipients),
        }
    }
}

/// What was sent, in grains of time, as long as it is of interest since when.
///
/// What a grain holds counts until all of it lies before that moment, so the count is never too low,
/// and too high by what was sent in one grain at most. It takes no more than some hundred grains of
/// memory, however much is sent.
#[derive(Clone, Debug)]
pub struct Window {
    span: Span,
    /// By the number of the grain since 1970, ascending; none is empty.
    grains: VecDeque<(i64, Sent)>,
}

impl Window {
    /// One in which nothing was sent.
    pub fn new(span: Span) -> Self {
        Self { span, grains: VecDeque::new() }
    }

    /// What was sent since then.
    pub fn used(&self, since: Timestamp) -> Sent {
        self.since(since).fold(Sent::default(), |all, (_, sent)| all.and(*sent))
    }

    /// What was sent in the grain in which a moment lies.
    pub fn at(&self, moment: Timestamp) -> Sent {
        let grain = self.grain(moment);
        let found = self.grains.iter().rev().find(|(number, _)| *number == grain);
        found.map_or_else(Sent::default, |(_, sent)| *sent)
    }

    /// Counts what was sent at a time, which need not be the latest: other hosts are heard later.
    pub fn add(&mut self, at: Timestamp, sent: Sent) {
        let grain = self.grain(at);
        let place = self.grains.partition_point(|(number, _)| *number < grain);
        match self.grains.get_mut(place) {
            Some((number, known)) if *number == grain => *known = known.and(sent),
            _ if sent == Sent::default() => {}
            _ => self.grains.insert(place, (grain, sent)),
        }
    }

    /// From when on the first of what was sent since then would lie before it; `None` if nothing
    /// was.
    pub fn first_ends(&self, since: Timestamp) -> Option<Timestamp> {
        self.since(since).next().map(|(number, _)| self.end(*number))
    }

    /// Forgets what was sent before.
    pub fn forget(&mut self, before: Timestamp) {
        while self.grains.front().is_some_and(|(number, _)| self.end(*number) <= before) {
            self.grains.pop_front();
        }
        if self.grains.is_empty() {
            self.grains = VecDeque::new();
        }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.grains.is_empty()
    }

    /// What is known, with the begin of each grain, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (Timestamp, Sent)> {
        let begin = |number: i64| Timestamp(number.saturating_mul(self.span.grain()));
        self.grains.iter().map(move |(number, sent)| (begin(*number), *sent))
    }

    fn since(&self, since: Timestamp) -> impl Iterator<Item = &(i64, Sent)> {
        self.grains.iter().filter(move |(number, _)| self.end(*number) > since)
    }

    fn grain(&self, at: Timestamp) -> i64 {
        at.0.div_euclid(self.span.grain())
    }

    fn end(&self, number: i64) -> Timestamp {
        Timestamp(number.saturating_add(1).saturating_mul(self.span.grain()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: Sent = Sent { messages: 1, recipients: 2, bytes: 100, new_recipients: 0 };

    #[test]
    fn what_was_sent_counts_until_its_grain_lies_before() {
        let mut hour = Window::new(Span::Hour);
        hour.add(Timestamp(59), ONE);
        hour.add(Timestamp(60), ONE);
        hour.add(Timestamp(0), ONE);
        hour.add(Timestamp(500), Sent::default());
        assert_eq!(hour.iter().map(|(begin, _)| begin.0).collect::<Vec<_>>(), [0, 60]);
        let table = [(-1, 3, Some(60)), (59, 3, Some(60)), (60, 1, Some(120)), (120, 0, None)];
        for (since, messages, first_ends) in table {
            let since = Timestamp(since);
            let used = hour.used(since);
            assert_eq!(used.messages, messages, "since {since}");
            assert_eq!(used.recipients, 2 * messages, "since {since}");
            assert_eq!(used.bytes, 100 * messages, "since {since}");
            assert_eq!(hour.first_ends(since).map(|at| at.0), first_ends, "since {since}");
        }
        assert_eq!(
            [0, 59, 60, 119, 120].map(|at| hour.at(Timestamp(at)).messages),
            [2, 2, 1, 1, 0]
        );
        hour.forget(Timestamp(119));
        assert!(!hour.is_empty());
        hour.forget(Timestamp(120));
        assert!(hour.is_empty());
    }

    proptest! {
        /// Whatever was sent since a moment is counted; what was sent a grain before it is not. To
        /// forget what lies before it changes nothing, and leaves as many grains as there are.
        #[test]
        fn the_count_is_exact_to_a_grain(
            mut times in prop::collection::vec(0_i64..200_000, 0..200),
            now in 0_i64..200_000,
            day in any::<bool>(),
        ) {
            let span = if day { Span::Day } else { Span::Hour };
            times.retain(|at| *at <= now);
            let since = Timestamp(now - span.seconds());
            let mut window = Window::new(span);
            for at in &times {
                window.add(Timestamp(*at), ONE);
            }
            let sent = |start: i64| times.iter().filter(|at| **at > start).count() as u64;
            let used = window.used(since).messages;
            prop_assert!(used >= sent(since.0));
            prop_assert!(used <= sent(since.0 - span.grain()));
            window.forget(since);
            prop_assert_eq!(window.used(since).messages, used);
            prop_assert_eq!(window.first_ends(since).is_some(), used > 0);
            let most = span.seconds() / span.grain() + 1;
            prop_assert!(i64::try_from(window.grains.len()).unwrap() <= most);
        }

        /// Where a grain begins nothing of before is counted: a calendar that resets there is exact.
        #[test]
        fn the_count_is_exact_at_the_begin_of_a_grain(
            times in prop::collection::vec(0_i64..200_000, 0..200),
            quarter in 0_i64..222,
            day in any::<bool>(),
        ) {
            let (span, since) = (if day { Span::Day } else { Span::Hour }, quarter * 900);
            let mut window = Window::new(span);
            for at in &times {
                window.add(Timestamp(*at), ONE);
            }
            let sent = times.iter().filter(|at| **at >= since).count() as u64;
            prop_assert_eq!(window.used(Timestamp(since)).messages, sent);
        }
    }
}
