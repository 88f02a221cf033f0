//! What waits about each account, and what of it is known without the database.

use std::collections::HashMap;

use crate::mail::Uid;
use crate::store::write_back::{Amount, QuotaUsage, Write};

/// What a write is about, as far as readers have to wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// When somebody logged in.
    Login(Uid),
    /// What a mailbox holds.
    Quota(Uid),
}

/// What the writes that wait tell about a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// What it holds, whatever the database says; `None`: that nobody knows it any more.
    All(Option<QuotaUsage>),
    /// Not enough to know it.
    Less,
}

/// Writes that wait, by account.
#[derive(Debug, Default)]
pub(super) struct Pending(HashMap<u32, Account>);

#[derive(Debug, Default)]
struct Account {
    logins: u32,
    quotas: u32,
    /// What the quotas that wait come to.
    amounts: [Option<Amount>; 2],
    /// Whether it is not known which of them are in the database already.
    inherited: bool,
}

impl About {
    /// What a write is about; `None` if nobody waits for it.
    pub(super) fn of(write: &Write) -> Option<Self> {
        match write {
            Write::AppPasswordUsed { .. } | Write::Policy(_) => None,
            Write::LastLogin { uid, .. } => Some(Self::Login(*uid)),
            Write::Quota { uid, .. } => Some(Self::Quota(*uid)),
        }
    }
}

impl Pending {
    /// A write waits.
    pub(super) fn add(&mut self, write: &Write) {
        match write {
            Write::AppPasswordUsed { .. } | Write::Policy(_) => {}
            Write::LastLogin { uid, .. } => self.0.entry(uid.0).or_default().logins += 1,
            Write::Quota { uid, bytes, messages } => {
                let account = self.0.entry(uid.0).or_default();
                account.quotas += 1;
                let [earlier_bytes, earlier_messages] = account.amounts;
                account.amounts = [
                    Amount::after(earlier_bytes, *bytes),
                    Amount::after(earlier_messages, *messages),
                ];
            }
        }
    }

    /// A write of another process waits, unless it is in the database already.
    pub(super) fn inherit(&mut self, write: &Write) {
        self.add(write);
        if let Some(About::Quota(uid)) = About::of(write) {
            self.0.entry(uid.0).or_default().inherited = true;
        }
    }

    /// A write is in the database.
    pub(super) fn done(&mut self, about: About) {
        let (About::Login(Uid(uid)) | About::Quota(Uid(uid))) = about;
        let Some(account) = self.0.get_mut(&uid) else { return };
        match about {
            About::Login(_) => account.logins -= 1,
            About::Quota(_) => account.quotas -= 1,
        }
        if account.quotas == 0 {
            *account = Account { logins: account.logins, ..Account::default() };
            if account.logins == 0 {
                self.0.remove(&uid);
            }
        }
    }

    /// Whether something about it waits.
    pub(super) fn has(&self, about: About) -> bool {
        let (About::Login(Uid(uid)) | About::Quota(Uid(uid))) = about;
        self.0.get(&uid).is_some_and(|account| match about {
            About::Login(_) => account.logins > 0,
            About::Quota(_) => account.quotas > 0,
        })
    }

    /// What a mailbox holds, if what waits tells.
    pub(super) fn usage(&self, uid: Uid) -> Told {
        let account = self.0.get(&uid.0).filter(|account| !account.inherited);
        match account.map(|account| account.amounts) {
            Some([Some(Amount::Unset), _] | [_, Some(Amount::Unset)]) => Told::All(None),
            Some([Some(Amount::Set(bytes)), Some(Amount::Set(messages))]) => {
                let [bytes, messages] = [bytes, messages].map(|n| u64::try_from(n).unwrap_or(0));
                Told::All(Some(QuotaUsage { bytes, messages }))
            }
            _ => Told::Less,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Amount::{Add, Set, Unset};

    const UID: Uid = Uid(70000);

    fn quota(bytes: impl Into<Option<Amount>>, messages: impl Into<Option<Amount>>) -> Write {
        Write::Quota { uid: UID, bytes: bytes.into(), messages: messages.into() }
    }

    #[test]
    fn what_waits_tells_or_does_not() {
        let usage = |bytes, messages| Told::All(Some(QuotaUsage { bytes, messages }));
        let table: &[(&[Write], _, &str)] = &[
            (&[], Told::Less, "nothing waits"),
            (&[quota(Add(1), Add(1))], Told::Less, "to what?"),
            (&[quota(Set(5), None)], Told::Less, "and the other?"),
            (&[quota(Set(5), Set(1))], usage(5, 1), "told"),
            (&[quota(Set(5), Set(1)), quota(Add(7), Add(1))], usage(12, 2), "told, then grown"),
            (&[quota(Add(7), Add(1)), quota(Set(5), Set(1))], usage(5, 1), "grown, then told"),
            (&[quota(Set(-5), Set(1))], usage(0, 1), "nothing below zero"),
            (&[quota(Set(5), Set(1)), quota(Unset, Unset)], Told::All(None), "forgotten"),
            (&[quota(Unset, None)], Told::All(None), "one forgotten"),
            (&[quota(Unset, Unset), quota(Add(1), Add(1))], Told::All(None), "grown from nothing"),
        ];
        for (writes, expected, why) in table {
            let mut pending = Pending::default();
            for write in *writes {
                pending.add(write);
            }
            assert_eq!(pending.usage(UID), *expected, "{why}");
            assert_eq!(pending.has(About::Quota(UID)), !writes.is_empty(), "{why}");
            for _ in *writes {
                pending.done(About::Quota(UID));
            }
            assert_eq!(pending.usage(UID), Told::Less, "{why}: now the database tells");
            assert!(pending.0.is_empty(), "{why}");
        }
    }

    #[test]
    fn what_may_be_in_the_database_already_tells_nothing() {
        let mut pending = Pending::default();
        pending.inherit(&quota(Set(5), Set(1)));
        pending.add(&quota(Set(6), Set(2)));
        assert_eq!(pending.usage(UID), Told::Less);
        pending.done(About::Quota(UID));
        pending.done(About::Quota(UID));
        pending.add(&quota(Set(6), Set(2)));
        assert_ne!(pending.usage(UID), Told::Less);
    }

    #[test]
    fn logins_and_quotas_wait_apart() {
        let mut pending = Pending::default();
        let login = Write::LastLogin {
            uid: UID,
            service: "imap".to_owned(),
            at: crate::mail::Timestamp(1),
            remote: None,
        };
        pending.add(&login);
        pending.add(&quota(Set(5), Set(1)));
        pending.done(About::Quota(UID));
        assert_eq!([About::Login(UID), About::Quota(UID)].map(|a| pending.has(a)), [true, false]);
        pending.done(About::Login(UID));
        assert!(pending.0.is_empty());
    }
}
