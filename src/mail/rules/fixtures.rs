//! Facts for tests: a domain, and what can stand at an address of it.

use crate::mail::{
    Account, Alias, Destination, DestinationTemplate, Domain, DomainKind, DomainName,
    DomainSending, Entry, Gid, MailLocation, MailboxFormat, QuotaLimit, ServiceSet, Uid,
};

pub(crate) fn domain(catchall: &[&str]) -> Domain {
    let name = DomainName::parse("example.org").unwrap();
    Domain {
        name: name.clone().into(),
        primary: name,
        gid: Gid(70000),
        enabled: true,
        transport: None,
        kind: DomainKind::Mailbox {
            catchall: local_templates(catchall),
            services: ServiceSet::ALL,
            quota: QuotaLimit::default(),
        },
        sending: DomainSending::default(),
    }
}

pub(crate) fn account(change: impl FnOnce(&mut Account)) -> Entry {
    let location = MailLocation {
        home: "/srv/mail/a/70000/70000".into(),
        format: MailboxFormat::Maildir,
        root: "Maildir".into(),
    };
    let mut account = Account::new(Uid(70000), location);
    change(&mut account);
    Entry::Account(account.into())
}

pub(crate) fn alias(destinations: &[&str], change: impl FnOnce(&mut Alias)) -> Entry {
    let mut alias = Alias {
        destinations: local_templates(destinations),
        enabled: true,
        expires: None,
        senders: None,
    };
    change(&mut alias);
    Entry::Alias(alias)
}

pub(crate) fn relocated(to: &str) -> Entry {
    Entry::Relocated(Destination::parse(to).unwrap())
}

/// Destinations, those without a domain at example.org.
fn local_templates(texts: &[&str]) -> Vec<DestinationTemplate> {
    let whole =
        |d: &&str| if d.contains('@') { (*d).to_owned() } else { format!("{d}@example.org") };
    texts.iter().map(whole).map(|text| DestinationTemplate::parse(&text).unwrap()).collect()
}
