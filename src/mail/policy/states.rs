//! Whether a login may send, and whether a recipient takes mail.

use crate::mail::policy::Verdict;
use crate::mail::{Account, Availability, Timestamp};

/// Decides by the state of the account that has logged in.
///
/// | the account | verdict |
/// |---|---|
/// | may send | pass |
/// | has ended | 550 5.7.1 |
/// | may not send | 550 5.7.1 and the reason |
pub fn sending_state(login: &Account, now: Timestamp) -> Verdict {
    if login.may_send(now) {
        return Verdict::Pass;
    }
    let reason = login.switches.reason.as_deref();
    Verdict::refuse(
        550,
        "5.7.1",
        match reason {
            _ if login.has_expired(now) => "Account has expired".to_owned(),
            Some(reason) => format!("Account may not send: {reason}"),
            None => "Account may not send".to_owned(),
        },
    )
}

/// Decides by the states of the accounts that mail for a recipient ends at; `others` if it goes
/// elsewhere, too.
///
/// | the accounts | verdict |
/// |---|---|
/// | one of them takes mail, or it goes elsewhere, too | pass: those who do not are told by their transport |
/// | none takes mail for good | 550 5.2.1 and the reason of the first |
/// | one is being moved, and the others do not take mail | 450 4.2.1 |
pub fn receiving_state<'a>(
    accounts: impl IntoIterator<Item = &'a Account>,
    others: bool,
    now: Timestamp,
) -> Verdict {
    let mut shut = None;
    let mut moving = false;
    for account in accounts {
        match account.receives(now) {
            Availability::Open => return Verdict::Pass,
            Availability::Moving => moving = true,
            Availability::Disabled(reason) => shut = shut.or(Some(reason)),
        }
    }
    match shut {
        _ if others => Verdict::Pass,
        _ if moving => Verdict::refuse(450, "4.2.1", "Mailbox is being moved, try again later"),
        Some(reason) => Verdict::refuse(550, "5.2.1", reason),
        None => Verdict::Pass,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Entry;
    use crate::mail::rules::fixtures::account;

    const NOW: Timestamp = Timestamp(1000);

    fn one(change: impl FnOnce(&mut Account)) -> Account {
        match account(change) {
            Entry::Account(account) => account.as_ref().clone(),
            other => unreachable!("{other:?}"),
        }
    }

    fn said(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Refuse(refused) => {
                format!("{} {} {}", refused.code, refused.status, refused.text)
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn who_may_not_send_is_told_why() {
        let table = [
            (one(|_| ()), "Pass"),
            (one(|a| a.switches.send = false), "550 5.7.1 Account may not send"),
            (
                one(|a| {
                    a.switches.send = false;
                    a.switches.reason = Some("unpaid".into());
                }),
                "550 5.7.1 Account may not send: unpaid",
            ),
            (
                one(|a| {
                    a.switches.send = false;
                    a.switches.until = Some(NOW);
                }),
                "Pass",
            ),
            (one(|a| a.expires = Some(NOW)), "550 5.7.1 Account has expired"),
            (one(|a| a.switches.receive = false), "Pass"),
        ];
        for (account, expected) in table {
            assert_eq!(said(&sending_state(&account, NOW)), expected);
        }
    }

    #[test]
    fn a_recipient_is_refused_if_nobody_takes_its_mail() {
        let (open, shut, moving) = (
            one(|_| ()),
            one(|a| {
                a.switches.receive = false;
                a.switches.reason = Some("gone".into());
            }),
            one(|a| a.moving_until = Some(Timestamp(2000))),
        );
        let table: &[(&[&Account], bool, &str)] = &[
            (&[], false, "Pass"),
            (&[&open], false, "Pass"),
            (&[&shut], false, "550 5.2.1 gone"),
            (&[&shut], true, "Pass"),
            (&[&shut, &open], false, "Pass"),
            (&[&shut, &moving], false, "450 4.2.1 Mailbox is being moved, try again later"),
            (&[&moving], true, "Pass"),
        ];
        for (accounts, others, expected) in table {
            let got = receiving_state(accounts.iter().copied(), *others, NOW);
            assert_eq!(said(&got), *expected, "{} accounts", accounts.len());
        }
    }
}
