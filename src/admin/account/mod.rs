//! Accounts: mailboxes that people log in to.

mod add;
mod delete;
mod list;
mod password;

use crate::admin::password::NewPassword;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, Gid};
use crate::store::inventory::{self, AccountRow, Filter};

pub use add::Add;
pub use delete::Delete;
pub use list::List;
pub use password::Password;

pub(super) use add::insert_plain;

/// What to do with accounts.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes an account; its password is asked for, twice, unless it comes otherwise
    #[command(after_long_help = add::EXAMPLES)]
    Add(Box<Add>),
    /// Deletes an account
    #[command(after_long_help = delete::EXAMPLES)]
    Delete(Delete),
    /// Lists accounts
    List(List),
    /// Gives an account another password, asked for twice unless it comes otherwise
    #[command(after_long_help = password::EXAMPLES)]
    Password(Password),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => add.what(),
            Self::Delete(delete) => delete.what(),
            Self::List(_) => "cannot list accounts".to_owned(),
            Self::Password(verb) => verb.what(),
        }
    }

    pub(super) async fn perform(
        self,
        desk: Desk<'_, '_>,
        password: Option<NewPassword>,
    ) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, password).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => list.perform(desk).await,
            Self::Password(verb) => verb.perform(desk, password).await,
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
