//! Accounts: mailboxes that people log in to.

mod add;
pub mod bulk;
mod delete;
mod find;
mod forward;
mod list;
mod password;
mod rename;
mod senders;
mod set;
mod show;
mod suspend;

use crate::admin::password::NewPassword;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, PasswordSource, names};
use crate::mail::{Address, Gid, Localpart, MailboxFormat, Refusal, Rule, Transport};
use crate::store::facts::{EntryKind, Named};
use crate::store::inventory::{self, AccountRow, Filter};

pub use add::Add;
pub use bulk::OneOrFile;
pub use delete::Delete;
pub use find::Find;
pub use forward::Forward;
pub use list::List;
pub use password::Password;
pub use rename::Rename;
pub use set::Set;
pub use show::Show;
pub use suspend::{Resume, Suspend};

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
    /// Finds the account that has a uid
    #[command(after_long_help = "Example:\n  postcote admin account find 70000")]
    Find(Find),
    /// Sends mail for an account on, and keeps a copy
    #[command(after_long_help = forward::EXAMPLES)]
    Forward(Forward),
    /// Lists accounts
    #[command(after_long_help = list::EXAMPLES)]
    List(List),
    /// Gives an account another password, asked for twice unless it comes otherwise
    #[command(after_long_help = password::EXAMPLES)]
    Password(OneOrFile<Password>),
    /// Gives an account another address, and has what leads to it follow
    #[command(after_long_help = rename::EXAMPLES)]
    Rename(Rename),
    /// Switches on again what an account may do
    #[command(after_long_help = suspend::RESUME)]
    Resume(Resume),
    /// Sets what an account has
    #[command(after_long_help = set::EXAMPLES)]
    Set(Box<Set>),
    /// Shows everything about an account
    #[command(after_long_help = show::EXAMPLES)]
    Show(Show),
    /// Switches off what an account may do: log in, receive and send mail
    #[command(after_long_help = suspend::EXAMPLES)]
    Suspend(Suspend),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => add.what(bulk::Verb::Add, Add::what),
            Self::Delete(delete) => delete.what(),
            Self::Find(find) => find.what(),
            Self::Forward(forward) => forward.what(),
            Self::List(_) => "cannot list accounts".to_owned(),
            Self::Password(verb) => verb.what(bulk::Verb::Password, Password::what),
            Self::Rename(rename) => rename.what(),
            Self::Resume(resume) => resume.what(),
            Self::Set(set) => set.what(),
            Self::Show(show) => show.what(),
            Self::Suspend(suspend) => suspend.what(),
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

    /// Whether it may change something.
    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::Find(_) | Self::List(_) | Self::Show(_))
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
            Self::Find(find) => find.perform(desk, &what).await,
            Self::Forward(forward) => forward.perform(desk, &what).await,
            Self::List(list) => list.perform(desk).await,
            Self::Password(verb) => verb.only()?.perform(desk, password).await,
            Self::Rename(rename) => rename.perform(desk, &what).await,
            Self::Resume(resume) => resume.perform(desk, &what).await,
            Self::Set(set) => set.perform(desk, &what).await,
            Self::Show(show) => show.perform(desk, &what).await,
            Self::Suspend(suspend) => suspend.perform(desk, &what).await,
        }
    }
}

/// The account at an address of a primary domain.
pub(super) async fn existing(
    desk: Desk<'_, '_>,
    address: &Address,
    what: &str,
) -> Result<(Named, AccountRow), AdminError> {
    let domain = names::home_of(desk, address, what).await?;
    names::must_be(desk, domain.gid, address, EntryKind::Account, what).await?;
    match row(desk, domain.gid, &address.localpart).await? {
        Some(row) => Ok((domain, row)),
        None => Err(Refusal::new(Rule::NoSuchAccount, what).into()),
    }
}

/// Refuses a transport that cannot deliver to the mailbox format.
pub(super) fn fit(
    transport: Option<&Transport>,
    mailbox_format: &str,
    what: &str,
) -> Result<(), Refusal> {
    let by_virtual = transport.is_some_and(|to| to.as_str().split(':').next() == Some("virtual"));
    if by_virtual && mailbox_format != MailboxFormat::Maildir.as_str() {
        return Err(Refusal::new(Rule::TransportUnfit, what));
    }
    Ok(())
}

async fn row(
    desk: Desk<'_, '_>,
    gid: Gid,
    localpart: &Localpart,
) -> Result<Option<AccountRow>, AdminError> {
    Ok(inventory::accounts(desk.tx, &Filter::one(gid, localpart)).await?.pop())
}
