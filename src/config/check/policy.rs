//! What is unreasonable about the policy service.

use std::time::Duration;

use crate::config::check::{Warning, warn};
use crate::config::{Config, Listen, Protocol};
use crate::mail::policy::PolicyRule;

/// Many servers try again within an hour at first, and give up showing patience after some.
const LONG_GREYLISTING: Duration = Duration::from_hours(1);

pub(super) fn policy(config: &Config, found: &mut Vec<Warning>) {
    let own = &config.policy;
    idle_monitors("[policy]", &own.rules, &own.monitor, found);
    for set in &config.rule_set {
        let name = format!("rule set `{}`", set.name);
        idle_monitors(&name, &set.rules, &set.monitor, found);
    }
    if own.greylist_delay > LONG_GREYLISTING {
        let minutes = own.greylist_delay.as_secs() / 60;
        warn(
            found,
            format!("a greylist-delay of {minutes} minutes keeps good mail away for hours"),
            "choose a few minutes: what never comes again does not come after five either",
        );
    }
    unheard_sets(config, found);
}

/// A rule that is only to be monitored has to be asked.
fn idle_monitors(
    whose: &str,
    rules: &[PolicyRule],
    monitor: &[PolicyRule],
    found: &mut Vec<Warning>,
) {
    for rule in monitor.iter().filter(|rule| !rules.contains(rule)) {
        warn(
            found,
            format!("`{rule}` of {whose} is to be monitored, and is none of its rules"),
            format!("add \"{rule}\" to `rules`, too, at the place where it would decide"),
        );
    }
}

/// A listener without rules permits everything, and a set is named by listeners and by what Postfix
/// asks them.
fn unheard_sets(config: &Config, found: &mut Vec<Warning>) {
    let mut listeners = config.listen.iter().filter(|listen| listen.protocol == Protocol::Policy);
    if listeners.clone().next().is_none() {
        for set in &config.rule_set {
            warn(
                found,
                format!("no listener speaks policy, so nobody asks rule set `{}`", set.name),
                "add `[[listen]]` with `protocol = \"policy\"`, or remove the rule set",
            );
        }
    }
    if let Some(listen) = listeners.find(|listen| rules_of(config, listen).is_empty()) {
        warn(
            found,
            format!(
                "`{}` speaks policy without any rule, so it permits everything",
                listen.address
            ),
            "leave `rules` out, which means all but greylisting, or name some",
        );
    }
}

/// The rules that a listener goes by.
fn rules_of<'a>(config: &'a Config, listen: &Listen) -> &'a [PolicyRule] {
    let named = listen.rule_set.as_deref();
    let set = named.and_then(|name| config.rule_set.iter().find(|set| set.name == name));
    set.map_or(&config.policy.rules, |set| &set.rules)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A file, and a part of each warning that it earns.
    const TABLE: &[(&str, &[&str])] = &[
        ("", &[]),
        ("policy.monitor=['sending-limits']", &[]),
        ("policy.monitor=['greylisting']", &["`greylisting` of [policy] is to be monitored"]),
        (
            "rule-set=[{name='in',rules=['greylisting'],monitor=['mailbox-full']}]\n\
             listen=[{protocol='policy',address='systemd:p'}]",
            &["`mailbox-full` of rule set `in`"],
        ),
        ("policy.greylist-delay='1h'", &[]),
        ("policy.greylist-delay='61m'", &["of 61 minutes"]),
        (
            "policy.rules=[]\nlisten=[{protocol='policy',address='systemd:p'}]",
            &["`systemd:p` speaks policy without any rule"],
        ),
        ("policy.rules=[]\nlisten=[{protocol='socketmap',address='systemd:s'}]", &[]),
        (
            "policy.rules=[]\nrule-set=[{name='in',rules=['greylisting']}]\n\
             listen=[{protocol='policy',address='systemd:p',rule-set='in'}]",
            &[],
        ),
        (
            "rule-set=[{name='in',rules=[]}]\n\
             listen=[{protocol='policy',address='systemd:p'},\
             {protocol='policy',address='systemd:q',rule-set='in'}]",
            &["`systemd:q` speaks policy without any rule"],
        ),
        // Postfix may name it.
        (
            "rule-set=[{name='in',rules=['greylisting']}]\n\
             listen=[{protocol='policy',address='systemd:p'}]",
            &[],
        ),
        ("rule-set=[{name='in',rules=['greylisting']}]", &["nobody asks rule set `in`"]),
    ];

    #[test]
    fn unreasonable_rules_are_found_and_reasonable_ones_are_not() {
        for (text, expected) in TABLE {
            let config = Config::parse(text, Path::new("test")).unwrap();
            let mut found = Vec::new();
            policy(&config, &mut found);
            let fits = found.len() == expected.len()
                && found.iter().zip(*expected).all(|(got, part)| got.text.contains(part));
            assert!(fits, "{text}\nexpected {expected:?}\ngot {found:#?}");
        }
    }
}
