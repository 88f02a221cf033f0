//! What follows from what stands at an address: mailbox, transport, relocation, refusal.

use crate::mail::{Availability, Destination, Domain, DomainKind, Entry, Timestamp};

/// The value of `virtual_mailbox_maps`: the path of an account's mailbox.
///
/// A suspended account exists, too; [`transport`] refuses its mail, with the reason.
pub fn mailbox(entry: Option<&Entry>) -> Option<String> {
    match entry {
        Some(Entry::Account(account)) => Some(account.location.mailbox_path()),
        _ => None,
    }
}

/// The value of `transport_maps`.
///
/// | at the address stands | answer |
/// |---|---|
/// | an account that may not receive, or has ended | `error:5.2.1` and the reason |
/// | an account being moved, for a day at most | `retry:4.2.1`: Postfix keeps the mail until it has arrived |
/// | an account with a transport | it |
/// | anything else, or nothing | the domain's transport, if it has one |
pub fn transport(domain: &Domain, entry: Option<&Entry>, now: Timestamp) -> Option<String> {
    let own = match entry {
        Some(Entry::Account(account)) => match account.receives(now) {
            Availability::Disabled(reason) => return Some(format!("error:5.2.1 {reason}")),
            Availability::Moving => return Some(format!("retry:4.2.1 {MOVING}")),
            Availability::Open => account.transport.as_ref(),
        },
        _ => None,
    };
    own.or(domain.transport.as_ref()).map(ToString::to_string)
}

/// The value of `recipient_access`: an access(5) action while an account takes no mail.
pub fn recipient_access(entry: Option<&Entry>, now: Timestamp) -> Option<String> {
    let Some(Entry::Account(account)) = entry else { return None };
    match account.receives(now) {
        Availability::Open => None,
        Availability::Disabled(reason) => Some(format!("550 5.2.1 {reason}")),
        Availability::Moving => Some(format!("450 4.2.1 {MOVING}")),
    }
}

/// The value of `relocated_maps`: the address somebody has moved to.
pub fn relocated(entry: Option<&Entry>) -> Option<&Destination> {
    match entry {
        Some(Entry::Relocated(new_address)) => Some(new_address),
        _ => None,
    }
}

/// Whether a relay domain knows a recipient: a listed one, or any if there is no list.
pub fn relay_recipient(domain: &Domain, entry: Option<&Entry>) -> bool {
    match domain.kind {
        DomainKind::Relay { has_recipient_list: false } => true,
        DomainKind::Relay { has_recipient_list: true } => {
            matches!(entry, Some(Entry::RelayRecipient))
        }
        DomainKind::Mailbox { .. } => false,
    }
}

const MOVING: &str = "Mailbox is being moved, try again later";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Transport;
    use crate::mail::rules::fixtures::{account, alias, domain};

    const NOW: Timestamp = Timestamp(1000);

    #[test]
    fn transports_follow_the_table() {
        let lmtp = || Some(Transport::parse("lmtp:unix:own").unwrap());
        let table = [
            ("open", account(|_| ()), Some("smtp:domain")),
            ("own transport", account(|a| a.transport = lmtp()), Some("lmtp:unix:own")),
            (
                "may not receive",
                account(|a| {
                    a.transport = lmtp();
                    a.switches.receive = false;
                    a.switches.reason = Some("Gone fishing".into());
                }),
                Some("error:5.2.1 Gone fishing"),
            ),
            (
                "suspended until now",
                account(|a| {
                    a.switches.receive = false;
                    a.switches.until = Some(NOW);
                }),
                Some("smtp:domain"),
            ),
            ("may not log in", account(|a| a.switches.login = false), Some("smtp:domain")),
            (
                "expired",
                account(|a| a.expires = Some(NOW)),
                Some("error:5.2.1 Account has expired"),
            ),
            (
                "not yet expired",
                account(|a| a.expires = Some(Timestamp(1001))),
                Some("smtp:domain"),
            ),
            (
                "moving",
                account(|a| a.moving_until = Some(Timestamp(1001))),
                Some("retry:4.2.1 Mailbox is being moved, try again later"),
            ),
            (
                "has been moving for too long",
                account(|a| a.moving_until = Some(NOW)),
                Some("smtp:domain"),
            ),
            ("an alias", alias(&["box"], |_| ()), Some("smtp:domain")),
        ];
        let mut domain = domain(&[]);
        domain.transport = Some(Transport::parse("smtp:domain").unwrap());
        for (what, entry, expected) in &table {
            assert_eq!(transport(&domain, Some(entry), NOW).as_deref(), *expected, "{what}");
        }
        assert_eq!(transport(&domain, None, NOW).as_deref(), Some("smtp:domain"), "a stranger");
        domain.transport = None;
        assert_eq!(transport(&domain, None, NOW), None, "left to Postfix");
    }

    #[test]
    fn access_is_refused_while_an_account_takes_no_mail() {
        let table = [
            (account(|_| ()), None),
            (
                account(|a| a.switches.receive = false),
                Some("550 5.2.1 Mailbox disabled, not accepting messages"),
            ),
            (
                account(|a| a.moving_until = Some(Timestamp(1001))),
                Some("450 4.2.1 Mailbox is being moved, try again later"),
            ),
            (account(|a| a.moving_until = Some(NOW)), None),
            (alias(&["box"], |_| ()), None),
        ];
        for (entry, expected) in &table {
            assert_eq!(recipient_access(Some(entry), NOW).as_deref(), *expected, "{entry:?}");
        }
    }

    #[test]
    fn relay_domains_know_their_list_or_everybody() {
        let relay = |has_recipient_list| Domain {
            kind: DomainKind::Relay { has_recipient_list },
            ..domain(&[])
        };
        assert!(relay_recipient(&relay(false), None));
        assert!(!relay_recipient(&relay(true), None));
        assert!(relay_recipient(&relay(true), Some(&Entry::RelayRecipient)));
        assert!(!relay_recipient(&domain(&[]), Some(&Entry::RelayRecipient)));
    }
}
