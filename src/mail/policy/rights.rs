//! Whether a login may use a sender address, and whether somebody may write to an alias.

use crate::mail::policy::{AllowedSender, Verdict};
use crate::mail::{Address, DomainName};

/// Decides about the sender address of somebody who has logged in; `owners` are the logins that may
/// use it.
///
/// | the login | verdict |
/// |---|---|
/// | is one of those | pass |
/// | is not | 553 5.7.1 |
///
/// The null sender belongs to everybody: bounces and receipts have it.
pub fn sender_rights(login: &str, sender: &str, is_owner: bool) -> Verdict {
    if is_owner {
        return Verdict::Pass;
    }
    Verdict::refuse(553, "5.7.1", format!("{login} may not send as {sender}"))
}

/// What is known of whoever writes to an alias.
#[derive(Clone, Debug, Default)]
pub struct Writer<'a> {
    /// The account that has logged in.
    pub login: Option<&'a Address>,
    /// Whether somebody has logged in, by whatever name.
    pub is_authenticated: bool,
    /// The envelope sender.
    pub sender: Option<&'a Address>,
    /// Whether the sender's domain is served here: then its addresses are for logins only.
    pub sender_is_local: bool,
    /// Whether the login may use the sender address.
    pub owns_sender: bool,
}

/// What is known of the alias that somebody writes to.
#[derive(Clone, Copy, Debug)]
pub struct Shut<'a> {
    /// Who may write to it.
    pub senders: &'a [AllowedSender],
    /// The primary name of its domain.
    pub domain: &'a DomainName,
    /// The logins of the accounts it leads to.
    pub members: &'a [Address],
    /// The addresses elsewhere that it leads to.
    pub elsewhere: &'a [Address],
}

/// Decides whether somebody may write to an alias.
///
/// | allowed is | who may |
/// |---|---|
/// | `authenticated` | whoever has logged in |
/// | `domain` | a login of the alias's domain |
/// | `members` | a login that the alias leads to; a sender elsewhere that it leads to |
/// | an address or a pattern | a login of that name, or that may use such a sender; of a domain elsewhere, such a sender |
///
/// A sender address alone is believed only where nobody could log in with it: it is easily forged.
pub fn restricted_alias(alias: &Shut<'_>, writer: &Writer<'_>) -> Verdict {
    let allowed = alias.senders.iter().any(|allowed| match allowed {
        AllowedSender::Authenticated => writer.is_authenticated,
        AllowedSender::Domain => writer.login.is_some_and(|login| login.domain == *alias.domain),
        AllowedSender::Members => {
            writer.login.is_some_and(|login| alias.members.contains(login))
                || writer
                    .sender
                    .is_some_and(|sender| writer.is_believed() && alias.elsewhere.contains(sender))
        }
        AllowedSender::Pattern(pattern) => {
            writer.login.is_some_and(|login| pattern.matches(login))
                || writer
                    .sender
                    .is_some_and(|sender| writer.is_believed() && pattern.matches(sender))
        }
    });
    if allowed {
        return Verdict::Pass;
    }
    let text = if writer.is_authenticated {
        "You may not write to this list"
    } else {
        "This list takes mail from certain senders only; log in if you are one"
    };
    Verdict::refuse(550, "5.7.1", text)
}

impl Writer<'_> {
    /// Whether the sender address is taken for true.
    fn is_believed(&self) -> bool {
        self.owns_sender || !self.sender_is_local
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn an_alias_is_open_to_those_it_names() {
        // Allowed, login, sender, whether the login owns it, answer.
        let table = [
            ("authenticated", Some("joe@example.org"), "x@far.example", false, true),
            ("authenticated", None, "joe@example.org", false, false),
            ("domain", Some("ann@example.org"), "ann@example.org", true, true),
            ("domain", Some("joe@example.com"), "ann@example.org", false, false),
            ("domain", None, "ann@example.org", false, false),
            ("members", Some("joe@example.org"), "joe@example.org", true, true),
            ("members", Some("ann@example.org"), "joe@example.org", false, false),
            ("members", None, "joe@example.org", false, false),
            ("members", None, "out@far.example", false, true),
            ("members", None, "in@far.example", false, false),
            ("ann@example.org", Some("ann@example.org"), "x@far.example", false, true),
            ("ann@example.org", Some("joe@example.org"), "ann@example.org", true, true),
            ("ann@example.org", Some("joe@example.org"), "ann@example.org", false, false),
            ("ann@example.org", None, "ann@example.org", false, false),
            ("*@far.example", None, "any@far.example", false, true),
            ("*@far.example", None, "any@near.example", false, false),
        ];
        let domain = DomainName::parse("example.org").unwrap();
        let (members, elsewhere) = ([address("joe@example.org")], [address("out@far.example")]);
        for (allowed, login, sender, owns_sender, expected) in table {
            let senders = [AllowedSender::parse(allowed).unwrap()];
            let (login, from) = (login.map(address), address(sender));
            let alias = Shut {
                senders: &senders,
                domain: &domain,
                members: &members,
                elsewhere: &elsewhere,
            };
            let writer = Writer {
                login: login.as_ref(),
                is_authenticated: login.is_some(),
                sender: Some(&from),
                sender_is_local: from.domain.as_str().starts_with("example"),
                owns_sender,
            };
            let got = restricted_alias(&alias, &writer) == Verdict::Pass;
            assert_eq!(got, expected, "{allowed}: {login:?} as {sender}");
        }
        let nobody = Writer::default();
        let shut = Shut { senders: &[], domain: &domain, members: &[], elsewhere: &[] };
        assert_ne!(restricted_alias(&shut, &nobody), Verdict::Pass);
    }
}
