//! Sets what an account has.

use crate::admin::account::{existing, fit, row};
use crate::admin::domain::messages;
use crate::admin::item::Item;
use crate::admin::limits::Watch;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Expiry};
use crate::mail::{
    Address, QuotaLimit, ServiceError, ServiceSet, SizeError, Transport, TransportError, parse_size,
};
use crate::store::facts::Named;
use crate::store::update::{self, AccountSettings};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account set alice@example.org --quota 5g --services imap,smtp
  postcote admin account set erin@example.org --quota domain --transport domain
  postcote admin account set bob@example.org --no-note --expires 2030-12-31";

/// Sets what an account has.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("settings").required(true).multiple(true))]
pub struct Set {
    /// The address
    address: Address,
    /// Who it belongs to
    #[arg(long, value_name = "TEXT", group = "settings")]
    name: Option<String>,
    /// Nobody in particular
    #[arg(long, conflicts_with = "name", group = "settings")]
    no_name: bool,
    /// A remark
    #[arg(long, value_name = "TEXT", group = "settings")]
    note: Option<String>,
    /// No remark
    #[arg(long, conflicts_with = "note", group = "settings")]
    no_note: bool,
    /// Where its mail goes, as in transport(5), or `domain`: as for its domain
    #[arg(long, value_parser = transport, group = "settings")]
    transport: Option<Choice<Transport>>,
    /// What it may hold: 500m, 2g; 0 is unlimited; `domain`: as for its domain
    #[arg(long, value_name = "SIZE", value_parser = size, group = "settings")]
    quota: Option<Choice<u64>>,
    /// How many messages it may hold; 0 is unlimited
    #[arg(long, value_name = "N", value_parser = messages(), group = "settings")]
    messages: Option<u64>,
    /// What it may be used for: smtp,pop3,imap,sieve or none; `domain`: as for its domain
    #[arg(long, value_parser = services, group = "settings")]
    services: Option<Choice<ServiceSet>>,
    /// When it ends: 2030-12-31 (at the beginning of that day, UTC) or 2030-12-31T18:00:00Z
    #[arg(long, value_name = "DATE", group = "settings")]
    expires: Option<Expiry>,
    /// It never ends
    #[arg(long, conflicts_with = "expires", group = "settings")]
    no_expires: bool,
}

/// A value of its own, or that of the domain.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice<T> {
    Domain,
    Own(T),
}

impl<T> Choice<T> {
    fn own(self) -> Option<T> {
        match self {
            Self::Domain => None,
            Self::Own(value) => Some(value),
        }
    }
}

fn transport(text: &str) -> Result<Choice<Transport>, TransportError> {
    choice(text, Transport::parse)
}

fn size(text: &str) -> Result<Choice<u64>, SizeError> {
    choice(text, parse_size)
}

fn services(text: &str) -> Result<Choice<ServiceSet>, ServiceError> {
    choice(text, ServiceSet::parse)
}

fn choice<T, E>(text: &str, parse: impl Fn(&str) -> Result<T, E>) -> Result<Choice<T>, E> {
    if text.eq_ignore_ascii_case("domain") {
        Ok(Choice::Domain)
    } else {
        parse(text).map(Choice::Own)
    }
}

impl Set {
    pub(super) fn what(&self) -> String {
        format!("cannot change account `{}`", self.address.to_unicode())
    }

    pub(super) async fn perform(
        self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("account set");
        let address = self.address.clone();
        let (domain, account) = existing(desk, &address, what).await?;
        let before = AccountSettings {
            name: account.name.clone(),
            note: account.note.clone(),
            services: account.services,
            quota: account.quota,
            transport: account.transport.clone(),
            expires: account.expires,
        };
        let after = self.applied(before.clone(), &domain)?;
        if after == before {
            report.note(format!("account `{}` is so already", address.to_unicode()));
            return Ok(report);
        }
        if after.transport != before.transport {
            let transport = after.transport.as_ref().or(domain.transport.as_ref());
            fit(transport, &account.mailbox_format, what)?;
        }
        if after.expires != before.expires && after.expires.is_some_and(|end| end <= desk.now) {
            report.warn("it has ended already");
        }
        let watch = Watch::begin(desk, domain.gid, &domain.primary).await?;
        update::set_account(desk.tx, account.uid, &after).await?;
        watch.end(desk, what).await?;
        if let Some(row) = row(desk, domain.gid, &address.localpart).await? {
            report.change(ChangeKind::Changed, Item::account(&row, desk.now));
        }
        Ok(report)
    }

    /// What the account has with these options.
    fn applied(self, was: AccountSettings, domain: &Named) -> Result<AccountSettings, AdminError> {
        let now = was.quota.unwrap_or(domain.quota);
        let quota = match (self.quota, self.messages) {
            (None, None) => was.quota,
            (Some(Choice::Domain), None) => None,
            (Some(Choice::Domain), Some(_)) => {
                return Err(AdminError::bad_data(
                    "`--quota domain` takes the number of messages from the domain, too",
                )
                .hint("leave one of `--quota domain` and `--messages` out"));
            }
            (bytes, messages) => Some(QuotaLimit {
                bytes: bytes.and_then(Choice::own).unwrap_or(now.bytes),
                messages: messages.unwrap_or(now.messages),
            }),
        };
        Ok(AccountSettings {
            name: self.name.or(was.name).filter(|_| !self.no_name),
            note: self.note.or(was.note).filter(|_| !self.no_note),
            services: self.services.map_or(was.services, Choice::own),
            quota,
            transport: self.transport.map_or(was.transport, Choice::own),
            expires: match self.expires {
                _ if self.no_expires => None,
                Some(expiry) => Some(expiry.0),
                None => was.expires,
            },
        })
    }
}
