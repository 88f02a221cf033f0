//! Accounts: mailboxes that people log in to.

mod add;
pub mod bulk;
mod delete;
mod list;
mod password;

use crate::admin::password::NewPassword;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, PasswordSource};
use crate::mail::{Address, Gid};
use crate::store::inventory::{self, AccountRow, Filter};

pub use add::Add;
pub use bulk::OneOrFile;
pub use delete::Delete;
pub use list::List;
pub use password::Password;

pub(super) use add::insert_plain;

/// What to do with accounts.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes an account; its password is asked for, twice, unless it comes otherwise
    #[command(after_long_help = add::EXAMPLES)]
    Add(Box<OneOrFile<Add>>),
    /// Deletes an account
    #[command(after_long_help = delete::EXAMPLES)]
    Delete(Delete),
    /// Lists accounts
    List(List),
    /// Gives an account another password, asked for twice unless it comes otherwise
    #[command(after_long_help = password::EXAMPLES)]
    Password(OneOrFile<Password>),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => add.what(bulk::Verb::Add, Add::what),
            Self::Delete(delete) => delete.what(),
            Self::List(_) => "cannot list accounts".to_owned(),
            Self::Password(verb) => verb.what(bulk::Verb::Password, Password::what),
        }
    }

    /// What is to be done with a file, if one is named.
    pub(super) fn task(&self) -> Option<bulk::Task<'_>> {
        match self {
            Self::Add(add) => add.task(bulk::Verb::Add),
            Self::Password(verb) => verb.task(bulk::Verb::Password),
            _ => None,
        }
    }

    /// Where the password of the one account comes from, if it needs one.
    pub(super) fn password(&self) -> Option<(PasswordSource, Address)> {
        let (source, account) = match self {
            Self::Add(add) => add.one().map(|add| (&add.password, &add.address)),
            Self::Password(verb) => verb.one().map(|verb| (&verb.password, &verb.address)),
            _ => None,
        }?;
        Some((source.clone(), account.clone()))
    }

    /// What can be refused before there is a password.
    pub(super) async fn check(&self, desk: Desk<'_, '_>) -> Result<(), AdminError> {
        match self {
            Self::Add(add) => add.only()?.check(desk).await.map(drop),
            Self::Password(verb) => verb.only()?.check(desk).await.map(drop),
            _ => Ok(()),
        }
    }

    pub(super) async fn perform(
        self,
        desk: Desk<'_, '_>,
        password: Option<NewPassword>,
    ) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.only()?.perform(desk, password).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => list.perform(desk).await,
            Self::Password(verb) => verb.only()?.perform(desk, password).await,
        }
    }
}

async fn row(
    desk: Desk<'_, '_>,
    gid: Gid,
    address: &Address,
) -> Result<Option<AccountRow>, AdminError> {
    let filter = Filter::one(gid, &address.localpart);
    Ok(inventory::accounts(desk.tx, &filter).await?.pop())
}
