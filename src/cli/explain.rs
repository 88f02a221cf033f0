//! `postcote explain`: how an address resolves, step by step.

use clap::Args;

use crate::cli::columns::aligned;
use crate::cli::{control, serve};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::lookup::explain::{Explanation, TableAnswer};
use crate::mail::DomainName;
use crate::protocol::Reply;
use crate::terminal;

/// Explains how an address resolves, step by step.
///
/// Tells what was found in the order it is looked for: the domain or alias domain, the exact entry,
/// the extension, the catch-all, where mail ends, loops and destinations that do not exist, and
/// what each table answers.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  postcote explain info+news@example.org
  postcote explain info@example.org --json | jq .ends
  postcote explain info@example.org --from-database")]
pub(super) struct Explain {
    /// The address, quoted for the shell where needed
    address: String,
    /// Prints JSON; fields are only ever added to it
    #[arg(long)]
    json: bool,
    /// Reads PostgreSQL instead of asking the running daemon
    #[arg(long)]
    from_database: bool,
}

impl Explain {
    pub(super) fn run(&self, config: &Config) -> Result<Exit, Failure> {
        let explanation = if self.from_database {
            serve::explain_from_database(config, &self.address)?
        } else {
            live(config, &self.address)?
        };
        let text = if self.json {
            let json = serde_json::to_string_pretty(&explanation);
            format!("{}\n", json.map_err(|e| Failure::new(Exit::BadData, e.to_string()))?)
        } else {
            render(&explanation)
        };
        terminal::print(&text)?;
        Ok(Exit::Done)
    }
}

/// The daemon serves explanations as a table of its control socket.
fn live(config: &Config, address: &str) -> Result<Explanation, Failure> {
    let failed = |exit, why: &str| {
        Failure::new(exit, format!("the daemon cannot explain `{address}`: {why}"))
    };
    match control::ask(config, "explain", address)? {
        Reply::Found(json) => serde_json::from_str(&json).map_err(|error| {
            failed(Exit::Unavailable, &format!("its answer is not understood: {error}"))
                .hint("it may be older than this command: restart it")
        }),
        Reply::NotFound => Err(failed(Exit::BadData, "it is no text to explain")),
        Reply::Temporary(reason) => Err(failed(Exit::Temporary, &reason)
            .hint("`--from-database` asks PostgreSQL without the daemon")),
        Reply::Misconfigured(reason) => Err(failed(Exit::Unavailable, &reason)
            .hint("it may be older than this command: restart it")),
    }
}

fn render(explanation: &Explanation) -> String {
    let steps = explanation.steps.iter().map(|step| {
        // The first step names both spellings of the domain; the others are for reading.
        let says = if step.step == "normalise" { step.says.clone() } else { unicode(&step.says) };
        [step.step.clone(), says]
    });
    let (answers, silent): (Vec<_>, Vec<_>) = explanation
        .tables
        .iter()
        .partition(|answer| answer.value.is_some() || answer.error.is_some());
    let mut parts = vec![aligned(steps)];
    if !answers.is_empty() {
        let header = ["table", "key", "answer"].map(ToOwned::to_owned);
        let rows = answers.into_iter().map(|a| [a.table.clone(), a.key.clone(), said(a)]);
        parts.push(aligned(std::iter::once(header).chain(rows)));
    }
    if !silent.is_empty() {
        let names: Vec<_> = silent.iter().map(|answer| answer.table.as_str()).collect();
        parts.push(format!("not found in {}\n", names.join(", ")));
    }
    parts.join("\n")
}

fn said(answer: &TableAnswer) -> String {
    match (&answer.value, &answer.error) {
        (Some(value), _) => value.clone(),
        (None, Some(error)) => format!("cannot be known now: {error}"),
        (None, None) => "not found".to_owned(),
    }
}

/// Shows the domains in a text as people read them.
fn unicode(text: &str) -> String {
    let in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        match DomainName::parse(name) {
            Ok(domain) if name.contains("xn--") => shown.push_str(&domain.to_unicode()),
            _ => shown.push_str(name),
        }
        let other = after.find(in_name).unwrap_or(after.len());
        let (between, next) = after.split_at(other);
        shown.push_str(between);
        rest = next;
    }
    shown
}

#[cfg(test)]
mod tests {
    use crate::lookup::explain::Step;

    use super::*;

    #[test]
    fn domains_are_shown_in_unicode() {
        let table = [
            ("`xn--bcher-kva.example` is a primary domain", "`bücher.example` is a primary domain"),
            ("a@xn--bcher-kva.example → b", "a@bücher.example → b"),
            ("xn--\u{1F}!", "xn--\u{1F}!"),
            ("nothing here, or there", "nothing here, or there"),
            ("→", "→"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(unicode(text), expected);
        }
    }

    #[test]
    fn explanations_are_aligned() {
        let step = |step: &str, says: &str| Step { step: step.into(), says: says.into() };
        let answer = |table: &str, value: Option<&str>, error: Option<&str>| TableAnswer {
            table: table.into(),
            key: "info@xn--bcher-kva.example".into(),
            value: value.map(ToOwned::to_owned),
            error: error.map(ToOwned::to_owned),
        };
        let explanation = Explanation {
            asked: "info@bücher.example".into(),
            address: Some("info@xn--bcher-kva.example".into()),
            steps: vec![
                step("normalise", "info@xn--bcher-kva.example (info@bücher.example)"),
                step("domain", "`xn--bcher-kva.example` is a primary domain, gid 70000"),
                step("ends", "nowhere"),
            ],
            ends: vec![],
            loops: vec![],
            dangling: vec![],
            tables: vec![
                answer("relocated_maps", None, None),
                answer("transport_maps", None, Some("no database")),
                answer("virtual_alias_maps", Some("team@example.org"), None),
                answer("virtual_mailbox_maps", None, None),
            ],
        };
        let expected = "\
normalise  info@xn--bcher-kva.example (info@bücher.example)
domain     `bücher.example` is a primary domain, gid 70000
ends       nowhere

table               key                         answer
transport_maps      info@xn--bcher-kva.example  cannot be known now: no database
virtual_alias_maps  info@xn--bcher-kva.example  team@example.org

not found in relocated_maps, virtual_mailbox_maps
";
        assert_eq!(render(&explanation), expected);
    }
}
