//! Facts for tests: a domain, and what can stand at an address of it.

use crate::mail::{
    Account, Alias, Destination, DestinationTemplate, Domain, DomainKind, DomainName, Entry, Gid,
    MailLocation, MailboxFormat, QuotaLimit, ServiceSet, Switches, Uid,
};

pub(crate) fn domain(catchall: &[&str]) -> Domain {
    let name = DomainName::parse("example.org").unwrap();
    Domain {
        name: name.clone(),
        primary: name,
        gid: Gid(70000),
        enabled: true,
        transport: None,
        kind: DomainKind::Mailbox {
            catchall: templates(catchall),
            services: ServiceSet::ALL,
            quota: QuotaLimit::default(),
        },
    }
}

pub(crate) fn account(change: impl FnOnce(&mut Account)) -> Entry {
    let mut account = Account {
        uid: Uid(70000),
        location: MailLocation {
            home: "/srv/mail/a/70000/70000".into(),
            format: MailboxFormat::Maildir,
            root: "Maildir".into(),
        },
        transport: None,
        services: None,
        quota: None,
        switches: Switches::default(),
        expires: None,
        moving_until: None,
        forwards: None,
    };
    change(&mut account);
    Entry::Account(Box::new(account))
}

pub(crate) fn alias(destinations: &[&str], change: impl FnOnce(&mut Alias)) -> Entry {
    let local = |d: &&str| if d.contains('@') { (*d).into() } else { format!("{d}@example.org") };
    let texts: Vec<String> = destinations.iter().map(local).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut alias = Alias { destinations: templates(&texts), enabled: true, expires: None };
    change(&mut alias);
    Entry::Alias(alias)
}

pub(crate) fn relocated(to: &str) -> Entry {
    Entry::Relocated(Destination::parse(to).unwrap())
}

fn templates(texts: &[&str]) -> Vec<DestinationTemplate> {
    texts.iter().map(|t| DestinationTemplate::parse(t).unwrap()).collect()
}
