//! How much somebody has sent in the last hour or day.

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
}

/// What was sent within a span that ends now, and slides on with the time.
///
/// A grain is forgotten when all of it has left the span, so the count is never too low, and too high
/// by what was sent in one grain at most. It takes no more than some hundred grains of memory, however
/// much is sent.
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

    /// What was sent until now.
    pub fn used(&mut self, now: Timestamp) -> Sent {
        self.forget(now);
        self.grains.iter().fold(Sent::default(), |all, (_, sent)| all.and(*sent))
    }

    /// Counts what was sent at a time, which need not be the latest: other hosts are heard later.
    pub fn add(&mut self, at: Timestamp, sent: Sent) {
        let grain = at.0.div_euclid(self.span.grain());
        let place = self.grains.partition_point(|(number, _)| *number < grain);
        match self.grains.get_mut(place) {
            Some((number, known)) if *number == grain => *known = known.and(sent),
            _ => self.grains.insert(place, (grain, sent)),
        }
    }

    /// When there is less of it again; `None` if nothing was sent.
    pub fn recovers(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.forget(now);
        let (first, _) = self.grains.front()?;
        Some(self.end(*first))
    }

    fn forget(&mut self, now: Timestamp) {
        while self.grains.front().is_some_and(|(number, _)| self.end(*number) <= now) {
            self.grains.pop_front();
        }
    }

    /// When a grain has left the span.
    fn end(&self, number: i64) -> Timestamp {
        let grain = self.span.grain();
        Timestamp(
            number.saturating_add(1).saturating_mul(grain).saturating_add(self.span.seconds()),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ONE: Sent = Sent { messages: 1, recipients: 2, bytes: 100, new_recipients: 0 };

    #[test]
    fn what_was_sent_is_forgotten_when_its_grain_has_left() {
        let mut hour = Window::new(Span::Hour);
        hour.add(Timestamp(59), ONE);
        hour.add(Timestamp(60), ONE);
        hour.add(Timestamp(0), ONE);
        let table = [(60, 3), (3659, 3), (3660, 1), (3719, 1), (3720, 0)];
        for (now, messages) in table {
            let used = hour.used(Timestamp(now));
            assert_eq!(used.messages, messages, "at {now}");
            assert_eq!(used.recipients, 2 * messages, "at {now}");
            assert_eq!(used.bytes, 100 * messages, "at {now}");
        }
    }

    #[test]
    fn it_recovers_when_its_first_grain_leaves() {
        let mut day = Window::new(Span::Day);
        assert_eq!(day.recovers(Timestamp(0)), None);
        day.add(Timestamp(1000), ONE);
        day.add(Timestamp(9000), ONE);
        let first = day.recovers(Timestamp(9000)).unwrap();
        assert_eq!(first, Timestamp(1800 + 86_400));
        assert_eq!(day.used(Timestamp(first.0 - 1)).messages, 2);
        assert_eq!(day.used(first).messages, 1);
    }

    proptest! {
        /// Whatever was sent within the span is counted; what was sent a grain before it is not.
        #[test]
        fn the_count_is_exact_to_a_grain(
            mut times in prop::collection::vec(0_i64..200_000, 0..200),
            now in 0_i64..200_000,
            day in any::<bool>(),
        ) {
            let span = if day { Span::Day } else { Span::Hour };
            times.retain(|at| *at <= now);
            let mut window = Window::new(span);
            for at in &times {
                window.add(Timestamp(*at), ONE);
            }
            let since = |start: i64| times.iter().filter(|at| **at > start).count() as u64;
            let used = window.used(Timestamp(now)).messages;
            prop_assert!(used >= since(now - span.seconds()));
            prop_assert!(used <= since(now - span.seconds() - span.grain()));
            let most = span.seconds() / span.grain() + 1;
            prop_assert!(i64::try_from(window.grains.len()).unwrap() <= most);
        }
    }
}
