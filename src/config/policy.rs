//! What the policy service decides: `[policy]` and `[[rule-set]]`.

use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::text::{self, BadValue, Written};
use crate::config::{Config, duration, value};
use crate::mail::parse_size;
use crate::mail::policy::{
    Limit, Network, NetworkError, PolicyRule, SendingKey, SendingLimits, Windowing,
};

/// What the policy service decides: `[policy]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// The rules that decide, in this order.
    #[serde(serialize_with = "text::serialize_all", deserialize_with = "rules")]
    pub rules: Vec<PolicyRule>,
    /// Those of them that only tell what they would decide.
    #[serde(serialize_with = "text::serialize_all", deserialize_with = "rules")]
    pub monitor: Vec<PolicyRule>,
    /// How long facts may take; afterwards a rule does not know.
    #[serde(with = "duration")]
    pub answer_within: Duration,
    /// What each account may send, unless its domain or it says otherwise.
    #[serde(serialize_with = "write_limits", deserialize_with = "limits")]
    pub account_limits: SendingLimits,
    /// What all accounts of a domain may send together, unless it says otherwise.
    #[serde(serialize_with = "write_limits", deserialize_with = "limits")]
    pub domain_limits: SendingLimits,
    /// What may be sent by each app password, unless it says otherwise.
    #[serde(serialize_with = "write_limits", deserialize_with = "limits")]
    pub app_password_limits: SendingLimits,
    /// When what was sent is forgotten.
    #[serde(with = "text")]
    pub window: WindowKind,
    /// Where hours and days begin, if they are the calendar's.
    #[serde(with = "text")]
    pub time_zone: ZoneName,
    /// How many percent of a limit are used when that is told.
    #[serde(deserialize_with = "percent")]
    pub warn_at: u8,
    /// A program that is told, too.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "program")]
    pub warn_program: Option<PathBuf>,
    /// What becomes of mail for a full mailbox.
    #[serde(with = "text")]
    pub full_mailbox: FullMailbox,
    /// How long greylisting has a stranger wait.
    #[serde(with = "duration")]
    pub greylist_delay: Duration,
    /// The networks that never wait.
    #[serde(serialize_with = "text::serialize_all", deserialize_with = "text::deserialize_all")]
    pub greylist_exempt: Vec<Network>,
}

/// Other rules under a name, for a listener or a `policy_context`: one `[[rule-set]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuleSet {
    /// Its name.
    #[serde(deserialize_with = "name")]
    pub name: String,
    /// The rules that decide, in this order.
    #[serde(serialize_with = "text::serialize_all", deserialize_with = "rules")]
    pub rules: Vec<PolicyRule>,
    /// Those of them that only tell what they would decide.
    #[serde(default, serialize_with = "text::serialize_all", deserialize_with = "rules")]
    pub monitor: Vec<PolicyRule>,
}

/// When what was sent is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowKind {
    /// When it is an hour, or a day, ago.
    Sliding,
    /// When the hour, or the day, ends.
    Calendar,
}

/// What becomes of mail for a full mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FullMailbox {
    /// It is refused for good.
    Refuse,
    /// It is to be sent again later.
    Defer,
}

/// The context of the rules that only save trouble: without an answer, mail goes on.
pub const ADVISORY: &str = "advisory";
/// The context of the rules that somebody relies on: without an answer, mail waits.
pub const PROTECTING: &str = "protecting";

impl Policy {
    /// How an hour and a day are meant.
    pub fn windowing(&self) -> Windowing {
        match self.window {
            WindowKind::Sliding => Windowing::Sliding,
            WindowKind::Calendar => Windowing::Calendar(self.time_zone.zone()),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let unless_asked = PolicyRule::Greylisting;
        Self {
            rules: PolicyRule::ALL.into_iter().filter(|rule| *rule != unless_asked).collect(),
            monitor: Vec::new(),
            answer_within: Duration::from_millis(50),
            account_limits: SendingLimits::default(),
            domain_limits: SendingLimits::default(),
            app_password_limits: SendingLimits::default(),
            window: WindowKind::Sliding,
            time_zone: ZoneName(TimeZone::UTC),
            warn_at: 80,
            warn_program: None,
            full_mailbox: FullMailbox::Refuse,
            greylist_delay: Duration::from_mins(5),
            greylist_exempt: Vec::new(),
        }
    }
}

/// A time zone of the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneName(TimeZone);

impl ZoneName {
    /// The zone.
    pub fn zone(&self) -> TimeZone {
        self.0.clone()
    }
}

impl Written for ZoneName {
    const FORM: &'static str = "a text such as \"Europe/Berlin\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        TimeZone::get(text).map(Self).map_err(|_| {
            BadValue::new(format!("`{text}` is no time zone that is known here")).hint(
                "write a name such as `Europe/Berlin`; `timedatectl list-timezones` lists them",
            )
        })
    }

    fn write(&self) -> String {
        self.0.iana_name().unwrap_or("UTC").to_owned()
    }
}

/// What two parts of a configuration say against each other: where it stands, why it cannot be, and
/// what to do about it.
pub(super) fn contradiction(config: &Config) -> Option<(String, BadValue)> {
    let own = config.rule_set.iter().find(|set| [ADVISORY, PROTECTING].contains(&&*set.name));
    if let Some(set) = own {
        let name = &set.name;
        let why = format!("`{name}` is a context that every rule set has");
        let bad = BadValue::new(why).hint("choose another name");
        return Some((format!("name = \"{name}\""), bad));
    }
    let names: Vec<&str> = config.rule_set.iter().map(|set| set.name.as_str()).collect();
    let twice = |at: &usize| names.iter().take(*at).any(|name| names.get(*at) == Some(name));
    if let Some(name) = (0..names.len()).find(twice).and_then(|at| names.get(at)) {
        let why = format!("two rule sets are called `{name}`");
        let bad = BadValue::new(why).hint("a listener and a policy_context name one of them");
        return Some((format!("name = \"{name}\""), bad));
    }
    let wanted = config.listen.iter().filter_map(|listen| listen.rule_set.as_deref());
    let missing = wanted.into_iter().find(|name| !names.contains(name))?;
    let bad = match names.as_slice() {
        [] => BadValue::new(format!("there is no rule set `{missing}`"))
            .hint(format!("add `[[rule-set]]` with `name = \"{missing}\"`, or remove this")),
        names => BadValue::unknown("rule set", missing, names),
    };
    Some((format!("rule-set = \"{missing}\""), bad))
}

impl Written for Network {
    const FORM: &'static str = "a text such as \"192.0.2.0/24\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        text.parse().map_err(|why: NetworkError| {
            BadValue::new(format!("`{text}` is no network: {why}"))
                .hint("write `192.0.2.0/24`, `2001:db8::/32` or one address")
        })
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for PolicyRule {
    const FORM: &'static str = "a text such as \"sending-limits\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let known = Self::ALL.map(Self::as_str);
        Self::parse(text).ok_or_else(|| BadValue::unknown("rule", text, &known))
    }

    fn write(&self) -> String {
        self.to_string()
    }
}

impl Written for WindowKind {
    const FORM: &'static str = "a text such as \"sliding\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        match text {
            "sliding" => Ok(Self::Sliding),
            "calendar" => Ok(Self::Calendar),
            _ => Err(BadValue::unknown("window", text, &["sliding", "calendar"])),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Sliding => "sliding",
            Self::Calendar => "calendar",
        }
        .to_owned()
    }
}

impl Written for FullMailbox {
    const FORM: &'static str = "a text such as \"refuse\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        match text {
            "refuse" => Ok(Self::Refuse),
            "defer" => Ok(Self::Defer),
            _ => Err(BadValue::unknown("word", text, &["refuse", "defer"])),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Refuse => "refuse",
            Self::Defer => "defer",
        }
        .to_owned()
    }
}

/// One limit as it is written: `messages-per-hour = 100`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct WrittenLimit {
    key: SendingKey,
    limit: Limit,
}

impl Written for WrittenLimit {
    const FORM: &'static str = "a text such as \"messages-per-hour = 100\"";

    fn read(text: &str) -> Result<Self, BadValue> {
        let Some((name, limit)) = text.split_once('=') else {
            return Err(BadValue::new(format!("`{text}` limits nothing"))
                .hint("write `messages-per-hour = 100`"));
        };
        let (name, limit) = (name.trim(), limit.trim());
        let Some(key) = SendingKey::parse(name) else {
            return Err(BadValue::unknown("limit", name, &SendingKey::ALL.map(SendingKey::as_str)));
        };
        let read = match limit {
            "unlimited" => Some(Limit::Unlimited),
            size if key.is_bytes() => parse_size(size).ok().map(Limit::AtMost),
            count => count.parse().ok().map(Limit::AtMost),
        };
        let limit = read.ok_or_else(|| {
            let example = if key.is_bytes() { "500m" } else { "100" };
            BadValue::new(format!("`{limit}` is no limit for {name}"))
                .hint(format!("write `{name} = {example}` or `{name} = unlimited`"))
        })?;
        Ok(Self { key, limit })
    }

    fn write(&self) -> String {
        format!("{} = {}", self.key, self.limit)
    }
}

fn limits<'de, D: Deserializer<'de>>(from: D) -> Result<SendingLimits, D::Error> {
    let mut limits = SendingLimits::default();
    for WrittenLimit { key, limit } in text::deserialize_all(from)? {
        if limits.get(key).is_some() {
            let twice = BadValue::new(format!("`{key}` is limited twice")).hint("remove one");
            return Err(D::Error::custom(twice));
        }
        limits.set(key, Some(limit));
    }
    Ok(limits)
}

fn write_limits<S: Serializer>(limits: &SendingLimits, to: S) -> Result<S::Ok, S::Error> {
    let said = SendingKey::ALL
        .into_iter()
        .filter_map(|key| Some(WrittenLimit { key, limit: limits.get(key)? }.write()));
    said.collect::<Vec<_>>().serialize(to)
}

/// A rule decides once.
fn rules<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<PolicyRule>, D::Error> {
    let rules: Vec<PolicyRule> = text::deserialize_all(from)?;
    for (at, rule) in rules.iter().enumerate() {
        if rules.iter().take(at).any(|earlier| earlier == rule) {
            let twice = BadValue::new(format!("rule `{rule}` stands there twice"));
            return Err(D::Error::custom(twice.hint("remove one")));
        }
    }
    Ok(rules)
}

fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<u8, D::Error> {
    let percent = i64::deserialize(from)?;
    u8::try_from(percent).ok().filter(|percent| (1..=100).contains(percent)).ok_or_else(|| {
        D::Error::custom(
            BadValue::new(format!("`{percent}` is no percentage"))
                .hint("write a number from 1 to 100"),
        )
    })
}

fn program<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    value::absolute_path(from).map(Some)
}

fn name<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let name = String::deserialize(from)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
        let bad = BadValue::new(format!("`{name}` cannot name a rule set"));
        return Err(D::Error::custom(bad.hint("write up to 64 letters, digits, `-`, `_` and `.`")));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_read_and_print() {
        let table = [
            ("messages-per-hour = 100", Some("messages-per-hour = 100")),
            ("bytes-per-day=1k", Some("bytes-per-day = 1024")),
            ("new-recipients-per-day = unlimited", Some("new-recipients-per-day = unlimited")),
            ("messages-per-hour = 1k", None),
            ("messages-per-hour", None),
            ("messages-per-week = 1", None),
            ("recipients-per-hour = -1", None),
        ];
        for (text, expected) in table {
            let got = WrittenLimit::read(text).ok().map(|limit| limit.write());
            assert_eq!(got.as_deref(), expected, "{text}");
        }
    }
}
