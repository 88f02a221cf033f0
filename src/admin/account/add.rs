//! Makes accounts.

use crate::admin::account::{fit, row};
use crate::admin::item::Item;
use crate::admin::names;
use crate::admin::password::NewPassword;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Expiry, PasswordSource, limits};
use crate::mail::{Address, Gid, QuotaLimit, Refusal, Rule, ServiceSet, Transport, parse_size};
use crate::store::facts::{EntryKind, Named};
use crate::store::orders;
use crate::store::write::{self, NewAccount};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account add jane@example.org --name 'Jane Doe'
  postcote admin account add joe@example.org --random --quota 2g --services imap,smtp
  pass mail/kim | postcote admin account add kim@example.org --password-stdin
  postcote admin account add --from accounts.csv
  echo '{\"address\": \"lea@example.org\", \"random\": true}' | postcote admin account add --from -

A file of accounts is CSV, its first line naming the columns, or has a JSON object in each line.
The names are those of the options: address, one of password (which is hashed), hash and random
(yes), name, note, transport, quota, messages, services, expires. Empty is as if not given. Either
all accounts are added or none; every mistake is told with its line.";

/// Makes an account.
#[derive(Clone, Debug, clap::Args)]
#[group(id = "one")]
pub struct Add {
    /// The address, in a primary domain
    #[arg(required = false, required_unless_present = "from")]
    pub(in crate::admin) address: Address,
    /// Where the password comes from.
    #[command(flatten)]
    pub(in crate::admin) password: PasswordSource,
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
    #[arg(long, value_name = "N", value_parser = crate::admin::domain::messages())]
    messages: Option<u64>,
    /// What it may be used for: smtp,pop3,imap,sieve or none; as for its domain unless given
    #[arg(long, value_parser = ServiceSet::parse)]
    services: Option<ServiceSet>,
    /// When it ends: 2030-12-31 (at the beginning of that day, UTC) or 2030-12-31T18:00:00Z
    #[arg(long, value_name = "DATE")]
    expires: Option<Expiry>,
}

impl Add {
    pub(super) fn what(&self) -> String {
        format!("cannot add account `{}`", self.address.to_unicode())
    }

    /// Whether the address is free and the mailbox can be delivered to.
    pub(in crate::admin) async fn check(&self, desk: Desk<'_, '_>) -> Result<Named, AdminError> {
        let what = self.what();
        let domain = may_add(desk, &self.address, self.transport.as_ref(), &what).await?;
        limits::may_add_account(desk, &domain, self.quota(&domain), &what).await?;
        Ok(domain)
    }

    /// Its own quota limit; what is not given is as in the domain.
    fn quota(&self, domain: &Named) -> Option<QuotaLimit> {
        quota(self.quota, self.messages, domain.quota)
    }

    pub(super) async fn perform(
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
        let account = NewAccount {
            name: self.name.clone(),
            note: self.note.clone(),
            services: self.services,
            quota: self.quota(&domain),
            transport: self.transport.clone(),
            expires: self.expires.map(|expiry| expiry.0),
            ..plain(desk, domain.gid, &self.address, &password)
        };
        insert(desk, &account, &self.address, password, &mut report).await?;
        Ok(report)
    }
}

/// Whether an address is free and its mailbox can be delivered to, apart from the domain's limits.
pub(super) async fn may_add(
    desk: Desk<'_, '_>,
    address: &Address,
    transport: Option<&Transport>,
    what: &str,
) -> Result<Named, AdminError> {
    let domain = names::home_of(desk, address, what).await?;
    let kind = EntryKind::Account;
    if names::only_for(desk, domain.gid, address, kind, what).await?.is_some() {
        return Err(Refusal::new(Rule::AccountExists, what).into());
    }
    let transport = transport.or(domain.transport.as_ref());
    fit(transport, desk.settings.accounts.mailbox_format.as_str(), what)?;
    Ok(domain)
}

/// The quota limit of its own that an account gets; what is not given is as in the domain.
pub(super) fn quota(
    bytes: Option<u64>,
    messages: Option<u64>,
    domain: QuotaLimit,
) -> Option<QuotaLimit> {
    (bytes.is_some() || messages.is_some()).then(|| QuotaLimit {
        bytes: bytes.unwrap_or(domain.bytes),
        messages: messages.unwrap_or(domain.messages),
    })
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
pub(in crate::admin) async fn insert_plain(
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
    let uid = write::insert_account(desk.tx, account).await?;
    orders::create(desk.tx, &[uid]).await?;
    if let Some(row) = row(desk, account.gid, &address.localpart).await? {
        report.change(ChangeKind::Added, Item::account(&row, desk.now));
    }
    password.tell(address, report);
    Ok(())
}
