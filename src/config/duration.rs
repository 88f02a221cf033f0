//! Durations: whole seconds, or a number and a unit.

use std::fmt;
use std::time::Duration;

use serde::de::{self, Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::text::BadValue;

/// Units and their milliseconds.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];

/// A duration that may be without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit(pub(super) Option<Duration>);

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Seconds { endless: true }).map(Limit)
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(duration) => to.serialize_str(&written(duration)),
            None => to.serialize_str("none"),
        }
    }
}

/// Whole seconds as a number, or a text with a unit.
struct Seconds {
    endless: bool,
}

impl Visitor<'_> for Seconds {
    type Value = Option<Duration>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds, or a text such as \"300s\"")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Self::Value, E> {
        match u64::try_from(seconds) {
            Ok(seconds) => positive(Duration::from_secs(seconds)).map_err(E::custom),
            Err(_) => Err(E::custom(BadValue::new(format!("`{seconds}` is no duration")))),
        }
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if self.endless && text == "none" {
            return Ok(None);
        }
        read(text).and_then(positive).map_err(E::custom)
    }
}

fn positive(duration: Duration) -> Result<Option<Duration>, BadValue> {
    if duration.is_zero() {
        return Err(BadValue::new("a time limit of nothing lets nothing happen"));
    }
    Ok(Some(duration))
}

/// For `#[serde(with = "duration")]`.
pub(super) fn deserialize<'de, D>(deserializer: D) -> Result<Duration, D::Error>
where
    D: Deserializer<'de>,
{
    let duration = deserializer.deserialize_any(Seconds { endless: false })?;
    duration.ok_or_else(|| D::Error::custom("a duration is missing"))
}

/// For `#[serde(with = "duration")]`.
pub(super) fn serialize<S>(duration: &Duration, to: S) -> Result<S::Ok, S::Error>
where
    S: Serializer,
{
    to.serialize_str(&written(*duration))
}

fn read(text: &str) -> Result<Duration, BadValue> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let scale = UNITS.into_iter().find(|(name, _)| *name == unit.trim_start());
    let millis = number.parse::<u64>().ok().zip(scale).and_then(|(n, (_, k))| n.checked_mul(k));
    millis.map(Duration::from_millis).ok_or_else(|| {
        BadValue::new(format!("`{text}` is no duration"))
            .hint("write a number and one of `ms`, `s`, `m`, `h`, such as `300s`")
    })
}

/// In seconds where they are whole, for those are compared most easily.
fn written(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{}s", duration.as_secs())
    } else {
        format!("{}ms", duration.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        let table = [
            ("300s", Some("300s")),
            ("5m", Some("300s")),
            ("1h", Some("3600s")),
            ("1500ms", Some("1500ms")),
            ("2000ms", Some("2s")),
            ("5 m", Some("300s")),
            ("300", None),
            ("s", None),
            ("-1s", None),
            ("99999999999999999999s", None),
            ("9999999999999999999h", None),
        ];
        for (text, expected) in table {
            let got = read(text).ok().map(written);
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }
}
