//! How long to wait before an order is tried again.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_hours(1);
/// With these many tries an order is given up after about a day: as long as mail for a mailbox
/// that is being moved may wait.
pub const TRIES: u32 = 32;

/// The pause after so many tries, the last of which has failed; `None` gives the order up.
pub fn pause(tries: u32) -> Option<Duration> {
    if tries >= TRIES {
        return None;
    }
    let doublings = tries.saturating_sub(1).min(16);
    Some((FIRST * 2_u32.pow(doublings)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let table = [
            (1, Some(10)),
            (2, Some(20)),
            (3, Some(40)),
            (8, Some(1280)),
            (9, Some(2560)),
            (10, Some(3600)),
            (31, Some(3600)),
            (32, None),
            (u32::MAX, None),
        ];
        for (tries, expected) in table {
            assert_eq!(pause(tries), expected.map(Duration::from_secs), "after {tries} tries");
        }
    }

    #[test]
    fn an_order_is_given_up_after_about_a_day() {
        let all: Duration = (1..).map_while(pause).sum();
        assert!(all > Duration::from_hours(23) && all < Duration::from_hours(24), "{all:?}");
    }
}
