//! Logins: what a name means, what a service is called, and who may log in where.

mod channel;
mod denial;
mod names;

pub use channel::Channel;
pub use denial::Denial;
pub use names::{LoginNameError, LoginNames};

use crate::mail::{Account, ServiceSet, Timestamp};

/// Why an account may not log in, however right its password is; `None` if it may.
///
/// | the account | asked by | answer |
/// |---|---|---|
/// | has ended | anything | expired |
/// | may not log in | anything | disabled, with its reason |
/// | has no such service | a service that can be switched | service disabled |
/// | may not send | smtp | sending disabled, with its reason |
/// | lacks one of the services | a name nobody knows | service disabled |
/// | otherwise | | may |
pub fn refusal(
    account: &Account,
    services: ServiceSet,
    channel: &Channel,
    now: Timestamp,
) -> Option<Denial> {
    let reason = || account.switches.reason.clone();
    if account.has_expired(now) {
        return Some(Denial::AccountExpired);
    }
    if !account.may_login(now) {
        return Some(Denial::AccountDisabled(reason()));
    }
    if !channel.is_allowed(services) {
        return Some(Denial::ServiceDisabled(channel.clone()));
    }
    if channel.sends() && !account.may_send(now) {
        return Some(Denial::SendingDisabled(reason()));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::rules::fixtures::account;
    use crate::mail::{Entry, Switches};

    const NOW: Timestamp = Timestamp(1000);

    #[test]
    fn accounts_log_in_by_the_table() {
        let reason = || Some(Box::from("Unpaid"));
        let off = |switches: Switches| account(|a| a.switches = switches);
        let no_login = || Switches { login: false, reason: reason(), ..Switches::default() };
        let no_send = || Switches { send: false, reason: reason(), ..Switches::default() };
        let until = |end| Switches { until: Some(Timestamp(end)), ..no_login() };
        let disabled = Some(Denial::AccountDisabled(reason()));
        let not_for = |name| Some(Denial::ServiceDisabled(Channel::of(name)));
        let table = [
            ("open", account(|_| ()), "imap,smtp", "imap", None),
            ("not its service", account(|_| ()), "imap,smtp", "pop3", not_for("pop3")),
            ("submission is smtp", account(|_| ()), "imap", "submission", not_for("smtp")),
            ("managesieve is sieve", account(|_| ()), "sieve", "managesieve-login", None),
            ("no service at all", account(|_| ()), "none", "imap", not_for("imap")),
            ("delivery needs none", account(|_| ()), "none", "lmtp", None),
            ("a stranger's service", account(|_| ()), "imap,pop3,sieve,smtp", "xmpp", None),
            ("strangers need all", account(|_| ()), "imap,pop3,smtp", "xmpp", not_for("xmpp")),
            ("no name", account(|_| ()), "imap", "", not_for("")),
            ("suspended", off(no_login()), "imap", "imap", disabled.clone()),
            ("suspended for lmtp, too", off(no_login()), "imap", "lmtp", disabled.clone()),
            ("suspended, wrong service", off(no_login()), "imap", "pop3", disabled.clone()),
            ("suspended until later", off(until(1001)), "imap", "imap", disabled),
            ("suspended until now", off(until(1000)), "imap", "imap", None),
            ("no sending: reads", off(no_send()), "imap,smtp", "imap", None),
            (
                "no sending",
                off(no_send()),
                "imap,smtp",
                "smtp",
                Some(Denial::SendingDisabled(reason())),
            ),
            (
                "expired",
                account(|a| a.expires = Some(NOW)),
                "imap",
                "imap",
                Some(Denial::AccountExpired),
            ),
            ("not yet", account(|a| a.expires = Some(Timestamp(1001))), "imap", "imap", None),
        ];
        for (what, entry, services, service, expected) in table {
            let Entry::Account(account) = &entry else { panic!("{what}") };
            let services = ServiceSet::parse(services).unwrap();
            let got = refusal(account, services, &Channel::of(service), NOW);
            assert_eq!(got, expected, "{what}");
        }
    }
}
