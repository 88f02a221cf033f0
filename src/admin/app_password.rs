//! App passwords: further passwords of an account, each for one program or device.
//!
//! They are made up, never chosen: so that one is as good as another however fast its hash is
//! computed, and nobody takes one that is used elsewhere.

use secrecy::ExposeSecret;

use crate::admin::account;
use crate::admin::item::Item;
use crate::admin::pattern::{self, Selection};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Expiry};
use crate::config::closest;
use crate::mail::{Address, Refusal, Rule, Scheme, ServiceSet};
use crate::password::{self, random};
use crate::store::app_password::{self, AppPasswordRow, NewAppPassword};
use crate::store::inventory::{AccountRow, Filter};

/// So many an account may have: each of them is tried at a login.
const MOST: usize = 50;
/// The fewest characters, which are 116 bits.
const LEAST_LENGTH: usize = 20;

/// What to do with app passwords.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes a password up for one program or device, and prints it this once
    #[command(after_long_help = ADD)]
    Add(Add),
    /// Deletes an app password: whatever uses it can no longer log in
    #[command(after_long_help = "Example:\n  \
        postcote admin app-password delete alice@example.org laptop")]
    Delete(Delete),
    /// Lists app passwords: what they are for, when they end, when they were last used
    #[command(after_long_help = "Examples:\n  \
        postcote admin app-password list\n  \
        postcote admin app-password list alice@example.org")]
    List(Selection),
}

const ADD: &str = "\
Examples:
  postcote admin app-password add alice@example.org phone
  postcote admin app-password add alice@example.org printer --services smtp --expires 2030-12-31

It works where postcote verifies passwords itself. Where Dovecot or Postfix is given the stored
hash to verify, only the account's own password works.";

/// Makes a password up.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The address of the account
    address: Address,
    /// What to call it, such as the program or device that gets it
    name: String,
    /// What it lets in: smtp,pop3,imap,sieve; whatever the account may use unless given
    #[arg(long, value_parser = ServiceSet::parse)]
    services: Option<ServiceSet>,
    /// When it ends: 2030-12-31 (at the beginning of that day, UTC) or 2030-12-31T18:00:00Z
    #[arg(long, value_name = "DATE")]
    expires: Option<Expiry>,
}

/// Deletes an app password.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The address of the account
    address: Address,
    /// What it is called
    name: String,
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(Add { address, name, .. }) => {
                format!("cannot add app password `{name}` of `{}`", address.to_unicode())
            }
            Self::Delete(Delete { address, name }) => {
                format!("cannot delete app password `{name}` of `{}`", address.to_unicode())
            }
            Self::List(_) => "cannot list app passwords".to_owned(),
        }
    }

    /// Whether it may change something.
    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::List(_))
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, &what).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => {
                let filter = pattern::filter(desk.tx, list.pattern.as_ref()).await?;
                let rows = app_password::list(desk.tx, &filter).await?;
                let items = rows.iter().map(|row| Item::app_password(row, desk.now)).collect();
                Ok(Report::list("app-password list", items))
            }
        }
    }
}

impl Add {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let (account, others) = of_account(desk, &self.address, what).await?;
        if others.len() >= MOST {
            return Err(Refusal::new(Rule::AppPasswordLimit, what)
                .because(format!("the account has {MOST} app passwords, and may have no more"))
                .advise("delete those that are not used; `postcote admin app-password list` shows when they were")
                .into());
        }
        if others.iter().any(|other| other.name == self.name) {
            return Err(Refusal::new(Rule::AppPasswordExists, what).into());
        }
        let mut report = Report::new("app-password add");
        if self.expires.is_some_and(|expiry| expiry.0 <= desk.now) {
            report.warn("it has ended already");
        }
        let length = desk.settings.accounts.random_password_length.max(LEAST_LENGTH);
        let failed = |error: password::HashError| AdminError::bad_data(error.to_string());
        let secret = random::password(length).map_err(|error| failed(error.into()))?;
        let octets = secret.expose_secret().as_bytes();
        let login = account.address.to_string();
        let hash = password::hash(Scheme::Ssha512.into(), &login, octets, None).map_err(failed)?;
        let new = NewAppPassword {
            uid: account.uid,
            name: &self.name,
            hash: &hash,
            services: self.services,
            expires: self.expires.map(|expiry| expiry.0),
        };
        app_password::insert(desk.tx, &new).await?;
        let (_, rows) = of_account(desk, &self.address, what).await?;
        if let Some(row) = rows.iter().find(|row| row.name == self.name) {
            report.change(ChangeKind::Added, Item::app_password(row, desk.now));
        }
        report.password(account.address, secret);
        Ok(report)
    }
}

impl Delete {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let (account, rows) = of_account(desk, &self.address, what).await?;
        let Some(row) = rows.iter().find(|row| row.name == self.name) else {
            let refusal = Refusal::new(Rule::NoSuchAppPassword, what);
            let close = closest(&self.name, rows.iter().map(|row| row.name.as_str()));
            return Err(match close {
                Some(close) => refusal.advise(format!("did you mean `{close}`?")).into(),
                None => refusal
                    .advise(format!(
                        "list them with `postcote admin app-password list {}`",
                        account.address
                    ))
                    .into(),
            });
        };
        app_password::delete(desk.tx, account.uid, &self.name).await?;
        let mut report = Report::new("app-password delete");
        report.change(ChangeKind::Deleted, Item::app_password(row, desk.now));
        Ok(report)
    }
}

/// The account with its app passwords.
async fn of_account(
    desk: Desk<'_, '_>,
    address: &Address,
    what: &str,
) -> Result<(AccountRow, Vec<AppPasswordRow>), AdminError> {
    let (domain, account) = account::existing(desk, address, what).await?;
    let filter = Filter::one(domain.gid, &address.localpart);
    Ok((account, app_password::list(desk.tx, &filter).await?))
}
