//! Which rules decide.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::{ADVISORY, Config, PROTECTING};
use crate::mail::policy::PolicyRule;
use crate::telemetry::log;

/// Rules in the order in which they decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Their name; empty for those of `[policy]`.
    pub name: Box<str>,
    /// The rules, and whether each only tells what it would decide.
    pub rules: Vec<(PolicyRule, bool)>,
}

/// All rule sets of a configuration.
#[derive(Clone, Debug)]
pub struct RuleSets {
    standard: Arc<Rules>,
    named: HashMap<Box<str>, Arc<Rules>>,
}

impl Rules {
    fn only(&self, context: &str, wanted: impl Fn(PolicyRule) -> bool) -> Arc<Self> {
        let name = format!("{}/{context}", self.name).into();
        let rules = self.rules.iter().copied().filter(|(rule, _)| wanted(*rule)).collect();
        Arc::new(Self { name, rules })
    }
}

impl RuleSets {
    /// What a configuration says.
    pub fn new(config: &Config) -> Self {
        let set = |name: &str, rules: &[PolicyRule], monitor: &[PolicyRule]| {
            let rules = rules.iter().map(|rule| (*rule, monitor.contains(rule))).collect();
            Arc::new(Rules { name: name.into(), rules })
        };
        let named = config
            .rule_set
            .iter()
            .map(|one| (one.name.as_str().into(), set(&one.name, &one.rules, &one.monitor)));
        Self {
            standard: set("", &config.policy.rules, &config.policy.monitor),
            named: named.collect(),
        }
    }

    /// The set of this name; that of `[policy]` if there is no name.
    pub fn of_listener(&self, name: Option<&str>) -> Arc<Rules> {
        let named = name.and_then(|name| self.named.get(name));
        Arc::clone(named.unwrap_or(&self.standard))
    }

    /// The set that a `policy_context` names, or those of the listener's that are advisory or
    /// protecting, else all of the listener's.
    pub fn of_context(&self, context: &str, listener: &Arc<Rules>) -> Arc<Rules> {
        match context {
            "" => return Arc::clone(listener),
            ADVISORY => return listener.only(context, PolicyRule::is_advisory),
            PROTECTING => return listener.only(context, |rule| !rule.is_advisory()),
            _ => {}
        }
        let named = self.named.get(context);
        if named.is_none() {
            log::unknown_policy_context(context);
        }
        Arc::clone(named.unwrap_or(listener))
    }
}
