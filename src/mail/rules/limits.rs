//! How much a domain may have: whoever hosts domains for others sells them by size.

use crate::mail::{DomainName, QuotaLimit, Refusal, Rule, counted, exact_size};

/// The limits of a domain; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Accounts.
    pub accounts: Option<u64>,
    /// Aliases. Default aliases are not the domain's.
    pub aliases: Option<u64>,
    /// Alias domains, wildcards among them.
    pub alias_domains: Option<u64>,
    /// Destinations of one alias, of the catch-all, or of one account's forwards.
    pub destinations: Option<u64>,
    /// Bytes that the quota limits of all accounts add up to.
    pub total_quota: Option<u64>,
}

/// What a domain has. What is not limited need not be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Accounts.
    pub accounts: u64,
    /// Aliases.
    pub aliases: u64,
    /// Alias domains.
    pub alias_domains: u64,
    /// Bytes that the quota limits of all accounts add up to, their own or the domain's.
    pub quota: u64,
    /// Accounts without a quota limit.
    pub unlimited: u64,
}

impl Usage {
    /// With one more account, whose limit is its own or the domain's.
    #[must_use]
    pub fn plus_account(self, quota: QuotaLimit) -> Self {
        Self {
            accounts: self.accounts + 1,
            quota: self.quota.saturating_add(quota.bytes),
            unlimited: self.unlimited + u64::from(quota.bytes == 0),
            ..self
        }
    }
}

impl Limits {
    /// Decides whether a domain may have what it would have after a change.
    ///
    /// | after the change it has | than before | |
    /// |---|---|---|
    /// | no more than its limit | either | allowed |
    /// | more than its limit | no more | allowed: a limit was lowered, and this is a way back |
    /// | more than its limit | more | refused |
    /// | a total quota, and an account without a limit | no more of them | allowed |
    /// | a total quota, and an account without a limit | more of them | refused |
    /// | more than its total quota | more, but fewer accounts without a limit | allowed: they had more |
    ///
    /// `what` is the sentence of the command, as in [`Refusal::what`].
    ///
    /// # Errors
    /// Says which limit would be passed.
    pub fn check(
        &self,
        domain: &DomainName,
        before: Usage,
        after: Usage,
        what: &str,
    ) -> Result<(), Refusal> {
        let kinds = [
            (Rule::AccountLimit, self.accounts, before.accounts, after.accounts),
            (Rule::AliasLimit, self.aliases, before.aliases, after.aliases),
            (Rule::AliasDomainLimit, self.alias_domains, before.alias_domains, after.alias_domains),
        ];
        for (rule, limit, before, after) in kinds {
            if let Some(limit) = limit.filter(|limit| after > *limit && after > before) {
                let (thing, option) = words(rule);
                let why = format!(
                    "`{}` has {}, would have {after}, and may have {limit}",
                    domain.to_unicode(),
                    counted(before, thing)
                );
                return Err(refusal(rule, what, why, domain, option, &after.to_string()));
            }
        }
        self.check_quota(domain, before, after, what)
    }

    fn check_quota(
        &self,
        domain: &DomainName,
        before: Usage,
        after: Usage,
        what: &str,
    ) -> Result<(), Refusal> {
        let Some(total) = self.total_quota else { return Ok(()) };
        let shown = domain.to_unicode();
        let (_, option) = words(Rule::QuotaLimit);
        if after.unlimited > before.unlimited {
            let why = format!(
                "an account without a quota limit does not fit into the total quota of `{shown}`, \
                 which is {}",
                size(total)
            );
            let hint = format!(
                "give a limit with `--quota`, or allow any total with `postcote admin domain set \
                 {shown} {option} none`"
            );
            return Err(Refusal::new(Rule::QuotaLimit, what).because(why).advise(hint));
        }
        // An account without a limit can hold more than with any that it gets.
        let more = after.quota > before.quota && after.unlimited == before.unlimited;
        if after.quota > total && more {
            let why = format!(
                "the quotas of all accounts in `{shown}` add up to {}, would to {}, and may to {}",
                size(before.quota),
                size(after.quota),
                size(total)
            );
            let needed = as_option(after.quota);
            return Err(refusal(Rule::QuotaLimit, what, why, domain, option, &needed));
        }
        Ok(())
    }

    /// Decides whether a list of destinations may come from another domain.
    ///
    /// # Errors
    /// Says that it is too long for this one.
    pub fn check_arriving(
        &self,
        domain: &DomainName,
        count: usize,
        what: &str,
    ) -> Result<(), Refusal> {
        let count = count as u64;
        let Some(limit) = self.destinations.filter(|limit| count > *limit) else { return Ok(()) };
        let (thing, option) = words(Rule::DestinationLimit);
        let why = format!(
            "it has {}, and may have {limit} in `{}`",
            counted(count, thing),
            domain.to_unicode()
        );
        Err(refusal(Rule::DestinationLimit, what, why, domain, option, &count.to_string()))
    }

    /// Decides whether a list of destinations may become longer than it was.
    ///
    /// # Errors
    /// Says which limit would be passed.
    pub fn check_destinations(
        &self,
        domain: &DomainName,
        before: usize,
        after: usize,
        what: &str,
    ) -> Result<(), Refusal> {
        let Some(limit) = self.destinations else { return Ok(()) };
        if after <= before || after as u64 <= limit {
            return Ok(());
        }
        let (thing, option) = words(Rule::DestinationLimit);
        let why = format!(
            "it has {}, would have {after}, and may have {limit} in `{}`",
            counted(before as u64, thing),
            domain.to_unicode()
        );
        let needed = after.to_string();
        Err(refusal(Rule::DestinationLimit, what, why, domain, option, &needed))
    }
}

/// What a limit counts, and the option of `postcote admin domain set` that sets it.
fn words(rule: Rule) -> (&'static str, &'static str) {
    match rule {
        Rule::AccountLimit => ("account", "--max-accounts"),
        Rule::AliasLimit => ("alias", "--max-aliases"),
        Rule::AliasDomainLimit => ("alias domain", "--max-alias-domains"),
        Rule::DestinationLimit => ("destination", "--max-destinations"),
        _ => ("quota", "--max-total-quota"),
    }
}

fn refusal(
    rule: Rule,
    what: &str,
    why: String,
    domain: &DomainName,
    option: &str,
    needed: &str,
) -> Refusal {
    let domain = domain.to_unicode();
    let hint =
        format!("raise the limit with `postcote admin domain set {domain} {option} {needed}`");
    Refusal::new(rule, what).because(why).advise(hint)
}

/// A size as options take it, in the largest unit that needs no fraction.
fn as_option(bytes: u64) -> String {
    let units = [(40, 't'), (30, 'g'), (20, 'm'), (10, 'k')];
    match units.into_iter().find(|(shift, _)| bytes >> shift << shift == bytes) {
        Some((shift, unit)) => format!("{}{unit}", bytes >> shift),
        None => bytes.to_string(),
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0 => "nothing".to_owned(),
        bytes => exact_size(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What changes, and which rule refuses it.
    type Row = (&'static str, Usage, Usage, Option<Rule>);

    const LIMITS: Limits = Limits {
        accounts: Some(2),
        aliases: Some(2),
        alias_domains: Some(0),
        destinations: Some(3),
        total_quota: Some(10),
    };

    fn usage(change: impl FnOnce(&mut Usage)) -> Usage {
        let mut usage = Usage::default();
        change(&mut usage);
        usage
    }

    fn name() -> DomainName {
        DomainName::parse("example.org").unwrap()
    }

    #[test]
    fn limits_follow_the_table() {
        let accounts = |n| usage(|u| u.accounts = n);
        let aliases = |n| usage(|u| u.aliases = n);
        let names = |n| usage(|u| u.alias_domains = n);
        let quota = |n| usage(|u| u.quota = n);
        let unlimited = |n| usage(|u| u.unlimited = n);
        let both = |n, quota| usage(|u| (u.unlimited, u.quota) = (n, quota));
        let table: &[Row] = &[
            ("the last account", accounts(1), accounts(2), None),
            ("one too many", accounts(2), accounts(3), Some(Rule::AccountLimit)),
            ("several too many", accounts(0), accounts(9), Some(Rule::AccountLimit)),
            ("too many already, but fewer", accounts(9), accounts(8), None),
            ("too many already, and as many", accounts(9), accounts(9), None),
            ("the last alias", aliases(1), aliases(2), None),
            ("one alias too many", aliases(2), aliases(3), Some(Rule::AliasLimit)),
            ("none is allowed", names(0), names(1), Some(Rule::AliasDomainLimit)),
            ("all of the total", quota(5), quota(10), None),
            ("more than the total", quota(10), quota(11), Some(Rule::QuotaLimit)),
            ("more than the total already, but less", quota(20), quota(11), None),
            ("without a limit", unlimited(0), unlimited(1), Some(Rule::QuotaLimit)),
            ("without a limit already", unlimited(1), unlimited(1), None),
            ("a limit at last, though too large", unlimited(1), both(0, 11), None),
            ("without a limit already, and more", both(1, 10), both(1, 11), Some(Rule::QuotaLimit)),
        ];
        for (what, before, after, expected) in table {
            let got = LIMITS.check(&name(), *before, *after, "cannot");
            assert_eq!(
                got.as_ref().err().map(|refusal| refusal.rule),
                *expected,
                "{what}: {got:?}"
            );
            assert_eq!(Limits::default().check(&name(), *before, *after, "cannot"), Ok(()));
        }
        let table = [(0, 3, true), (3, 4, false), (5, 4, true), (5, 5, true), (5, 6, false)];
        for (before, after, allowed) in table {
            let got = LIMITS.check_destinations(&name(), before, after, "cannot");
            assert_eq!(got.is_ok(), allowed, "{before} to {after}: {got:?}");
        }
        for (count, allowed) in [(0, true), (3, true), (4, false)] {
            let got = LIMITS.check_arriving(&name(), count, "cannot");
            assert_eq!(got.is_ok(), allowed, "{count}: {got:?}");
        }
    }

    #[test]
    fn an_account_counts_with_its_quota() {
        let one = Usage::default().plus_account(QuotaLimit { bytes: 5, messages: 1 });
        let two = one.plus_account(QuotaLimit { bytes: 0, messages: 1 });
        assert_eq!(two, usage(|u| (u.accounts, u.quota, u.unlimited) = (2, 5, 1)));
    }
}
