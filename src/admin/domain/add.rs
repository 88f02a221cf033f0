//! Makes domains.

use crate::admin::domain::messages;
use crate::admin::item::Item;
use crate::admin::password::NewPassword;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, PasswordSource, account};
use crate::mail::{
    Address, DomainName, Localpart, QuotaLimit, Refusal, Rule, ServiceSet, Transport, parse_size,
};
use crate::store::facts;
use crate::store::inventory;
use crate::store::write::{self, NewDomain};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin domain add shop.example --with-postmaster
  postcote admin domain add müller.example --transport lmtp:unix:private/dovecot-lmtp --quota 2g";

/// Makes a domain.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
    /// Makes an account postmaster@ with a password that is made up and printed, once
    #[arg(long)]
    pub(in crate::admin) with_postmaster: bool,
    /// Reads the password of postmaster@ from standard input instead, one line
    #[arg(long, requires = "with_postmaster")]
    password_stdin: bool,
    /// Where its mail goes, as in transport(5); what main.cf says unless given
    #[arg(long)]
    transport: Option<Transport>,
    /// What each of its accounts may hold: 500m, 2g; 0 is unlimited
    #[arg(long, value_name = "SIZE", value_parser = parse_size, default_value = "0")]
    quota: u64,
    /// How many messages each of its accounts may hold; 0 is unlimited
    #[arg(long, value_name = "N", value_parser = messages(), default_value_t = 0)]
    messages: u64,
    /// What its accounts may be used for: smtp,pop3,imap,sieve or none
    #[arg(long, value_parser = ServiceSet::parse, default_value = "imap,pop3,sieve,smtp")]
    services: ServiceSet,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

impl Add {
    pub(super) fn what(&self) -> String {
        format!("cannot add domain `{}`", self.name.to_unicode())
    }

    /// The address of its postmaster.
    pub(in crate::admin) fn postmaster(&self) -> Result<Address, AdminError> {
        let localpart = Localpart::from_internal("postmaster")
            .map_err(|reason| AdminError::bad_data(reason.to_string()))?;
        Ok(Address { localpart, domain: self.name.clone() })
    }

    /// Where the password of postmaster@ comes from.
    pub(in crate::admin) fn password(&self) -> PasswordSource {
        if self.password_stdin { PasswordSource::piped() } else { PasswordSource::random() }
    }

    /// Whether the name is free, and its mailboxes can be delivered to.
    pub(in crate::admin) async fn check(&self, desk: Desk<'_, '_>) -> Result<(), AdminError> {
        let what = self.what();
        let Some(taken) = facts::domain(desk.tx, &self.name).await? else {
            let format = desk.settings.accounts.mailbox_format.as_str();
            return Ok(account::fit(self.transport.as_ref(), format, &what)?);
        };
        Err(if taken.is_alias() {
            let primary = taken.primary.to_unicode();
            Refusal::new(Rule::AliasDomainExists, what)
                .because(format!("it is an alias domain of `{primary}`"))
                .advise(format!(
                    "delete the alias domain first with `postcote admin alias-domain delete {}`",
                    self.name.to_unicode()
                ))
        } else {
            Refusal::new(Rule::DomainExists, what)
        }
        .into())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        password: Option<NewPassword>,
    ) -> Result<Report, AdminError> {
        self.check(desk).await?;
        let domain = NewDomain {
            name: self.name.clone(),
            transport: self.transport.clone(),
            services: self.services,
            quota: QuotaLimit { bytes: self.quota, messages: self.messages },
            note: self.note.clone(),
        };
        let base = desk.settings.accounts.base_directory.to_string_lossy();
        let gid = write::insert_domain(desk.tx, &domain, &base).await?;
        let mut report = Report::new("domain add");
        for row in inventory::domains(desk.tx, &[gid]).await? {
            report.change(ChangeKind::Added, Item::domain(&row));
        }
        if let Some(password) = password {
            account::insert_plain(desk, gid, &self.postmaster()?, password, &mut report).await?;
        }
        Ok(report)
    }
}
