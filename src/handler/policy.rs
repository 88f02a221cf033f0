//! The policy service: what smtpd(8) tells becomes a question, and what was decided a reply.

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::handler::Handler;
use crate::mail::policy::Verdict;
use crate::policy::{Answer, Mode, Policy, Question, Rules, Sender, Stage, Told};
use crate::protocol::policy::{Reply, Request, State, Value};
use crate::protocol::{Codec, Policy as Protocol};
use crate::telemetry::metrics::{self, PolicyAnswer};

/// The name under which a trial is asked for on the daemon's own socket; its value is JSON.
pub const POLICY: &str = "policy";

/// Answers the questions of one listener.
pub struct PolicyHandler<D> {
    policy: Policy<D>,
    rules: Arc<Rules>,
}

/// What every rule says about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The name of the rule set; empty for the rules of `[policy]`.
    pub rule_set: String,
    /// The rules, in the order in which they are asked; those that are not come last.
    pub rules: Vec<TriedRule>,
    /// What smtpd(8) would be told, as it stands behind `action=`.
    pub action: String,
}

/// What one rule says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedRule {
    /// Its name.
    pub rule: String,
    /// `decides`, `monitors` or `off`.
    pub mode: String,
    /// `pass`, `refuse`, `wait` or `unknown`.
    pub verdict: String,
    /// The reply it would have smtpd(8) give.
    pub reply: Option<String>,
    /// Why.
    pub why: String,
}

impl<D: Directory + 'static> PolicyHandler<D> {
    /// Answers by the rules of a listener, which has a set of its own or that of `[policy]`.
    pub fn new(policy: Policy<D>, rule_set: Option<&str>) -> Self {
        let rules = policy.rules_of(rule_set);
        Self { policy, rules }
    }
}

impl<D: Directory + 'static> Handler<Protocol> for PolicyHandler<D> {
    async fn handle(&self, request: Request) -> Reply {
        let started = Instant::now();
        let reply = reply(self.policy.decide(question(&request), &self.rules).await);
        metrics::policy_requests_total(counted(&reply)).increment(1);
        metrics::policy_duration_seconds().record(started.elapsed());
        reply
    }
}

/// Tries a request as smtpd(8) writes it; `None` if it is none.
pub(super) async fn try_out<D: Directory + 'static>(
    policy: &Policy<D>,
    request: &[u8],
) -> Option<Trial> {
    let mut input = BytesMut::from(request);
    let request = Protocol::default().decode(&mut input).ok().flatten()?;
    let question = question(&request);
    let (rules, told) = policy.explain(&question, &policy.rules_of(None)).await;
    let deciding = told.iter().filter(|told| told.mode == Mode::Decides);
    let answer = deciding.map(answered).find(|answer| *answer != Answer::Dunno);
    Some(Trial {
        rule_set: rules.name.to_string(),
        action: action(answer.unwrap_or(Answer::Dunno)),
        rules: told.iter().map(tried).collect(),
    })
}

fn tried(told: &Told) -> TriedRule {
    let (verdict, reply) = match &told.verdict {
        Verdict::Pass => ("pass", None),
        Verdict::Unknown(_) => ("unknown", None),
        Verdict::Refuse(refused) => ("refuse", Some(Answer::Refuse(refused.clone()))),
        Verdict::Wait(refused) => ("wait", Some(Answer::Wait(refused.clone()))),
    };
    let mode = match told.mode {
        Mode::Decides => "decides",
        Mode::Monitors => "monitors",
        Mode::Off => "off",
    };
    TriedRule {
        rule: told.rule.to_string(),
        mode: mode.to_owned(),
        verdict: verdict.to_owned(),
        reply: reply.map(action),
        why: told.why.clone(),
    }
}

/// What a rule that decides makes of the request.
fn answered(told: &Told) -> Answer {
    match &told.verdict {
        Verdict::Pass => Answer::Dunno,
        Verdict::Unknown(_) if told.rule.is_advisory() => Answer::Dunno,
        Verdict::Unknown(_) => Answer::cannot_know(),
        Verdict::Refuse(refused) => Answer::Refuse(refused.clone()),
        Verdict::Wait(refused) => Answer::Wait(refused.clone()),
    }
}

fn action(answer: Answer) -> String {
    let mut output = BytesMut::new();
    Protocol::default().encode(&reply(answer), &mut output);
    let text = String::from_utf8_lossy(&output);
    text.trim_end().trim_start_matches("action=").to_owned()
}

/// What is asked. Names that are no UTF-8 are those of nobody here; nobody gets out of a rule by one.
fn question(request: &Request) -> Question {
    let text = |value: &Value| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let named = |value: &Value| (!value.is_empty()).then(|| text(value).into_boxed_str());
    let stage = match request.state {
        State::Mail => Stage::Mail,
        State::Rcpt => Stage::Recipient,
        State::Data => Stage::Data,
        State::EndOfMessage => Stage::EndOfMessage,
        State::Connect | State::Helo | State::Other => Stage::Elsewhere,
    };
    Question {
        stage,
        client: request.client,
        login: named(&request.login),
        sender: Sender::read(&text(&request.sender)),
        recipient: named(&request.recipient),
        recipients: request.recipient_count,
        instance: request.instance.as_bytes().into(),
        size: request.size,
        context: text(&request.context).into(),
    }
}

fn reply(answer: Answer) -> Reply {
    match answer {
        Answer::Dunno => Reply::Dunno,
        Answer::Refuse(refused) => {
            Reply::Refuse { code: refused.code, status: refused.status, text: refused.text }
        }
        Answer::Wait(refused) => {
            Reply::DeferIfPermit { status: refused.status, text: refused.text }
        }
    }
}

fn counted(reply: &Reply) -> PolicyAnswer {
    match reply {
        Reply::Dunno => PolicyAnswer::Dunno,
        Reply::Refuse { code: 500.., .. } => PolicyAnswer::Refused,
        Reply::Refuse { .. } | Reply::DeferIfPermit { .. } => PolicyAnswer::Deferred,
    }
}
