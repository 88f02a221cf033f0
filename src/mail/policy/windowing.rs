//! Since when what was sent counts against a limit.

use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, Zoned};

use crate::mail::Timestamp;
use crate::mail::policy::{Span, Window};

/// How an hour and a day are meant.
///
/// Sliding is the default: a calendar lets a thief send twice the limit around midnight, and
/// everybody's limits end at once.
#[derive(Clone, Debug, Default)]
pub enum Windowing {
    /// The last sixty minutes, the last twenty-four hours.
    #[default]
    Sliding,
    /// Since the full hour, since midnight: the day of a change of the clocks has 23 or 25 hours.
    Calendar(TimeZone),
}

impl Windowing {
    /// The moment since when what was sent counts.
    pub fn since(&self, span: Span, now: Timestamp) -> Timestamp {
        match self {
            Self::Sliding => Timestamp(now.0.saturating_sub(span.seconds())),
            Self::Calendar(zone) => begin(zone, span, now),
        }
    }

    /// When some of what was sent no longer counts, of what two windows know; `None` if none of it
    /// does now.
    pub fn recovers(&self, span: Span, windows: [&Window; 2], now: Timestamp) -> Option<Timestamp> {
        let since = self.since(span, now);
        let first = windows.into_iter().filter_map(|window| window.first_ends(since)).min()?;
        Some(match self {
            Self::Sliding => Timestamp(first.0.saturating_add(span.seconds())),
            Self::Calendar(zone) => end(zone, span, now),
        })
    }
}

/// The begin of the local hour or day.
fn begin(zone: &TimeZone, span: Span, now: Timestamp) -> Timestamp {
    match (span, local(zone, now).and_then(|local| local.start_of_day().ok())) {
        (Span::Day, Some(midnight)) => Timestamp(midnight.timestamp().as_second()),
        // The years of the calendar have an end.
        (Span::Day, None) => Timestamp(now.0.saturating_sub(span.seconds())),
        (Span::Hour, _) => {
            let offset = local(zone, now).map_or(0, |local| local.offset().seconds());
            // Not all offsets are whole hours.
            let begun = now.0.saturating_add(offset.into()).rem_euclid(span.seconds());
            Timestamp(now.0.saturating_sub(begun))
        }
    }
}

/// The end of the local hour or day.
fn end(zone: &TimeZone, span: Span, now: Timestamp) -> Timestamp {
    let begin = begin(zone, span, now);
    let tomorrow = || local(zone, now)?.tomorrow().ok()?.start_of_day().ok();
    match (span, tomorrow()) {
        (Span::Day, Some(midnight)) => Timestamp(midnight.timestamp().as_second()),
        _ => Timestamp(begin.0.saturating_add(span.seconds())),
    }
}

fn local(zone: &TimeZone, at: Timestamp) -> Option<Zoned> {
    Some(Moment::from_second(at.0).ok()?.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::policy::Sent;

    /// Seconds of a local time.
    fn at(text: &str) -> Timestamp {
        Timestamp(text.parse::<Moment>().unwrap().as_second())
    }

    #[test]
    fn a_calendar_begins_with_the_hour_and_the_day() {
        // Zone, now, begin and end of the hour, begin and end of the day.
        let table = [
            ("UTC", "12:34:56Z", "12:00Z", "13:00Z", "00:00Z", "24:00Z"),
            ("Europe/Berlin", "23:59:59Z", "23:00Z", "24:00Z", "23:00Z", "47:00Z"),
            ("Asia/Kathmandu", "12:34:56Z", "12:15Z", "13:15Z", "-5:45Z", "18:15Z"),
            ("America/St_Johns", "00:10:00Z", "-0:30Z", "00:30Z", "-20:30Z", "3:30Z"),
        ];
        let seconds = |text: &str| {
            let (negative, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
            let parts = text.trim_end_matches('Z').split(':').map(str::parse::<i64>);
            let all =
                parts.chain([Ok(0), Ok(0)]).take(3).fold(0, |all, part| all * 60 + part.unwrap());
            at("2026-01-15T00:00:00Z").0 + negative * all
        };
        for (name, now, hour, hour_ends, day, day_ends) in table {
            let zone = TimeZone::get(name).unwrap();
            let now = Timestamp(seconds(now));
            let got = [Span::Hour, Span::Day]
                .map(|span| [begin(&zone, span, now).0, end(&zone, span, now).0]);
            let expected = [[seconds(hour), seconds(hour_ends)], [seconds(day), seconds(day_ends)]];
            assert_eq!(got, expected, "{name}");
        }
    }

    #[test]
    fn a_day_on_which_clocks_change_has_23_or_25_hours() {
        let hours = |zone: &str, now: &str| {
            let zone = TimeZone::get(zone).unwrap();
            (end(&zone, Span::Day, at(now)).0 - begin(&zone, Span::Day, at(now)).0) / 3600
        };
        assert_eq!(hours("Europe/Berlin", "2026-03-28T12:00:00Z"), 24);
        assert_eq!(hours("Europe/Berlin", "2026-03-29T12:00:00Z"), 23);
        assert_eq!(hours("Europe/Berlin", "2026-10-25T12:00:00Z"), 25);
        // There is no midnight on this day.
        assert_eq!(hours("Africa/Cairo", "2026-04-24T12:00:00Z"), 23);
    }

    #[test]
    fn every_begin_of_a_year_of_quarters_is_the_begin_of_a_grain() {
        for zone in ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo"] {
            let zone = Windowing::Calendar(TimeZone::get(zone).unwrap());
            let mut last = [i64::MIN; 2];
            for quarter in 0..366 * 96 {
                let now = Timestamp(at("2026-01-01T00:00:00Z").0 + quarter * 900 + 450);
                let since = Span::ALL.map(|span| zone.since(span, now).0);
                for (since, span) in since.into_iter().zip(Span::ALL) {
                    assert_eq!(since.rem_euclid(900), 0, "{zone:?} {now}");
                    assert!(now.0 - since <= span.seconds() + 3600, "{zone:?} {now}");
                }
                // What was forgotten once is never wanted again.
                assert!(since[1] >= last[1], "{zone:?} {now}");
                last = since;
            }
        }
    }

    #[test]
    fn sliding_recovers_grain_by_grain_and_a_calendar_at_once() {
        let noon = at("2026-01-15T12:00:00Z");
        let later = |seconds| Timestamp(noon.0 + seconds);
        let [mut own, mut foreign] = [Span::Hour; 2].map(Window::new);
        let utc = Windowing::Calendar(TimeZone::UTC);
        let empty = Windowing::Sliding.recovers(Span::Hour, [&own, &foreign], noon);
        assert_eq!(empty, None);
        own.add(later(90), Sent { messages: 1, ..Sent::default() });
        foreign.add(later(30), Sent { messages: 1, ..Sent::default() });
        let both = [&own, &foreign];
        assert_eq!(Windowing::Sliding.recovers(Span::Hour, both, later(600)), Some(later(3660)));
        assert_eq!(Windowing::Sliding.recovers(Span::Hour, both, later(3660)), Some(later(3720)));
        assert_eq!(utc.recovers(Span::Hour, both, later(600)), Some(later(3600)));
        assert_eq!(utc.recovers(Span::Hour, both, later(3600)), None);
    }
}
