//! Goes through the rules and makes an answer of what they say.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::{Config, FullMailbox};
use crate::directory::Directory;
use crate::journal::WriteBack;
use crate::lookup::Resolver;
use crate::mail::policy::{Network, PolicyRule, Refused, Verdict};
use crate::policy::decided::Decided;
use crate::policy::facts::Facts;
use crate::policy::limits::{Limits, Purpose};
use crate::policy::opinions::Opinion;
use crate::policy::usage::Usage;
use crate::policy::{
    Acquaintances, AppLogins, Clock, Greylist, Ledger, Question, RuleSets, Rules, Stage,
};
use crate::telemetry::metrics::PolicyVerdict;
use crate::telemetry::{log, metrics};

/// Decides. Cheap to clone.
pub struct Policy<D>(Arc<Parts<D>>);

pub(super) struct Parts<D> {
    resolver: Resolver<D>,
    sets: RuleSets,
    pub(super) limits: Limits,
    pub(super) greylist: Greylist,
    pub(super) exempt: Vec<Network>,
    pub(super) usage: Usage,
    pub(super) defers_when_full: bool,
    decided: Decided,
    within: Duration,
    clock: Clock,
}

/// Whoever tries a request wants to know what the rules say, not how long that takes.
const TRIAL: Duration = Duration::from_secs(5);

/// What outlives a question, and the process.
#[derive(Clone)]
pub struct Remembers {
    /// What was sent.
    pub ledger: Ledger,
    /// To whom.
    pub acquaintances: Acquaintances,
    /// Who was made to wait.
    pub greylist: Greylist,
    /// What mailboxes hold.
    pub journal: WriteBack,
}

/// What smtpd(8) is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing against it.
    Dunno,
    /// It is refused.
    Refuse(Refused),
    /// It is refused for now, unless another restriction refuses for good.
    Wait(Refused),
}

/// What a rule would say about a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The rule.
    pub rule: PolicyRule,
    /// What becomes of it.
    pub mode: Mode,
    /// What it says.
    pub verdict: Verdict,
    /// Why.
    pub why: String,
}

/// What becomes of what a rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It decides.
    Decides,
    /// It is only told.
    Monitors,
    /// It is not asked.
    Off,
}

impl<D> Clone for Policy<D> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<D: Directory + 'static> Policy<D> {
    /// Decides by what a configuration says. `app_logins` is told of logins by others.
    pub fn new(
        config: &Config,
        resolver: Resolver<D>,
        remembers: Remembers,
        app_logins: AppLogins,
        clock: Clock,
    ) -> Self {
        let policy = &config.policy;
        let limits = Limits::new(config, &remembers, app_logins);
        Self(Arc::new(Parts {
            resolver,
            sets: RuleSets::new(config),
            limits,
            greylist: remembers.greylist,
            exempt: policy.greylist_exempt.clone(),
            usage: Usage::new(remembers.journal),
            defers_when_full: policy.full_mailbox == FullMailbox::Defer,
            decided: Decided::default(),
            within: policy.answer_within,
            clock,
        }))
    }

    /// The rules of a listener.
    pub fn rules_of(&self, listener: Option<&str>) -> Arc<Rules> {
        self.0.sets.of_listener(listener)
    }

    /// Decides. The same question about the same message is decided once, and if it is counted, it
    /// is counted once, also if nobody waits for the answer any more.
    pub async fn decide(&self, question: Question, listener: &Arc<Rules>) -> Answer {
        let rules = self.0.sets.of_context(&question.context, listener);
        let place = self.0.decided.place(&question, &rules);
        let parts = Arc::clone(&self.0);
        let Some(place) = place else { return parts.judge(&question, &rules).await };
        if let Some(answer) = place.get() {
            return answer.clone();
        }
        let decided = tokio::spawn(async move {
            place.get_or_init(|| parts.judge(&question, &rules)).await.clone()
        });
        // A task fails by a panic only, which is a bug.
        decided.await.unwrap_or_else(|_| Answer::cannot_know())
    }

    /// What each rule would say, also those that are not asked; leaves no trace.
    pub async fn explain(
        &self,
        question: &Question,
        listener: &Arc<Rules>,
    ) -> (Arc<Rules>, Vec<Told>) {
        let rules = self.0.sets.of_context(&question.context, listener);
        let facts = self.0.facts(question, self.0.within.max(TRIAL));
        let mut told = Vec::new();
        for (rule, mode) in in_order(&rules) {
            let Opinion { verdict, why } = self.0.opinion(rule, &facts, Purpose::Showing).await;
            told.push(Told { rule, mode, verdict, why });
        }
        (rules, told)
    }
}

/// All rules: first those of a set, in its order.
fn in_order(rules: &Rules) -> Vec<(PolicyRule, Mode)> {
    let asked = rules
        .rules
        .iter()
        .map(|(rule, monitored)| (*rule, if *monitored { Mode::Monitors } else { Mode::Decides }));
    let is_off = |rule: &PolicyRule| !rules.rules.iter().any(|(asked, _)| asked == rule);
    let off = PolicyRule::ALL.into_iter().filter(is_off).map(|rule| (rule, Mode::Off));
    asked.chain(off).collect()
}

fn label(verdict: &Verdict, monitored: bool) -> PolicyVerdict {
    match verdict {
        Verdict::Pass => PolicyVerdict::Pass,
        Verdict::Unknown(_) => PolicyVerdict::Unknown,
        Verdict::Refuse(_) | Verdict::Wait(_) if monitored => PolicyVerdict::WouldRefuse,
        Verdict::Refuse(_) | Verdict::Wait(_) => PolicyVerdict::Refused,
    }
}

impl Answer {
    /// The answer when a rule that somebody relies on does not know.
    pub fn cannot_know() -> Self {
        let text = "This cannot be decided now, try again later".to_owned();
        Self::Wait(Refused { code: 450, status: "4.3.0", text })
    }
}

impl<D: Directory + 'static> Parts<D> {
    fn facts<'a>(&'a self, question: &'a Question, within: Duration) -> Facts<'a, D> {
        Facts::new(question, (self.clock)(), &self.resolver, Instant::now() + within)
    }

    async fn judge(&self, question: &Question, rules: &Rules) -> Answer {
        let facts = self.facts(question, self.within);
        let answer = self.first_refusal(&facts, rules).await;
        if question.stage == Stage::Recipient {
            match answer {
                Answer::Dunno => self.limits.accepted(&facts).await,
                Answer::Refuse(_) | Answer::Wait(_) => self.limits.refused(question),
            }
        }
        answer
    }

    async fn first_refusal(&self, facts: &Facts<'_, D>, rules: &Rules) -> Answer {
        for (rule, monitored) in &rules.rules {
            let purpose = if *monitored { Purpose::Monitoring } else { Purpose::Deciding };
            let Opinion { verdict, why } = self.opinion(*rule, facts, purpose).await;
            metrics::policy_verdicts_total(*rule, label(&verdict, *monitored)).increment(1);
            let (refused, answer): (_, fn(Refused) -> Answer) = match verdict {
                Verdict::Pass => continue,
                Verdict::Unknown(_) => {
                    log::policy_unknown(*rule, &why);
                    if *monitored || rule.is_advisory() {
                        continue;
                    }
                    return Answer::cannot_know();
                }
                Verdict::Refuse(refused) => (refused, Answer::Refuse),
                Verdict::Wait(refused) => (refused, Answer::Wait),
            };
            let login = facts.question.login.as_deref().unwrap_or_default();
            log::policy_refused(*rule, refused.code, *monitored, &refused.text, login);
            if !monitored {
                return answer(refused);
            }
        }
        Answer::Dunno
    }
}
