//! A lookup with its reasons: what was found for an address, step by step, and what each table
//! answers. The same code that resolves lookups finds the facts, so the story cannot differ.

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::lookup::expansion::{Follow, Walk};
use crate::lookup::resolver::{Located, Lookup, LookupError, Resolver};
use crate::lookup::trace::Trace;
use crate::lookup::{Key, Table};
use crate::mail::policy::SenderGrant;
use crate::mail::{Address, Availability, Domain, DomainName, DomainPattern, Entry, Timestamp};

/// How an address resolves. The JSON form is stable: fields are added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The text that was asked for.
    pub asked: String,
    /// The canonical address, or nothing if the text is none.
    pub address: Option<String>,
    /// What was found, in the order it was looked for.
    pub steps: Vec<Step>,
    /// Where mail for the address ends: mailboxes and addresses elsewhere.
    pub ends: Vec<String>,
    /// Circles among the destinations, each as the addresses on it, the first one repeated.
    pub loops: Vec<Vec<String>>,
    /// Destinations in served domains that nobody answers for.
    pub dangling: Vec<String>,
    /// The answer of each table.
    pub tables: Vec<TableAnswer>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What was looked for, e.g. `alias domain`.
    pub step: String,
    /// What was found.
    pub says: String,
}

/// What a table answers for the address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableAnswer {
    /// The table.
    pub table: String,
    /// The key it was asked.
    pub key: String,
    /// The value; nothing means "not found".
    pub value: Option<String>,
    /// Why there is no answer now.
    pub error: Option<String>,
}

/// Explains how an address, or whatever else is asked, resolves.
///
/// # Errors
/// The facts cannot be had now.
pub async fn explain<D: Directory>(
    resolver: &Resolver<D>,
    asked: &str,
    now: Timestamp,
) -> Result<Explanation, LookupError> {
    let mut story = Story::new(asked);
    let address = match Address::parse(asked) {
        Ok(address) => address,
        Err(reason) => {
            story.tell(
                "normalise",
                format!("not an address: {reason}; every address table answers “not found”"),
            );
            if let Ok(name) = DomainName::parse(asked) {
                story.tables(resolver, &Key::Domain(name), now).await;
            }
            return Ok(story.end());
        }
    };
    story.told.address = Some(address.to_string());
    story.tell("normalise", normalised(&address));
    if let Some(located) = resolver.locate(&address).await? {
        story.domain(&address.domain, &located.domain);
        story.entry(resolver, &address, &located, now);
        if let Some(redirect) = resolver.redirect(&address, &located, now) {
            for (template, reason) in &redirect.dropped {
                story.tell("left out", format!("`{template}` makes no address here: {reason}"));
            }
        }
        story.grants(&resolver.grantees(&located.domain, &address, now).await?);
        let walk = resolver.walk(&address, located, now, Follow::Mail).await?;
        story.expansion(&walk, &address, now);
    } else {
        story.tell("domain", format!("`{}` has no mailboxes here", address.domain));
    }
    story.tables(resolver, &Key::Address(address), now).await;
    Ok(story.end())
}

struct Story {
    told: Explanation,
}

impl Story {
    fn new(asked: &str) -> Self {
        Self {
            told: Explanation {
                asked: asked.to_owned(),
                address: None,
                steps: Vec::new(),
                ends: Vec::new(),
                loops: Vec::new(),
                dangling: Vec::new(),
                tables: Vec::new(),
            },
        }
    }

    fn end(self) -> Explanation {
        self.told
    }

    fn tell(&mut self, step: &str, says: impl Into<String>) {
        self.told.steps.push(Step { step: step.to_owned(), says: says.into() });
    }

    fn domain(&mut self, asked: &DomainName, domain: &Domain) {
        let (name, primary, gid) = (&domain.name, &domain.primary, domain.gid.0);
        if name.is(primary) {
            self.tell("domain", format!("`{name}` is a primary domain, gid {gid}"));
            return;
        }
        let shared = format!("shares everything with `{primary}`, gid {gid}");
        match name {
            DomainPattern::Exact(_) => self.tell("alias domain", format!("`{name}` {shared}")),
            DomainPattern::Below(_) => {
                self.tell("wildcard", format!("`{asked}` matches `{name}`, which {shared}"));
            }
        }
    }

    fn entry<D: Directory>(
        &mut self,
        resolver: &Resolver<D>,
        address: &Address,
        located: &Located,
        now: Timestamp,
    ) {
        let Some(entry) = located.entry.as_deref() else {
            self.tell("exact entry", "none");
            if let Some((base, extension)) = address.split(resolver.delimiters()) {
                self.tell(
                    "extension",
                    format!("without `{extension}`: nothing at `{base}` either"),
                );
            }
            self.catchall(located, now);
            return;
        };
        if located.is_default {
            self.default_alias(located, address);
            self.state(entry, now);
            return;
        }
        match &located.base {
            None => self.tell("exact entry", what(entry)),
            Some((base, extension)) => {
                self.tell("exact entry", "none");
                self.tell(
                    "extension",
                    format!("`{extension}` stripped; `{base}` is {}", what(entry)),
                );
            }
        }
        self.state(entry, now);
    }

    /// Who takes mail for a stranger.
    fn catchall(&mut self, located: &Located, now: Timestamp) {
        let catchall = located.domain.catchall();
        if !catchall.is_empty() {
            self.tell("catch-all", format!("takes mail for strangers: {}", list(catchall)));
            return;
        }
        let Some(plus) = located.plus.as_deref() else {
            self.tell("catch-all", "the domain has none: the address does not exist");
            return;
        };
        let user = format!("`+@{}` is {}", located.domain.primary, what(plus));
        self.tell("catch-all", format!("the domain has none, but a user `+`: {user}"));
        self.state(plus, now);
    }

    /// What stands at the address in every domain.
    fn default_alias(&mut self, located: &Located, address: &Address) {
        self.tell("exact entry", "none");
        let localpart = match &located.base {
            None => &address.localpart,
            Some((base, extension)) => {
                let says = format!("`{extension}` stripped; nothing of its own at `{base}` either");
                self.tell("extension", says);
                &base.localpart
            }
        };
        self.tell("default alias", format!("`{localpart}@*` stands for it in every domain"));
    }

    fn state(&mut self, entry: &Entry, now: Timestamp) {
        match entry {
            Entry::Account(account) => {
                let receives = match account.receives(now) {
                    Availability::Open => "receives mail".to_owned(),
                    Availability::Disabled(reason) => format!("receives no mail: {reason}"),
                    Availability::Moving => {
                        "receives mail later: its mailbox is being moved".to_owned()
                    }
                };
                let sends = if account.may_send(now) { "may send" } else { "may not send" };
                let login = if account.may_login(now) { "may log in" } else { "may not log in" };
                self.tell("state", format!("{receives}, {sends}, {login}"));
                if let Some(forwards) = &account.forwards {
                    let copy =
                        if forwards.keep_copy { "and keeps a copy" } else { "and keeps no copy" };
                    self.tell("forwards", format!("{} {copy}", list(&forwards.destinations)));
                }
            }
            Entry::Alias(alias) if !alias.is_active(now) => {
                self.tell("state", "the alias is disabled or has ended: nobody takes its mail");
            }
            Entry::Alias(alias) => {
                self.tell("alias", list(&alias.destinations));
                if let Some(senders) = &alias.senders {
                    self.tell("senders", format!("may write to it: {}", quoted(senders)));
                }
            }
            Entry::Relocated(to) => self.tell("relocated", format!("senders are told `{to}`")),
            Entry::RelayRecipient => {}
        }
    }

    /// Who else may use the address as the sender.
    fn grants(&mut self, grants: &[(&SenderGrant, bool)]) {
        for (SenderGrant { localpart, login }, may_send) in grants {
            let but = if *may_send { "" } else { ", but may not send now" };
            let says = format!("`{login}` may send as it: `{localpart}` was granted{but}");
            self.tell("sender grant", says);
        }
    }

    fn expansion(&mut self, walk: &Walk, start: &Address, now: Timestamp) {
        for (address, node) in walk.in_order(start) {
            if !node.onward.is_empty() {
                let onward: Vec<_> = node.onward.iter().map(|d| format!("`{d}`")).collect();
                self.tell("expansion", format!("`{address}` → {}", onward.join(", ")));
            }
        }
        let trace = Trace::of(walk, start, now);
        self.told.ends = texts(&trace.ends);
        self.told.dangling = texts(&trace.dangling);
        self.told.loops = trace.loops.iter().map(|circle| texts(circle)).collect();
        for circle in self.told.loops.clone() {
            self.tell("loop", format!("{} (cut here)", circle.join(" → ")));
        }
        for address in &trace.dangling {
            self.tell("dangling", format!("`{address}` does not exist"));
        }
        let ends = match self.told.ends.as_slice() {
            [] => "nowhere".to_owned(),
            ends => ends.join(", "),
        };
        self.tell("ends", ends);
    }

    async fn tables<D: Directory>(&mut self, resolver: &Resolver<D>, key: &Key, now: Timestamp) {
        for table in Table::ALL {
            let text = match key {
                Key::Address(address) if takes_domains(table) => address.domain.to_string(),
                Key::Address(address) => address.to_string(),
                Key::Domain(name) if takes_domains(table) || table == Table::TransportMaps => {
                    name.to_string()
                }
                Key::Domain(_) => continue,
            };
            let Some(key) = table.key(&text) else { continue };
            let answer = resolver.resolve(&Lookup { table, key, now }).await;
            let (value, error) = match answer {
                Ok(value) => (value.map(|v| v.as_str().to_owned()), None),
                Err(error) => (None, Some(error.to_string())),
            };
            let table = table.as_str().to_owned();
            self.told.tables.push(TableAnswer { table, key: text, value, error });
        }
    }
}

fn takes_domains(table: Table) -> bool {
    matches!(table, Table::RelayDomains | Table::VirtualAliasDomains | Table::VirtualMailboxDomains)
}

fn normalised(address: &Address) -> String {
    let (ascii, unicode) = (address.to_string(), address.to_unicode());
    if ascii == unicode { ascii } else { format!("{ascii} ({unicode})") }
}

fn what(entry: &Entry) -> String {
    match entry {
        Entry::Account(account) => {
            format!("an account, uid {}, home `{}`", account.uid.0, account.location.home)
        }
        Entry::Alias(_) => "an alias".to_owned(),
        Entry::Relocated(_) => "relocated".to_owned(),
        Entry::RelayRecipient => "a recipient of a relay domain".to_owned(),
    }
}

fn texts(items: &[impl ToString]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn list(templates: &[crate::mail::DestinationTemplate]) -> String {
    quoted(templates)
}

fn quoted(items: &[impl ToString]) -> String {
    let quoted: Vec<_> = items.iter().map(|one| format!("`{}`", one.to_string())).collect();
    quoted.join(", ")
}
