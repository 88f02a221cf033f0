//! Accounts: mailboxes that people log in to.

use crate::admin::account_password::{PASSWORD, Password};
use crate::admin::item::Item;
use crate::admin::names;
use crate::admin::password::NewPassword;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Expiry, PasswordSource, Pattern, pattern, references};
use crate::mail::{
    Address, Gid, MailboxFormat, QuotaLimit, Refusal, Rule, ServiceSet, Transport, parse_size,
};
use crate::store::facts::{EntryKind, Named};
use crate::store::inventory::{self, AccountRow, Filter};
use crate::store::write::{self, NewAccount, OrderKind};

/// What to do with accounts.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes an account; its password is asked for, twice, unless it comes otherwise
    #[command(after_long_help = ADD)]
    Add(Box<Add>),
    /// Deletes an account
    #[command(after_long_help = DELETE)]
    Delete(Delete),
    /// Lists accounts
    List(List),
    /// Gives an account another password, asked for twice unless it comes otherwise
    #[command(after_long_help = PASSWORD)]
    Password(Password),
}

const ADD: &str = "\
Examples:
  postcote admin account add jane@example.org --name 'Jane Doe'
  postcote admin account add joe@example.org --random --quota 2g --services imap,smtp
  pass mail/joe | postcote admin account add joe@example.org --password-stdin";

const DELETE: &str = "\
Examples:
  postcote admin account delete joe@example.org
  postcote admin account delete joe@example.org --force --delete-directory";

/// Makes an account.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The address, in a primary domain
    pub(super) address: Address,
    /// Where the password comes from.
    #[command(flatten)]
    pub(super) password: PasswordSource,
    /// Who it belongs to
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Where its mail goes, as in transport(5); as for its domain unless given
    #[arg(long)]
    transport: Option<Transport>,
    /// What it may hold: 500m, 2g; 0 is unlimited; as for its domain unless given
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    quota: Option<u64>,
    /// How many messages it may hold; 0 is unlimited; as for its domain unless given
    #[arg(long, value_name = "N", value_parser = super::domain::messages())]
    messages: Option<u64>,
    /// What it may be used for: smtp,pop3,imap,sieve or none; as for its domain unless given
    #[arg(long, value_parser = ServiceSet::parse)]
    services: Option<ServiceSet>,
    /// When it ends: 2030-12-31 (at the beginning of that day, UTC) or 2030-12-31T18:00:00Z
    #[arg(long, value_name = "DATE")]
    expires: Option<Expiry>,
}

/// Deletes an account.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The address
    address: Address,
    /// Deletes it from aliases, catch-alls, forwards and relocated users that lead to it, too
    #[arg(long)]
    force: bool,
    /// Order the deletion of its mail
    #[arg(long = "delete-directory")]
    with_mail: bool,
}

/// Lists accounts.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only accounts like this; `%` stands for any text
    pattern: Option<Pattern>,
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => add.what(),
            Self::Delete(delete) => {
                format!("cannot delete account `{}`", delete.address.to_unicode())
            }
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
            Self::List(list) => {
                let filter = pattern::filter(desk.tx, list.pattern.as_ref()).await?;
                let rows = inventory::accounts(desk.tx, &filter).await?;
                let items = rows.iter().map(|row| Item::account(row, desk.now)).collect();
                Ok(Report::list("account list", items))
            }
            Self::Password(verb) => verb.perform(desk, password).await,
        }
    }
}

impl Add {
    fn what(&self) -> String {
        format!("cannot add account `{}`", self.address.to_unicode())
    }

    /// Whether the address is free and the mailbox can be delivered to.
    pub(super) async fn check(&self, desk: Desk<'_, '_>) -> Result<Named, AdminError> {
        let what = self.what();
        let domain = names::home_of(desk, &self.address, &what).await?;
        let kind = EntryKind::Account;
        if names::only_for(desk, domain.gid, &self.address, kind, &what).await?.is_some() {
            return Err(Refusal::new(Rule::AccountExists, what).into());
        }
        let transport = self.transport.as_ref().or(domain.transport.as_ref());
        let by_virtual =
            transport.is_some_and(|to| to.as_str().split(':').next() == Some("virtual"));
        if by_virtual && desk.settings.accounts.mailbox_format != MailboxFormat::Maildir {
            return Err(Refusal::new(Rule::TransportUnfit, what).into());
        }
        Ok(domain)
    }

    async fn perform(
        &self,
        desk: Desk<'_, '_>,
        password: Option<NewPassword>,
    ) -> Result<Report, AdminError> {
        let domain = self.check(desk).await?;
        let mut report = Report::new("account add");
        let password =
            password.ok_or_else(|| AdminError::bad_data("an account needs a password"))?;
        if self.expires.is_some_and(|expiry| expiry.0 <= desk.now) {
            report.warn("it has ended already");
        }
        let quota = match (self.quota, self.messages) {
            (None, None) => None,
            (bytes, messages) => Some(QuotaLimit {
                bytes: bytes.unwrap_or(domain.quota.bytes),
                messages: messages.unwrap_or(domain.quota.messages),
            }),
        };
        let account = NewAccount {
            name: self.name.clone(),
            note: self.note.clone(),
            services: self.services,
            quota,
            transport: self.transport.clone(),
            expires: self.expires.map(|expiry| expiry.0),
            ..plain(desk, domain.gid, &self.address, &password)
        };
        insert(desk, &account, &self.address, password, &mut report).await?;
        Ok(report)
    }
}

/// An account as its domain and the configuration have it.
fn plain(desk: Desk<'_, '_>, gid: Gid, address: &Address, password: &NewPassword) -> NewAccount {
    NewAccount {
        gid,
        localpart: address.localpart.clone(),
        password: password.hash.clone(),
        name: None,
        note: None,
        format: desk.settings.accounts.mailbox_format,
        root: desk.settings.accounts.mailbox_root.clone(),
        services: None,
        quota: None,
        transport: None,
        expires: None,
    }
}

/// Makes an account that leaves everything to its domain.
pub(super) async fn insert_plain(
    desk: Desk<'_, '_>,
    gid: Gid,
    address: &Address,
    password: NewPassword,
    report: &mut Report,
) -> Result<(), AdminError> {
    let account = plain(desk, gid, address, &password);
    insert(desk, &account, address, password, report).await
}

async fn insert(
    desk: Desk<'_, '_>,
    account: &NewAccount,
    address: &Address,
    password: NewPassword,
    report: &mut Report,
) -> Result<(), AdminError> {
    write::insert_account(desk.tx, account).await?;
    if let Some(row) = row(desk, account.gid, address).await? {
        write::order(desk.tx, OrderKind::Create, std::slice::from_ref(&row)).await?;
        report.change(ChangeKind::Added, Item::account(&row, desk.now));
    }
    password.tell(address, report);
    Ok(())
}

impl Delete {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let address = &self.address;
        let domain = names::home_of(desk, address, what).await?;
        names::must_be(desk, domain.gid, address, EntryKind::Account, what).await?;
        let Some(row) = row(desk, domain.gid, address).await? else {
            return Err(Refusal::new(Rule::NoSuchAccount, what).into());
        };
        let mut report = Report::new("account delete");
        let references = references::to(desk, &domain, address).await?;
        if !self.force && !references.is_empty() {
            return Err(Refusal::new(Rule::AccountInUse, what)
                .because(references::reason(&references))
                .advise("delete it there, too, with `--force`")
                .into());
        }
        write::drop_orders(desk.tx, domain.gid, Some(row.uid)).await?;
        if self.with_mail {
            write::order(desk.tx, OrderKind::Delete, std::slice::from_ref(&row)).await?;
            report.note(format!("`{}` goes as soon as its order is carried out", row.home));
        } else {
            report.note(format!("its mail stays in `{}`", row.home));
        }
        write::delete_account(desk.tx, row.uid).await?;
        report.change(ChangeKind::Deleted, Item::account(&row, desk.now));
        for reference in &references {
            reference.remove(desk, &mut report).await?;
        }
        Ok(report)
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
