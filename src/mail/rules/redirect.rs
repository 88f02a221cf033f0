//! Where mail for an address is sent on to: one step of `virtual_alias_maps`.

use crate::mail::{
    Address, Delimiters, Destination, DestinationError, DestinationTemplate, Domain, Entry,
    Timestamp,
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
/// | nothing | no | none |
///
/// The catch-all never sees mail for an existing entry, with or without extension. An answer for
/// somebody relocated would make Postfix accept the mail and bounce it later.
pub fn redirect(
    domain: &Domain,
    entry: Option<&Entry>,
    asked: Asked<'_>,
    delimiters: &Delimiters,
    now: Timestamp,
) -> Option<Redirect> {
    let (address, extension) = match asked.base {
        Some((base, extension)) => (base, Some((extension, delimiters))),
        None => (asked.address, None),
    };
    match entry {
        Some(Entry::Alias(alias)) if alias.is_active(now) => {
            Some(expand(&alias.destinations, address, extension, false))
        }
        Some(Entry::Account(account)) => {
            let forwards = account.forwards.as_ref()?;
            let open = !matches!(account.receives(now), crate::mail::Availability::Disabled(_));
            open.then(|| expand(&forwards.destinations, address, extension, forwards.keep_copy))
        }
        Some(_) => None,
        None if domain.catchall().is_empty() => None,
        // A stranger's whole local part is what was asked for: there is no base to hand on from.
        None => Some(expand(domain.catchall(), asked.address, None, false)),
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
            let got = redirect(&domain, entry.as_ref(), asked, &Delimiters::default(), NOW);
            let got = got.map(|r| (texts(&r), r.keeps_copy));
            let expected =
                expected.map(|(d, copy)| (d.iter().map(ToString::to_string).collect(), copy));
            assert_eq!(got, expected, "{what}");
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
        let got = redirect(&domain(&[]), Some(&entry), at_base, &delimiters, NOW).unwrap();
        let expected = ["box+news@example.org", "box+own@example.org", "info+news@far.example"];
        assert_eq!(texts(&got), expected);

        let exact = Asked { address: &whole, base: None };
        let got = redirect(&domain(&[]), Some(&entry), exact, &delimiters, NOW).unwrap();
        let expected = ["box@example.org", "box+own@example.org", "info+news@far.example"];
        assert_eq!(texts(&got), expected);

        let got = redirect(
            &domain(&["%n@far.example", "all@example.org"]),
            None,
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
