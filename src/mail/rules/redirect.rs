//! Where mail for an address is sent on to: one step of `virtual_alias_maps`.

use crate::mail::{
    Address, Availability, Delimiters, Destination, DestinationError, DestinationTemplate, Domain,
    Entry, Localpart, Timestamp,
};

/// The address asked for, and how the entry was found.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The whole address, in the domain that was asked for.
    pub address: &'a Address,
    /// The address without extension and the extension with its delimiter, if the entry stands at
    /// the base address.
    pub base: Option<(&'a Address, &'a str)>,
}

/// What was found for an address.
#[derive(Clone, Copy, Debug)]
pub enum Standing<'a> {
    /// An entry, be it of the domain or a default alias.
    Entry(&'a Entry),
    /// Nothing, so a stranger is meant.
    Nothing {
        /// What stands at `+` of the domain.
        plus: Option<&'a Entry>,
    },
}

/// Where mail goes on to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redirect {
    /// The destinations, in the order they are stored, without repetition.
    pub destinations: Vec<Destination>,
    /// Whether the mailbox at the address itself gets its copy, too.
    pub keeps_copy: bool,
    /// Templates that make no address for this one; they are left out.
    pub dropped: Vec<(DestinationTemplate, DestinationError)>,
}

/// Decides one step of redirection; `None` when mail stays at the address (or is refused there).
///
/// | at the address stands | the domain has a catch-all | answer |
/// |---|---|---|
/// | an alias | either | its destinations, with the extension handed on |
/// | an alias that is disabled or has ended | either | none: nobody takes this mail |
/// | an account with forwards | either | the forwards, and the account unless it keeps no copy |
/// | an account with forwards that may not receive | either | none: its transport refuses |
/// | an account without, someone relocated | either | none |
/// | nothing | yes | the catch-all's destinations |
/// | nothing, and an alias at `+` | no | its destinations, if it is active |
/// | nothing, and an account at `+` | no | `+@primary`, unless it may not receive |
/// | nothing | no | none |
///
/// The user `+` is VMailMgr's catch-all. A catch-all proper comes first: it was made for this,
/// while a `+` may have been there before.
///
/// The catch-all never sees mail for an existing entry, with or without extension. An answer for
/// somebody relocated would make Postfix accept the mail and bounce it later.
pub fn redirect(
    domain: &Domain,
    standing: Standing<'_>,
    asked: Asked<'_>,
    delimiters: &Delimiters,
    now: Timestamp,
) -> Option<Redirect> {
    let (address, extension) = match asked.base {
        Some((base, extension)) => (base, Some((extension, delimiters))),
        None => (asked.address, None),
    };
    match standing {
        Standing::Entry(Entry::Alias(alias)) if alias.is_active(now) => {
            Some(expand(&alias.destinations, address, extension, false))
        }
        Standing::Entry(Entry::Account(account)) => {
            let forwards = account.forwards.as_ref()?;
            let open = !matches!(account.receives(now), Availability::Disabled(_));
            open.then(|| expand(&forwards.destinations, address, extension, forwards.keep_copy))
        }
        Standing::Entry(_) => None,
        // A stranger's whole local part is what was asked for: there is no base to hand on from.
        Standing::Nothing { .. } if !domain.catchall().is_empty() => {
            Some(expand(domain.catchall(), asked.address, None, false))
        }
        Standing::Nothing { plus } => by_plus(domain, plus?, asked.address, now),
    }
}

/// Where the user `+` has mail for strangers go.
fn by_plus(domain: &Domain, plus: &Entry, stranger: &Address, now: Timestamp) -> Option<Redirect> {
    match plus {
        Entry::Alias(alias) if alias.is_active(now) => {
            Some(expand(&alias.destinations, stranger, None, false))
        }
        // What leads to a mailbox that is shut would be accepted, and bounced later.
        Entry::Account(account) if !matches!(account.receives(now), Availability::Disabled(_)) => {
            let plus = Address { localpart: Localpart::plus(), domain: domain.primary.clone() };
            Some(Redirect { destinations: vec![plus.into()], ..Redirect::default() })
        }
        _ => None,
    }
}

fn expand(
    templates: &[DestinationTemplate],
    address: &Address,
    extension: Option<(&str, &Delimiters)>,
    keeps_copy: bool,
) -> Redirect {
    let mut redirect = Redirect { keeps_copy, ..Redirect::default() };
    for template in templates {
        match template.expand(address) {
            Err(reason) => redirect.dropped.push((template.clone(), reason)),
            Ok(destination) => {
                let destination = match extension {
                    Some((text, delimiters)) => destination.with_extension(text, delimiters),
                    None => destination,
                };
                // An alias has at most 1000 destinations, and few have more than three.
                if !redirect.destinations.contains(&destination) {
                    redirect.destinations.push(destination);
                }
            }
        }
    }
    redirect
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::rules::fixtures::{account, alias, domain, relocated};

    const NOW: Timestamp = Timestamp(1000);

    const NOBODY: Standing<'_> = Standing::Nothing { plus: None };

    /// What stands there, the entry, whether there is a catch-all, destinations and kept copy.
    type Row<'a> = (&'a str, Option<Entry>, bool, Option<(&'a [&'a str], bool)>);

    #[test]
    fn redirection_follows_the_table() {
        let forwarding = |copy| account(|a| a.forwards = Some(forwards(&["x@far.example"], copy)));
        let shut = account(|a| {
            a.forwards = Some(forwards(&["x@far.example"], true));
            a.switches.receive = false;
        });
        let ended = alias(&["box"], |a| a.expires = Some(NOW));
        let off = alias(&["box"], |a| a.enabled = false);
        let one = alias(&["box", "%n@far.example"], |_| ());
        let table: &[Row<'_>] = &[
            ("an alias", Some(one), true, Some((&["box@example.org", "info@far.example"], false))),
            ("a disabled alias", Some(off), true, None),
            ("an alias that has ended", Some(ended), true, None),
            ("a forward", Some(forwarding(false)), true, Some((&["x@far.example"], false))),
            ("forward and copy", Some(forwarding(true)), true, Some((&["x@far.example"], true))),
            ("a forward that is shut", Some(shut), true, None),
            ("an account", Some(account(|_| ())), true, None),
            ("relocated", Some(relocated("new@far.example")), true, None),
            ("nothing, catch-all", None, true, Some((&["all@example.org"], false))),
            ("nothing", None, false, None),
        ];
        let asked = Address::parse("info@example.com").unwrap();
        for (what, entry, catchall, expected) in table {
            let domain = domain(if *catchall { &["all@example.org"] } else { &[] });
            let asked = Asked { address: &asked, base: None };
            let standing = entry.as_ref().map_or(NOBODY, Standing::Entry);
            let got = redirect(&domain, standing, asked, &Delimiters::default(), NOW);
            let got = got.map(|r| (texts(&r), r.keeps_copy));
            let expected =
                expected.map(|(d, copy)| (d.iter().map(ToString::to_string).collect(), copy));
            assert_eq!(got, expected, "{what}");
        }
    }

    #[test]
    fn the_user_plus_takes_mail_for_strangers() {
        let shut = |a: &mut crate::mail::Account| a.switches.receive = false;
        let forwards = |a: &mut crate::mail::Account| {
            a.forwards = Some(forwards(&["x@far.example"], false));
        };
        let table: &[(&str, Entry, Option<&[&str]>)] = &[
            (
                "an alias",
                alias(&["%n+%d@far.example"], |_| ()),
                Some(&["a+b+example.com@far.example"]),
            ),
            ("a disabled alias", alias(&["box"], |a| a.enabled = false), None),
            ("an account", account(|_| ()), Some(&["+@example.org"])),
            (
                "an account being moved",
                account(|a| a.moving_until = Some(Timestamp(i64::MAX))),
                Some(&["+@example.org"]),
            ),
            ("an account that forwards", account(forwards), Some(&["+@example.org"])),
            ("an account that is shut", account(shut), None),
            ("somebody relocated", relocated("new@far.example"), None),
        ];
        let asked = Address::parse("a+b@example.com").unwrap();
        for (what, plus, expected) in table {
            let standing = Standing::Nothing { plus: Some(plus) };
            let asked = Asked { address: &asked, base: None };
            let got = redirect(&domain(&[]), standing, asked, &Delimiters::default(), NOW);
            let expected = expected.map(|to| to.iter().map(ToString::to_string).collect());
            assert_eq!(got.as_ref().map(texts), expected, "{what}");
            let got = redirect(&domain(&["all"]), standing, asked, &Delimiters::default(), NOW);
            assert_eq!(texts(&got.unwrap()), ["all@example.org"], "{what}, and a catch-all");
        }
    }

    #[test]
    fn the_extension_is_handed_on_from_the_base_only() {
        let (whole, base) = (
            Address::parse("info+news@example.org").unwrap(),
            Address::parse("info@example.org").unwrap(),
        );
        let entry = alias(&["box", "box+own", "%n@far.example"], |_| ());
        let at_base = Asked { address: &whole, base: Some((&base, "+news")) };
        let delimiters = Delimiters::default();
        let got =
            redirect(&domain(&[]), Standing::Entry(&entry), at_base, &delimiters, NOW).unwrap();
        let expected = ["box+news@example.org", "box+own@example.org", "info+news@far.example"];
        assert_eq!(texts(&got), expected);

        let exact = Asked { address: &whole, base: None };
        let got = redirect(&domain(&[]), Standing::Entry(&entry), exact, &delimiters, NOW).unwrap();
        let expected = ["box@example.org", "box+own@example.org", "info+news@far.example"];
        assert_eq!(texts(&got), expected);

        let got = redirect(
            &domain(&["%n@far.example", "all@example.org"]),
            NOBODY,
            exact,
            &delimiters,
            NOW,
        );
        assert_eq!(texts(&got.unwrap()), ["info+news@far.example", "all@example.org"]);
    }

    fn forwards(to: &[&str], keep_copy: bool) -> crate::mail::Forwards {
        let destinations = to.iter().map(|d| DestinationTemplate::parse(d).unwrap()).collect();
        crate::mail::Forwards { destinations, keep_copy }
    }

    fn texts(redirect: &Redirect) -> Vec<String> {
        redirect.destinations.iter().map(ToString::to_string).collect()
    }
}
