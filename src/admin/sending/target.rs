//! What limits of sending hang on, as commands name it.

use std::str::FromStr;

use crate::admin::{AdminError, Desk, account, names};
use crate::config::closest;
use crate::mail::{Address, AddressError, DomainName, DomainNameError, Refusal, Rule};
use crate::store::app_password;
use crate::store::facts::Named;
use crate::store::inventory::{AccountRow, Filter};
use crate::store::sending::Holder;

/// An account or a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The account of this address.
    Account(Address),
    /// The domain of this name.
    Domain(DomainName),
}

/// Why a text names neither an account nor a domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It has an `@`, but is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// It is no domain name.
    #[error(transparent)]
    Domain(#[from] DomainNameError),
}

/// Whose limits.
#[derive(Clone, Debug, clap::Args)]
pub struct Whose {
    /// The address of an account, or a domain: all its accounts together
    pub(super) target: Target,
    /// Those of each account of the domain that has none of its own
    #[arg(long, conflicts_with = "app_password")]
    pub(super) accounts: bool,
    /// Those of one app password of the account, beside the account's own
    #[arg(long, value_name = "NAME")]
    pub(super) app_password: Option<String>,
}

/// What limits hang on, found.
pub(super) struct Found {
    pub(super) holder: Holder,
    /// The domain, which counts for accounts that say nothing.
    pub(super) domain: Named,
    /// The account, if it is about one.
    pub(super) account: Option<AccountRow>,
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        Ok(if text.contains('@') {
            Self::Account(Address::parse(text)?)
        } else {
            Self::Domain(DomainName::parse(text)?)
        })
    }
}

impl Whose {
    /// What it is about, for messages.
    pub(super) fn shown(&self) -> String {
        match (&self.target, &self.app_password) {
            (Target::Account(address), None) => format!("`{}`", address.to_unicode()),
            (Target::Account(address), Some(name)) => {
                format!("app password `{name}` of `{}`", address.to_unicode())
            }
            (Target::Domain(name), _) if self.accounts => {
                format!("accounts of `{}`", name.to_unicode())
            }
            (Target::Domain(name), _) => format!("domain `{}`", name.to_unicode()),
        }
    }

    /// Finds it.
    pub(super) async fn find(&self, desk: Desk<'_, '_>, what: &str) -> Result<Found, AdminError> {
        match &self.target {
            Target::Account(_) if self.accounts => {
                Err(AdminError::bad_data(format!("{what}: `--accounts` needs a domain"))
                    .hint("an account's own limits need no option"))
            }
            Target::Account(address) => self.find_account(desk, address, what).await,
            Target::Domain(_) if self.app_password.is_some() => {
                let why = format!("{what}: `--app-password` needs the address of an account");
                Err(AdminError::bad_data(why))
            }
            Target::Domain(name) => {
                let domain = names::served(desk, name, what).await?;
                if domain.is_alias() {
                    return Err(names::alias_domain(&domain, what).into());
                }
                let domain = names::with_mailboxes(domain, what)?;
                let holder = if self.accounts {
                    Holder::AccountsOf(domain.gid)
                } else {
                    Holder::Domain(domain.gid)
                };
                Ok(Found { holder, domain, account: None })
            }
        }
    }

    async fn find_account(
        &self,
        desk: Desk<'_, '_>,
        address: &Address,
        what: &str,
    ) -> Result<Found, AdminError> {
        let (domain, account) = account::existing(desk, address, what).await?;
        let holder = match &self.app_password {
            None => Holder::Account(account.uid),
            Some(name) => {
                let filter = Filter::one(domain.gid, &address.localpart);
                let known = app_password::list(desk.tx, &filter).await?;
                if !known.iter().any(|one| one.name == *name) {
                    let refusal = Refusal::new(Rule::NoSuchAppPassword, what);
                    let close = closest(name, known.iter().map(|one| one.name.as_str()));
                    return Err(match close {
                        Some(close) => refusal.advise(format!("did you mean `{close}`?")),
                        None => refusal,
                    }
                    .into());
                }
                Holder::AppPassword(account.uid, name.clone())
            }
        };
        Ok(Found { holder, domain, account: Some(account) })
    }
}
