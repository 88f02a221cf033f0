//! Limits of sending as they are reported.

use serde::Serialize;

use crate::admin::item::Item;
use crate::admin::item::sheet::{Fact, fact};
use crate::admin::sending::{Effective, Origin};
use crate::mail::policy::{Limit, SendingKey, SendingLimits, Sent};
use crate::mail::{Address, DomainName, exact_size};
use crate::store::sending::Holder;

/// How much something may send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SendingLimitsItem {
    /// The address of the account, or the domain.
    target: String,
    target_unicode: String,
    /// `account`, `accounts`: each of the domain, `app-password` or `domain`.
    of: &'static str,
    app_password: Option<String>,
    /// By name, all of them.
    limits: Vec<SendingLimit>,
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct SendingLimit {
    limit: &'static str,
    /// What is said about it there; `null` is nothing.
    own: Option<Amount>,
    /// What counts; `null` if nobody says anything.
    effective: Option<Amount>,
    /// Who says so: `own`, `domain` or `default`.
    from: Option<&'static str>,
    /// What was used of it, as far as all hosts have written it back; absent of the accounts of a
    /// domain, and where limits are shown with something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    used: Option<u64>,
    #[serde(skip)]
    shown: Option<String>,
}

/// A number, or the word `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Amount {
    AtMost(u64),
    Unlimited(&'static str),
}

impl From<Limit> for Amount {
    fn from(limit: Limit) -> Self {
        match limit {
            Limit::AtMost(limit) => Self::AtMost(limit),
            Limit::Unlimited => Self::Unlimited("unlimited"),
        }
    }
}

impl SendingLimit {
    fn new(key: SendingKey, own: Option<Limit>, effective: &[Effective], of: Of) -> Self {
        let counts = effective.iter().find(|(one, ..)| *one == key);
        Self {
            limit: key.as_str(),
            own: own.map(Into::into),
            effective: counts.map(|(_, limit, _)| (*limit).into()),
            from: counts.map(|(.., origin)| origin.as_str()),
            used: None,
            shown: counts.map(|one| in_words(one, of)),
        }
    }

    /// What was used of it, if anything was.
    fn used_in_words(&self) -> String {
        let is_bytes = SendingKey::parse(self.limit).is_some_and(SendingKey::is_bytes);
        match self.used {
            None | Some(0) => String::new(),
            Some(used) if is_bytes => format!(", {} used", exact_size(used)),
            Some(used) => format!(", {used} used"),
        }
    }

    /// Those that count, as lines of a sheet.
    pub(super) fn lines(effective: &[Effective], of: Of) -> Vec<String> {
        let line = |one: &Effective| format!("{} {}", one.0, in_words(one, of));
        effective.iter().map(line).collect()
    }

    /// Those that count.
    pub(super) fn list(effective: &[Effective]) -> Vec<Self> {
        let own = |(_, limit, origin): &Effective| (*origin == Origin::Own).then_some(*limit);
        let list = effective.iter();
        list.map(|one| Self::new(one.0, own(one), effective, Of::Account)).collect()
    }
}

/// Of what limits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Account,
    Another,
}

/// A limit with who says so.
fn in_words((key, limit, origin): &Effective, of: Of) -> String {
    let amount = match limit.at_most() {
        Some(limit) if key.is_bytes() => exact_size(limit),
        Some(limit) => limit.to_string(),
        None => "unlimited".to_owned(),
    };
    match (origin, of) {
        (Origin::Own, Of::Account) => format!("{amount} (own)"),
        (Origin::Own, Of::Another) => amount,
        (Origin::Domain, _) => format!("{amount} (its domain's)"),
        (Origin::Default, _) => format!("{amount} (default)"),
    }
}

impl Item {
    /// The limits of an account or an app password, or else of a domain.
    pub(in crate::admin) fn sending_limits(
        address: Option<&Address>,
        domain: &DomainName,
        holder: &Holder,
        own: &SendingLimits,
        effective: &[Effective],
        used: Option<[Sent; 2]>,
    ) -> Self {
        let (of, word, app_password) = match holder {
            Holder::Account(_) => (Of::Account, "account", None),
            Holder::AccountsOf(_) => (Of::Another, "accounts", None),
            Holder::AppPassword(_, name) => (Of::Another, "app-password", Some(name.clone())),
            Holder::Domain(_) => (Of::Another, "domain", None),
        };
        let limit = |key: SendingKey| SendingLimit {
            used: used.map(|[hour, day]| key.of(hour, day)),
            ..SendingLimit::new(key, own.get(key), effective, of)
        };
        Self::SendingLimits(SendingLimitsItem {
            target: address.map_or_else(|| domain.to_string(), ToString::to_string),
            target_unicode: address.map_or_else(|| domain.to_unicode(), Address::to_unicode),
            of: word,
            app_password,
            limits: SendingKey::ALL.into_iter().map(limit).collect(),
        })
    }
}

impl SendingLimitsItem {
    pub(super) const HEADINGS: &'static [&'static str] = &["LIMITS OF", "LIMITS"];

    pub(super) fn title(&self) -> String {
        let said: Vec<String> =
            self.said().map(|(name, limit)| format!("{name} {limit}")).collect();
        let said = if said.is_empty() { "none".to_owned() } else { said.join(", ") };
        format!("limits of {}: {said}", self.holder())
    }

    /// Whose limits they are.
    fn holder(&self) -> String {
        let target = &self.target_unicode;
        match (self.of, &self.app_password) {
            (_, Some(name)) => format!("app password `{name}` of `{target}`"),
            ("accounts", _) => format!("each account of `{target}`"),
            ("domain", _) => format!("domain `{target}`"),
            _ => format!("`{target}`"),
        }
    }

    fn said(&self) -> impl Iterator<Item = (&'static str, &String)> {
        self.limits.iter().filter_map(|one| Some((one.limit, one.shown.as_ref()?)))
    }

    pub(super) fn cells(&self) -> Vec<String> {
        let said: Vec<String> =
            self.said().map(|(name, limit)| format!("{name} {limit}")).collect();
        vec![self.holder(), said.join(", ")]
    }

    pub(super) fn sheet(&self) -> Vec<Fact> {
        let of = match (self.of, &self.app_password) {
            (_, Some(name)) => format!("{}, app password `{name}`", self.target_unicode),
            ("accounts", _) => format!("{}, each account", self.target_unicode),
            ("domain", _) => format!("{}, all accounts together", self.target_unicode),
            _ => self.target_unicode.clone(),
        };
        let limits = self.limits.iter().map(|one| {
            let shown = one.shown.as_deref().unwrap_or("no limit");
            fact(one.limit, [shown.to_owned() + &one.used_in_words()])
        });
        std::iter::once(fact("LIMITS OF", [of])).chain(limits).collect()
    }
}
