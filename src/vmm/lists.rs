//! Lists as vmm printed them: each address once for every name of its domain.

use std::collections::{BTreeMap, HashMap};

use crate::admin::Pattern;
use crate::mail::{DomainName, DomainPattern, EntryAddress};
use crate::vmm::answer::Answer;
use crate::vmm::layout;
use crate::vmm::run::Session;
use crate::vmm::subcommand::Subcommand as S;
use crate::vmm::translate::New;
use crate::vmm::{Call, Code, Complaint};

/// Kinds of entries and their letters.
const LETTERS: [(&str, &str); 3] = [("account", "u"), ("alias", "a"), ("relocated", "r")];

/// `listaddresses`, `listaliases`, `listrelocated`, `listusers`.
pub(super) async fn addresses(session: &mut Session<'_>, call: &Call) -> Result<(), Complaint> {
    let (command, kind, things) = match call.known.subcommand {
        S::ListAliases => ("alias list", Some("alias"), "aliases"),
        S::ListRelocated => ("relocated list", Some("relocated"), "relocated users"),
        S::ListUsers => ("account list", Some("account"), "user accounts"),
        _ => ("address list", None, "addresses"),
    };
    let pattern = call.option("-p").map(of_addresses).transpose()?;
    let aliases = alias_domains(session).await?;
    let new = listing(command, pattern.as_ref());
    let answer = session.ask(&new).await?;
    let mut rows = Vec::new();
    for item in answer.list("items") {
        let kind = kind.unwrap_or_else(|| item.text("entry"));
        let Some((_, letter)) = LETTERS.iter().find(|(name, _)| *name == kind) else { continue };
        let Some((localpart, primary)) = item.text("address").rsplit_once('@') else { continue };
        let others = aliases.get(primary).into_iter().flatten();
        for name in std::iter::once(primary).chain(others.map(String::as_str)) {
            if name == EntryAddress::EVERYWHERE || is_like(pattern.as_ref(), name) {
                rows.push((name.to_owned(), localpart.to_owned(), primary.to_owned(), *letter));
            }
        }
    }
    rows.sort();
    bring_together(&mut rows, |row| &row.2);
    let lines = rows.iter().map(|(name, localpart, primary, letter)| {
        let letter = if call.known.subcommand == S::ListAddresses { letter } else { "" };
        let mark = if name == primary { '+' } else { '-' };
        format!("[{letter}{mark}] {localpart}@{name}")
    });
    let lines: Vec<_> = lines.collect();
    session.print(&layout::list(&heading(pattern.as_ref(), things), &lines));
    Ok(())
}

/// `listdomains`.
pub(super) async fn domains(session: &mut Session<'_>, call: &Call) -> Result<(), Complaint> {
    let pattern = call.option("-p").map(of_domains).transpose()?;
    let answer = session.ask(&listing("domain list", pattern.as_ref())).await?;
    let mut rows = Vec::new();
    for item in answer.list("items") {
        let primary = item.text("name");
        for name in std::iter::once(primary).chain(item.texts("alias_domains")) {
            if is_like(pattern.as_ref(), name) {
                rows.push((name != primary, name.to_owned(), primary.to_owned()));
            }
        }
    }
    rows.sort();
    bring_together(&mut rows, |row| &row.2);
    let lines = rows.iter().map(|(is_alias, name, _)| {
        let name = both_forms(name);
        if *is_alias { format!("[-]     {name}") } else { format!("[+] {name}") }
    });
    let lines: Vec<_> = lines.collect();
    session.print(&layout::list(&heading(pattern.as_ref(), "domains"), &lines));
    Ok(())
}

/// `listpwschemes`.
pub(super) async fn schemes(session: &mut Session<'_>) -> Result<(), Complaint> {
    let answer = session.ask(&New::command("password schemes")).await?;
    let mut names = Vec::new();
    for item in answer.items("password-scheme").filter(|item| item.is("made")) {
        names.push(item.text("name"));
        names.extend(item.texts("other_names"));
    }
    names.sort_unstable();
    names.dedup();
    let block = |heading: &str, words: &str| {
        format!("{}{}\n", layout::title(heading), layout::wrapped(words))
    };
    session.print(&block("Usable password schemes", &names.join(" ")));
    session.print(&block("Usable encoding suffixes", ".B64 .BASE64 .HEX"));
    Ok(())
}

/// A name as it is stored, and as people read it if that differs.
pub(super) fn both_forms(name: &str) -> String {
    let unicode = DomainName::parse(name).map(|parsed| parsed.to_unicode());
    layout::domain(name, unicode.as_deref().unwrap_or(name))
}

/// The other names of each primary domain. Those that stand for many have no addresses to list.
async fn alias_domains(
    session: &mut Session<'_>,
) -> Result<BTreeMap<String, Vec<String>>, Complaint> {
    let answer: Answer = session.ask(&New::command("alias-domain list")).await?;
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for item in answer.list("items").filter(|item| !item.text("name").starts_with('*')) {
        names
            .entry(item.text("primary").to_owned())
            .or_default()
            .push(item.text("name").to_owned());
    }
    Ok(names)
}

fn listing(command: &'static str, pattern: Option<&Pattern>) -> New {
    let new = New::command(command);
    match pattern {
        Some(pattern) => new.word(pattern.as_str()),
        None => new,
    }
}

fn heading(pattern: Option<&Pattern>, things: &str) -> String {
    let which = if pattern.is_some() { "Matching" } else { "Existing" };
    format!("{which} {things}")
}

/// Each name of a domain is asked for by itself.
fn is_like(pattern: Option<&Pattern>, name: &str) -> bool {
    let matches = |pattern: &Pattern| {
        DomainPattern::parse(name).is_ok_and(|name| pattern.matches_domain(&name))
    };
    pattern.is_none_or(matches)
}

/// Has the rows of one group follow each other, the groups in the order in which they begin.
fn bring_together<T>(rows: &mut [T], group: fn(&T) -> &str) {
    let mut ranks: HashMap<String, usize> = HashMap::new();
    for row in rows.iter() {
        let next = ranks.len();
        ranks.entry(group(row).to_owned()).or_insert(next);
    }
    rows.sort_by_key(|row| ranks.get(group(row)).copied());
}

/// vmm took a pattern without an `@` for one of domains.
fn of_addresses(text: &str) -> Result<Pattern, Complaint> {
    match text.split_once('@') {
        None => of_domains(text).and_then(|_| read(&format!("@{text}"))),
        Some((localpart, domain)) => {
            if localpart.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return Err(invalid(Code::LocalpartInvalid, text));
            }
            if !domain.is_empty() {
                of_domains(domain)?;
            }
            read(text)
        }
    }
}

fn of_domains(text: &str) -> Result<Pattern, Complaint> {
    if !text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '%' | '*')) {
        return Err(invalid(Code::DomainInvalid, text));
    }
    read(text)
}

fn read(text: &str) -> Result<Pattern, Complaint> {
    text.parse().map_err(|_| invalid(Code::InvalidArgument, text))
}

fn invalid(code: Code, text: &str) -> Complaint {
    Complaint::new(code, format!("The pattern '{text}' contains invalid characters."))
}
