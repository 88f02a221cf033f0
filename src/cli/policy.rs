//! `postcote policy test`: what each rule of the policy service says about a request.

use std::io::{IsTerminal, Read};

use clap::{Args, Subcommand};

use crate::cli::columns::aligned;
use crate::cli::control;
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::handler::{POLICY, Trial};
use crate::protocol::Reply;
use crate::protocol::policy::MAX_REQUEST;
use crate::terminal;

/// Tries the rules of the policy service.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    Test(Test),
}

/// Shows what each rule says about a request, and why, from the running daemon.
///
/// Nothing is counted or remembered. What is left out is as smtpd(8) has it where it knows nothing:
/// a request is about RCPT TO unless `protocol_state` says otherwise. Without any argument a request
/// is read from standard input, as smtpd(8) writes it. Exits with 0 if mail goes on, with 1 if it is
/// refused or deferred.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  postcote policy test sasl_username=bob@example.org sender=office-1@example.org
  postcote policy test sender=carol@far.example recipient=info@example.org size=20000 --json
  postcote policy test protocol_state=END-OF-MESSAGE sasl_username=bob@example.org recipient_count=50
  postcote policy test < request.txt")]
pub(super) struct Test {
    /// Attributes, named as Postfix names them
    #[arg(value_name = "NAME=VALUE")]
    attributes: Vec<String>,
    /// Prints JSON; fields are only ever added to it
    #[arg(long)]
    json: bool,
}

impl PolicyCommand {
    pub(super) fn run(&self, config: &Config) -> Result<Exit, Failure> {
        let Self::Test(test) = self;
        test.run(config)
    }
}

impl Test {
    fn run(&self, config: &Config) -> Result<Exit, Failure> {
        let attributes =
            if self.attributes.is_empty() { pasted()? } else { self.attributes.clone() };
        let trial = live(config, &request(&attributes)?)?;
        let text = if self.json {
            let json = serde_json::to_string_pretty(&trial);
            format!("{}\n", json.map_err(|e| Failure::new(Exit::BadData, e.to_string()))?)
        } else {
            render(&trial)
        };
        terminal::print(&text)?;
        Ok(if trial.action == "DUNNO" { Exit::Done } else { Exit::Refused })
    }
}

/// The lines of standard input.
fn pasted() -> Result<Vec<String>, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        terminal::say("paste a request, then an empty line or Ctrl-D\n");
    }
    let mut text = String::new();
    let most = u64::try_from(MAX_REQUEST).unwrap_or(u64::MAX);
    input.take(most).read_to_string(&mut text).map_err(|error| {
        Failure::new(Exit::BadData, format!("the request cannot be read: {error}"))
    })?;
    let lines = text.lines().take_while(|line| !line.trim().is_empty());
    Ok(lines.map(ToOwned::to_owned).collect())
}

/// The request, as smtpd(8) writes it.
fn request(attributes: &[String]) -> Result<String, Failure> {
    let mut request = String::new();
    let has = |name: &str| {
        attributes.iter().any(|one| one.split_once('=').is_some_and(|(known, _)| known == name))
    };
    if !has("request") {
        request.push_str("request=smtpd_access_policy\n");
    }
    if !has("protocol_state") {
        request.push_str("protocol_state=RCPT\n");
    }
    for attribute in attributes {
        let named = attribute.split_once('=').is_some_and(|(name, _)| !name.is_empty());
        if !named || attribute.contains('\n') {
            let why = format!("`{}` is no attribute", attribute.escape_debug());
            return Err(Failure::new(Exit::Usage, why)
                .hint("write `NAME=VALUE`, such as `sender=info@example.org`"));
        }
        request.push_str(attribute);
        request.push('\n');
    }
    request.push('\n');
    Ok(request)
}

/// The daemon serves trials as a table of its control socket.
fn live(config: &Config, request: &str) -> Result<Trial, Failure> {
    let failed =
        |exit, why: &str| Failure::new(exit, format!("the daemon cannot try this request: {why}"));
    match control::ask(config, POLICY, request)? {
        Reply::Found(json) => serde_json::from_str(&json).map_err(|error| {
            failed(Exit::Unavailable, &format!("its answer is not understood: {error}"))
                .hint("it may be older than this command: restart it")
        }),
        Reply::NotFound => Err(failed(Exit::BadData, "smtpd(8) does not write such requests")
            .hint("each attribute stands there once, and numbers are digits")),
        Reply::Temporary(reason) => Err(failed(Exit::Temporary, &reason)),
        Reply::Misconfigured(reason) => Err(failed(Exit::Unavailable, &reason)
            .hint("it may be older than this command, or have no listener for `policy`")),
    }
}

fn render(trial: &Trial) -> String {
    let header = ["rule", "mode", "verdict", "why"].map(ToOwned::to_owned);
    let rows = trial.rules.iter().map(|rule| {
        let verdict = rule.reply.as_ref().unwrap_or(&rule.verdict);
        [rule.rule.clone(), rule.mode.clone(), verdict.clone(), rule.why.clone()]
    });
    let set = if trial.rule_set.is_empty() { "[policy]" } else { &trial.rule_set };
    let summary =
        [["rule set".to_owned(), set.to_owned()], ["action".to_owned(), trial.action.clone()]];
    [aligned(std::iter::once(header).chain(rows)), aligned(summary.into_iter())].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_as_smtpd_has_it() {
        let table: &[(&[&str], Option<&str>)] = &[
            (
                &["sender=a=b"],
                Some("request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a=b\n\n"),
            ),
            (
                &["protocol_state=MAIL", "request=junk"],
                Some("protocol_state=MAIL\nrequest=junk\n\n"),
            ),
            (&["sender"], None),
            (&["=x"], None),
            (&["sender=a\nsender=b"], None),
        ];
        for (attributes, expected) in table {
            let attributes: Vec<_> = attributes.iter().map(ToString::to_string).collect();
            assert_eq!(request(&attributes).ok().as_deref(), *expected, "{attributes:?}");
        }
    }
}
