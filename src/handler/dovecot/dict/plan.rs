//! What the changes of a transaction come to.

use crate::handler::dovecot::dict::Reason;
use crate::journal::Amount;
use crate::mail::Timestamp;
use crate::protocol::dovecot::dict::{Change, Key};

/// What a transaction wants to be kept, each thing once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan<'a> {
    /// What becomes of the bytes of the mailbox.
    pub(super) bytes: Option<Amount>,
    /// What becomes of its messages.
    pub(super) messages: Option<Amount>,
    /// Who logged in.
    pub(super) logins: Vec<LoggedIn<'a>>,
}

/// Somebody logged in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LoggedIn<'a> {
    pub(super) user: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) at: Timestamp,
}

impl<'a> Plan<'a> {
    /// Adds the changes up, in their order.
    pub(super) fn of(changes: &'a [Change]) -> Result<Self, Reason> {
        let mut plan = Self::default();
        for change in changes {
            match Key::parse(change.key()) {
                Key::LastLogin { user, service } => {
                    let Change::Set { value, .. } = change else {
                        return Err("a last login can only be set".to_owned());
                    };
                    let at = moment(number(value)?);
                    plan.logins.push(LoggedIn { user, service, at });
                }
                Key::QuotaMessages => then(&mut plan.messages, amount(change)?),
                Key::QuotaStorage => then(&mut plan.bytes, amount(change)?),
                Key::Nobody | Key::Other | Key::Passdb { .. } | Key::Userdb(_) => {
                    let key = change.key().escape_ascii();
                    return Err(format!("`{key}` cannot be changed here"));
                }
            }
        }
        Ok(plan)
    }

    /// Whether it adds to what must be known.
    pub(super) fn adds(&self) -> bool {
        [self.bytes, self.messages].iter().flatten().any(|amount| matches!(amount, Amount::Add(_)))
    }
}

fn then(amount: &mut Option<Amount>, next: Amount) {
    *amount = Some(amount.map_or(next, |earlier| earlier.then(next)));
}

fn amount(change: &Change) -> Result<Amount, Reason> {
    match change {
        Change::Add { by, .. } => Ok(Amount::Add(*by)),
        Change::Append { .. } => Err("a quota cannot be appended to".to_owned()),
        Change::Set { value, .. } => number(value).map(Amount::Set),
        Change::Unset { .. } => Ok(Amount::Unset),
    }
}

fn number(value: &[u8]) -> Result<i64, Reason> {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| format!("`{}` is no number", value.escape_ascii()))
}

/// A time in the precision that Dovecot was told to use, which only its size tells: seconds need
/// twelve digits in the year 5138, and all the others have more since 1973.
fn moment(number: i64) -> Timestamp {
    let unit = match number {
        ..100_000_000_000 => 1,
        100_000_000_000..100_000_000_000_000 => 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000_000,
        _ => 1_000_000_000,
    };
    Timestamp(number / unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Amount::{Add, Set, Unset};

    fn set(key: &str, value: &str) -> Change {
        Change::Set { key: key.into(), value: value.into() }
    }

    fn add(key: &str, by: i64) -> Change {
        Change::Add { key: key.into(), by }
    }

    fn unset(key: &str) -> Change {
        Change::Unset { key: key.into() }
    }

    const STORAGE: &str = "priv/quota/storage";
    const MESSAGES: &str = "priv/quota/messages";

    #[test]
    fn changes_are_added_up() {
        let table = [
            (vec![add(STORAGE, 5305), add(MESSAGES, 1)], [Some(Add(5305)), Some(Add(1))], true),
            (
                vec![unset(STORAGE), unset(MESSAGES), set(STORAGE, "0"), set(MESSAGES, "0")],
                [Some(Set(0)), Some(Set(0))],
                false,
            ),
            (vec![set(STORAGE, "5"), add(STORAGE, -2)], [Some(Set(3)), None], false),
            (vec![unset(MESSAGES)], [None, Some(Unset)], false),
            (vec![], [None, None], false),
        ];
        for (changes, expected, adds) in table {
            let plan = Plan::of(&changes).unwrap();
            assert_eq!(([plan.bytes, plan.messages], plan.adds()), (expected, adds), "{changes:?}");
        }
    }

    #[test]
    fn times_come_in_any_precision() {
        for value in ["1795205892", "1795205892324", "1795205892324556", "1795205892324556789"] {
            let changes = [set("shared/last-login/joe@example.org/imap", value)];
            let plan = Plan::of(&changes).unwrap();
            let at = Timestamp(1_795_205_892);
            let login = LoggedIn { user: "joe@example.org", service: Some("imap"), at };
            assert_eq!(plan.logins, [login], "{value}");
        }
    }

    #[test]
    fn what_is_not_kept_is_refused_as_a_whole() {
        let table = [
            (set("priv/sieve/name/active", "1"), "`priv/sieve/name/active` cannot be changed here"),
            (set("shared/passdb/joe@example.org", "{}"), "cannot be changed here"),
            (set("shared/userdb/joe@example.org", "{}"), "cannot be changed here"),
            (set(STORAGE, "much"), "`much` is no number"),
            (set(STORAGE, ""), "`` is no number"),
            (set("shared/last-login/joe@example.org", "noon"), "`noon` is no number"),
            (unset("shared/last-login/joe@example.org"), "a last login can only be set"),
            (add("shared/last-login/joe@example.org", 1), "a last login can only be set"),
            (
                Change::Append { key: STORAGE.into(), value: "1".into() },
                "a quota cannot be appended to",
            ),
        ];
        for (change, expected) in table {
            let refused = Plan::of(&[set(MESSAGES, "1"), change]).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }
}
