//! What was sent by whom, as far as this process knows.

use std::collections::HashMap;
use std::sync::Arc;

use crate::mail::Timestamp;
use crate::mail::policy::{Passed, SendingLimits, Sent, Span, Subject, Window, Windowing};

/// Whether there is room for more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is.
    Free {
        /// Limits that this came near to.
        near: Vec<(Subject, Passed)>,
    },
    /// There is none, and nothing was counted for anybody.
    Full {
        /// Whose limit would be passed.
        subject: Subject,
        /// Which.
        passed: Passed,
        /// When there is more room; `None` if what is asked for is more than the limit by itself.
        again: Option<Timestamp>,
    },
    /// What other processes have counted was never heard of, and what this one has counted passes
    /// no limit. Why it was not. What is sent was counted.
    Unknown(Arc<str>),
}

/// What is to be sent, by whom, and what each of them may send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) limits: &'a [(Subject, SendingLimits)],
    pub(super) more: Sent,
    pub(super) now: Timestamp,
}

/// What others have counted for somebody: all of it, and what no longer counts.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) windows: [Window; 2],
    /// The last minute that an administrator said does not count.
    pub(super) reset: Option<i64>,
}

/// What was counted for everybody who has sent something lately.
#[derive(Debug)]
pub(super) struct Counters {
    windowing: Windowing,
    soft_percent: u8,
    subjects: HashMap<Subject, Counter>,
}

/// By hour and by day.
#[derive(Debug)]
struct Counter {
    own: [Window; 2],
    foreign: [Window; 2],
    /// The first minute that counts.
    first: i64,
}

const MINUTE: i64 = 60;
/// Tasks are not told the time in the order in which they count, so somewhat more is kept than is of
/// interest.
const LATE: i64 = 5 * MINUTE;

impl Counters {
    pub(super) fn new(windowing: Windowing, soft_percent: u8) -> Self {
        Self { windowing, soft_percent, subjects: HashMap::new() }
    }

    /// Whether there is room, as far as is known.
    pub(super) fn check(&self, ask: Ask<'_>) -> Room {
        let mut near = Vec::new();
        for (subject, limits) in ask.limits {
            let used = self.used(*subject, ask.now);
            for (span, used) in Span::ALL.into_iter().zip(used) {
                if let Some(passed) = limits.passed(span, used, ask.more) {
                    let alone = limits.passed(span, Sent::default(), ask.more).is_some();
                    let again = self.recovers(*subject, span, ask.now).filter(|_| !alone);
                    return Room::Full { subject: *subject, passed, again };
                }
                let came_near = limits.came_near(self.soft_percent, span, used, ask.more);
                near.extend(came_near.map(|passed| (*subject, passed)));
            }
        }
        Room::Free { near }
    }

    /// Counts it for all of them, and says in which minute and what each has sent within it.
    pub(super) fn add(&mut self, ask: Ask<'_>) -> Vec<(i64, Subject, Sent)> {
        let mut totals = Vec::with_capacity(ask.limits.len());
        for (subject, _) in ask.limits {
            let counter = self.subjects.entry(*subject).or_insert_with(Counter::new);
            // What comes in a minute that no longer counts, counts in the next.
            let minute = ask.now.0.div_euclid(MINUTE).max(counter.first);
            let at = Timestamp(minute.saturating_mul(MINUTE));
            for window in &mut counter.own {
                window.add(at, ask.more);
            }
            let [hour, _] = &counter.own;
            totals.push((minute, *subject, hour.at(at)));
        }
        totals
    }

    /// What somebody has sent within the hour and the day.
    pub(super) fn used(&self, subject: Subject, now: Timestamp) -> [Sent; 2] {
        let Some(counter) = self.subjects.get(&subject) else { return Default::default() };
        let mut used = [Sent::default(); 2];
        for windows in [&counter.own, &counter.foreign] {
            for ((used, window), span) in used.iter_mut().zip(windows).zip(Span::ALL) {
                *used = used.and(window.used(self.windowing.since(span, now)));
            }
        }
        used
    }

    fn recovers(&self, subject: Subject, span: Span, now: Timestamp) -> Option<Timestamp> {
        let counter = self.subjects.get(&subject)?;
        let both = counter.own.iter().zip(&counter.foreign).zip(Span::ALL);
        let (own, foreign) =
            both.into_iter().find_map(|(both, of)| (of == span).then_some(both))?;
        self.windowing.recovers(span, [own, foreign], now)
    }

    /// Takes over what others have counted, in place of what was heard of them before.
    pub(super) fn hear(&mut self, subject: Subject, heard: Heard) {
        let counter = self.subjects.entry(subject).or_insert_with(Counter::new);
        counter.foreign = heard.windows;
        if let Some(reset) = heard.reset {
            counter.reset(reset);
        }
    }

    /// Forgets what is of no more interest.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let before = Span::ALL.map(|span| Timestamp(self.windowing.since(span, now).0 - LATE));
        self.subjects.retain(|_, counter| {
            for windows in [&mut counter.own, &mut counter.foreign] {
                for (window, before) in windows.iter_mut().zip(before) {
                    window.forget(before);
                }
            }
            counter.is_of_interest(now)
        });
    }

    /// Of how many something is known.
    pub(super) fn len(&self) -> usize {
        self.subjects.len()
    }
}

impl Counter {
    fn new() -> Self {
        let [own, foreign] = [(); 2].map(|()| Span::ALL.map(Window::new));
        Self { own, foreign, first: i64::MIN }
    }

    /// Forgets what was counted here up to and with a minute.
    fn reset(&mut self, minute: i64) {
        let first = minute.saturating_add(1);
        if first <= self.first {
            return;
        }
        self.first = first;
        let begin = Timestamp(first.saturating_mul(MINUTE));
        let [mut hour, mut day] = Span::ALL.map(Window::new);
        let [known_hour, known_day] = &self.own;
        for (at, sent) in known_hour.iter().filter(|(at, _)| *at >= begin) {
            hour.add(at, sent);
        }
        // The grain of the day that the minute lies in is known by the minute.
        let next = begin.0.saturating_add(Span::Day.grain() - 1);
        let next = Timestamp(next - next.rem_euclid(Span::Day.grain()));
        for (at, sent) in hour.iter().filter(|(at, _)| *at < next) {
            day.add(at, sent);
        }
        for (at, sent) in known_day.iter().filter(|(at, _)| *at >= next) {
            day.add(at, sent);
        }
        self.own = [hour, day];
    }

    fn is_of_interest(&self, now: Timestamp) -> bool {
        let windows = self.own.iter().chain(&self.foreign);
        self.first > now.0.div_euclid(MINUTE)
            || windows.into_iter().any(|window| !window.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::policy::{Allowance, Limit};
    use crate::mail::{Gid, Uid};

    const JOE: Subject = Subject::Account(Uid(70000));
    const SHOP: Subject = Subject::Domain(Gid(70000));
    const ONE: Sent = Sent { messages: 1, recipients: 1, bytes: 100, new_recipients: 0 };
    /// A full hour.
    const NOON: i64 = 1_800_000_000;

    fn counters() -> Counters {
        Counters::new(Windowing::Sliding, 80)
    }

    fn per_hour(messages: u64) -> SendingLimits {
        let hour = Allowance { messages: Some(Limit::AtMost(messages)), ..Allowance::default() };
        SendingLimits { hour, ..SendingLimits::default() }
    }

    fn ask(limits: &[(Subject, SendingLimits)], seconds: i64) -> Ask<'_> {
        Ask { limits, more: ONE, now: Timestamp(NOON + seconds) }
    }

    fn messages(counters: &Counters, subject: Subject, seconds: i64) -> [u64; 2] {
        counters.used(subject, Timestamp(NOON + seconds)).map(|sent| sent.messages)
    }

    fn heard(at: &[i64], reset: Option<i64>) -> Heard {
        let mut windows = Span::ALL.map(Window::new);
        for at in at {
            for window in &mut windows {
                window.add(Timestamp(NOON + at), ONE);
            }
        }
        Heard { windows, reset: reset.map(|seconds| (NOON + seconds) / 60) }
    }

    #[test]
    fn there_is_room_until_the_first_limit_of_anybody() {
        let mut counters = counters();
        let limits = [(JOE, per_hour(9)), (SHOP, per_hour(5))];
        let mut near = Vec::new();
        for second in 0..5 {
            match counters.check(ask(&limits, second)) {
                Room::Free { near: came } => {
                    near.extend(came.iter().map(|(who, at)| (*who, at.used)));
                }
                other => panic!("{other:?}"),
            }
            counters.add(ask(&limits, second));
        }
        assert_eq!(near, [(SHOP, 3)]);
        let Room::Full { subject, passed, again } = counters.check(ask(&limits, 5)) else {
            panic!("there is room");
        };
        assert_eq!((subject, passed.limit, passed.used), (SHOP, 5, 5));
        assert_eq!(again, Some(Timestamp(NOON + 3660)));
        assert_eq!(messages(&counters, JOE, 3659), [5, 5]);
        assert!(matches!(counters.check(ask(&limits, 3660)), Room::Free { .. }));
        assert_eq!(messages(&counters, JOE, 3660), [0, 5]);
    }

    #[test]
    fn what_is_more_than_the_limit_never_fits() {
        let room = counters().check(ask(&[(JOE, per_hour(0))], 0));
        assert!(matches!(room, Room::Full { again: None, .. }), "{room:?}");
    }

    #[test]
    fn a_minute_is_told_as_a_whole() {
        let mut counters = counters();
        let limits = [(JOE, SendingLimits::default())];
        let mut told =
            |second| counters.add(ask(&limits, second)).pop().map(|(_, _, sent)| sent.messages);
        assert_eq!([0, 59, 60, 30, 61].map(|second| told(second).unwrap()), [1, 2, 1, 3, 2]);
    }

    #[test]
    fn what_others_tell_is_taken_as_a_whole() {
        let mut counters = counters();
        counters.add(ask(&[(JOE, SendingLimits::default())], 0));
        counters.hear(JOE, heard(&[0, 10, 4000], None));
        assert_eq!(messages(&counters, JOE, 4000), [1, 4]);
        counters.hear(JOE, heard(&[4000], None));
        assert_eq!(messages(&counters, JOE, 4000), [1, 2]);
    }

    #[test]
    fn after_a_reset_counts_what_comes_then() {
        let mut counters = counters();
        let limits = [(JOE, SendingLimits::default())];
        for second in [-4000, 0, 30, 60, 61, 1000] {
            counters.add(ask(&limits, second));
        }
        // Heard of some seconds late, and again with each poll.
        for _ in 0..2 {
            counters.hear(JOE, heard(&[], Some(30)));
            assert_eq!(messages(&counters, JOE, 1001), [3, 3]);
        }
        counters.hear(JOE, heard(&[1020], Some(1000)));
        assert_eq!(messages(&counters, JOE, 1021), [1, 1], "what others have sent since");
        // What is sent within the minute that was reset is told in the next.
        let told = counters.add(ask(&limits, 1010));
        assert_eq!(told.first().map(|told| told.0), Some(NOON / 60 + 17));
        assert_eq!(messages(&counters, JOE, 1021), [2, 2]);
        let told = counters.add(ask(&limits, 1021));
        assert_eq!(told.first().map(|told| (told.0, told.2.messages)), Some((NOON / 60 + 17, 2)));
    }

    #[test]
    fn who_has_not_sent_for_a_day_takes_no_memory() {
        let mut counters = counters();
        for uid in 0..1000 {
            counters.add(ask(&[(Subject::Account(Uid(uid)), SendingLimits::default())], 0));
        }
        counters.forget(Timestamp(NOON + 86_400));
        assert_eq!(counters.len(), 1000);
        counters.forget(Timestamp(NOON + 86_400 + 900 + LATE));
        assert_eq!(counters.len(), 0);
        counters.hear(JOE, heard(&[], Some(90_000)));
        counters.forget(Timestamp(NOON + 90_000));
        assert_eq!(counters.len(), 1, "the minute is not over");
        counters.forget(Timestamp(NOON + 90_060));
        assert_eq!(counters.len(), 0);
    }

    #[test]
    fn one_who_sends_all_day_takes_a_bounded_amount_of_memory() {
        let mut counters = counters();
        for minute in 0..3 * 1440 {
            counters.add(ask(&[(JOE, SendingLimits::default())], minute * 60));
            counters.forget(Timestamp(NOON + minute * 60));
        }
        let grains = |counter: &Counter| counter.own.each_ref().map(|window| window.iter().count());
        let [hour, day] = counters.subjects.get(&JOE).map(grains).unwrap();
        assert!(hour <= 67 && day <= 98, "{hour} {day}");
    }
}
