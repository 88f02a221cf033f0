//! A rule said no to a write: which rule, to what, why, and what to do instead.

use std::fmt;

/// Why something was not written. Nothing has changed.
///
/// The constraints of the database lead to the same refusals as the checks before a write, so a
/// race between two administrators reads like any other refusal.
///
/// ```
/// use postcote::mail::{Refusal, Rule};
/// let refusal = Refusal::new(Rule::AccountExists, "cannot add alias `info@example.org`");
/// let says = "cannot add alias `info@example.org`: an account has this address";
/// assert_eq!(refusal.to_string(), says);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Refusal {
    /// The rule, for those who decide by it: exit codes, scripts.
    pub rule: Rule,
    /// What was refused, with the value in backticks.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The rules that refuse a write, in alphabetical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The address has an account.
    AccountExists,
    /// Aliases, catch-alls, forwards or relocated users lead to the account.
    AccountInUse,
    /// The domain may have no further account.
    AccountLimit,
    /// The address belongs to an entry, its kind unknown.
    AddressTaken,
    /// The name is an alias domain already.
    AliasDomainExists,
    /// The domain may have no further alias domain.
    AliasDomainLimit,
    /// The address has an alias.
    AliasExists,
    /// The domain may have no further alias.
    AliasLimit,
    /// The account has an app password of this name.
    AppPasswordExists,
    /// The account may have no further app password.
    AppPasswordLimit,
    /// A text or number that no table takes.
    BadValue,
    /// More destinations than an address of the domain may have.
    DestinationLimit,
    /// The name belongs to a domain already.
    DomainExists,
    /// The domain still has accounts, aliases, a catch-all, relocated users or alias domains.
    DomainNotEmpty,
    /// Only the database itself writes this.
    Internal,
    /// The domain is an alias domain, and only its primary domain can be written to.
    IsAliasDomain,
    /// The domain is a primary domain, not an alias domain.
    IsPrimaryDomain,
    /// Mail would run in a circle.
    Loop,
    /// There is no such account.
    NoSuchAccount,
    /// There is no such alias.
    NoSuchAlias,
    /// There is no such alias domain.
    NoSuchAliasDomain,
    /// The account has no app password of this name.
    NoSuchAppPassword,
    /// The domain has no catch-all.
    NoSuchCatchAll,
    /// Mail is not sent on to this destination.
    NoSuchDestination,
    /// The domain is not served here.
    NoSuchDomain,
    /// These addresses were not granted to the account.
    NoSuchGrant,
    /// Nobody at this address is relocated.
    NoSuchRelocated,
    /// An address cannot lead to itself.
    OwnAddress,
    /// The quota limits of all accounts of the domain would add up to more than they may.
    QuotaLimit,
    /// Mail for the domain is relayed, so it has no mailboxes.
    RelayDomain,
    /// Somebody at this address is relocated.
    RelocatedExists,
    /// More destinations than Postfix expands.
    TooManyDestinations,
    /// The transport cannot deliver to this mailbox format.
    TransportUnfit,
    /// The password is not the one that the hash was made of.
    WrongPassword,
}

impl Refusal {
    /// A refusal with the reason and the hint that its rule has.
    pub fn new(rule: Rule, what: impl Into<String>) -> Self {
        let hint = rule.hint().map(str::to_owned);
        Self { rule, what: what.into(), why: rule.why().to_owned(), hint }
    }

    /// Gives a reason that knows more than the rule does.
    #[must_use]
    pub fn because(self, why: impl Into<String>) -> Self {
        Self { why: why.into(), ..self }
    }

    /// Gives advice that knows more than the rule does.
    #[must_use]
    pub fn advise(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl Rule {
    /// The name in JSON, stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountExists => "account-exists",
            Self::AccountInUse => "account-in-use",
            Self::AccountLimit => "account-limit",
            Self::AddressTaken => "address-taken",
            Self::AliasDomainExists => "alias-domain-exists",
            Self::AliasDomainLimit => "alias-domain-limit",
            Self::AliasExists => "alias-exists",
            Self::AliasLimit => "alias-limit",
            Self::AppPasswordExists => "app-password-exists",
            Self::AppPasswordLimit => "app-password-limit",
            Self::BadValue => "bad-value",
            Self::DestinationLimit => "destination-limit",
            Self::DomainExists => "domain-exists",
            Self::DomainNotEmpty => "domain-not-empty",
            Self::Internal => "internal",
            Self::IsAliasDomain => "is-alias-domain",
            Self::IsPrimaryDomain => "is-primary-domain",
            Self::Loop => "loop",
            Self::NoSuchAccount => "no-such-account",
            Self::NoSuchAlias => "no-such-alias",
            Self::NoSuchAliasDomain => "no-such-alias-domain",
            Self::NoSuchAppPassword => "no-such-app-password",
            Self::NoSuchCatchAll => "no-such-catch-all",
            Self::NoSuchDestination => "no-such-destination",
            Self::NoSuchDomain => "no-such-domain",
            Self::NoSuchGrant => "no-such-grant",
            Self::NoSuchRelocated => "no-such-relocated",
            Self::OwnAddress => "own-address",
            Self::QuotaLimit => "quota-limit",
            Self::RelayDomain => "relay-domain",
            Self::RelocatedExists => "relocated-exists",
            Self::TooManyDestinations => "too-many-destinations",
            Self::TransportUnfit => "transport-unfit",
            Self::WrongPassword => "wrong-password",
        }
    }

    fn why(self) -> &'static str {
        match self {
            Self::AccountExists => "an account has this address",
            Self::AccountInUse => "other addresses lead to it",
            Self::AccountLimit => "the domain has as many accounts as it may",
            Self::AddressTaken => "the address belongs to another entry",
            Self::AliasDomainExists => "an alias domain has this name",
            Self::AliasDomainLimit => "the domain has as many alias domains as it may",
            Self::AliasExists => "an alias has this address",
            Self::AliasLimit => "the domain has as many aliases as it may",
            Self::AppPasswordExists => "the account has an app password of this name",
            Self::AppPasswordLimit => "the account has as many app passwords as it may",
            Self::BadValue => "a value is not valid",
            Self::DestinationLimit => "an address of the domain has as many destinations as it may",
            Self::DomainExists => "a domain has this name",
            Self::DomainNotEmpty => "the domain is not empty",
            Self::Internal => "only the database itself writes this",
            Self::IsAliasDomain => "the domain is an alias domain",
            Self::IsPrimaryDomain => "the domain is a primary domain",
            Self::Loop => "mail would run in a circle",
            Self::NoSuchAccount => "there is no such account",
            Self::NoSuchAlias => "there is no such alias",
            Self::NoSuchAliasDomain => "there is no such alias domain",
            Self::NoSuchAppPassword => "the account has no app password of this name",
            Self::NoSuchCatchAll => "the domain has no catch-all",
            Self::NoSuchDestination => "its mail is not sent on there",
            Self::NoSuchDomain => "the domain is not served here",
            Self::NoSuchGrant => "no further addresses were granted to the account",
            Self::NoSuchRelocated => "nobody is relocated from this address",
            Self::OwnAddress => "an address cannot lead to itself",
            Self::QuotaLimit => "the accounts of the domain may hold no more",
            Self::RelayDomain => "mail for this domain is relayed, it has no mailboxes here",
            Self::RelocatedExists => "somebody is relocated from this address",
            Self::TooManyDestinations => "Postfix expands an address to at most 1000 destinations",
            Self::TransportUnfit => "virtual(8) delivers to maildir only",
            Self::WrongPassword => "the password is wrong",
        }
    }

    fn hint(self) -> Option<&'static str> {
        Some(match self {
            Self::AccountExists | Self::NoSuchAccount => {
                "list accounts with `postcote admin account list`"
            }
            Self::AliasExists | Self::NoSuchAlias => {
                "list aliases with `postcote admin alias list`"
            }
            Self::AddressTaken => "list all addresses with `postcote admin address list`",
            Self::AppPasswordExists | Self::NoSuchAppPassword => {
                "list them with `postcote admin app-password list`"
            }
            Self::AliasDomainExists | Self::NoSuchAliasDomain => {
                "list alias domains with `postcote admin alias-domain list`"
            }
            Self::DomainExists | Self::NoSuchDomain => {
                "list domains with `postcote admin domain list`"
            }
            Self::NoSuchGrant => "list grants with `postcote admin sender list`",
            Self::NoSuchRelocated | Self::RelocatedExists => {
                "list relocated users with `postcote admin relocated list`"
            }
            Self::DomainNotEmpty | Self::AccountInUse => "delete all of it with `--force`",
            Self::TransportUnfit => "use `lmtp:` or another mailbox format",
            _ => return None,
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
