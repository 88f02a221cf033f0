//! Domains with mailboxes.

use crate::admin::item::Item;
use crate::admin::names::{self, Names};
use crate::admin::password::NewPassword;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Pattern, account, references};
use crate::mail::{
    Address, DomainName, Localpart, QuotaLimit, Refusal, Rule, ServiceSet, Transport, parse_size,
};
use crate::store::facts;
use crate::store::inventory::{self, DomainRow, Filter};
use crate::store::write::{self, NewDomain, OrderKind};

/// What to do with domains.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Serves mailboxes of a domain from now on
    #[command(after_long_help = ADD)]
    Add(Add),
    /// Serves a domain no longer
    #[command(after_long_help = DELETE)]
    Delete(Delete),
    /// Lists domains
    List(List),
}

const ADD: &str = "\
Examples:
  postcote admin domain add example.org --with-postmaster
  postcote admin domain add bücher.example --transport lmtp:unix:private/dovecot-lmtp --quota 2g";

const DELETE: &str = "\
Examples:
  postcote admin domain delete example.org
  postcote admin domain delete example.org --force --delete-directory";

/// Makes a domain.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
    /// Makes an account postmaster@ with a password that is made up and printed, once
    #[arg(long)]
    pub(super) with_postmaster: bool,
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

/// Deletes a domain.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The primary name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
    /// Deletes everything in it, too
    #[arg(long)]
    force: bool,
    /// Order the deletion of all mail in it
    #[arg(long = "delete-directory")]
    with_mail: bool,
}

/// Lists domains.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only domains like this, by any of their names; `%` stands for any text
    pattern: Option<Pattern>,
}

/// PostgreSQL counts in signed numbers.
pub(super) fn messages() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(..=i64::MAX.unsigned_abs())
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => format!("cannot add domain `{}`", add.name.to_unicode()),
            Self::Delete(delete) => format!("cannot delete domain `{}`", delete.name.to_unicode()),
            Self::List(_) => "cannot list domains".to_owned(),
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
        }
    }
}

impl Add {
    /// The address of its postmaster.
    pub(super) fn postmaster(&self) -> Result<Address, AdminError> {
        let localpart = Localpart::from_internal("postmaster")
            .map_err(|reason| AdminError::bad_data(reason.to_string()))?;
        Ok(Address { localpart, domain: self.name.clone() })
    }

    /// Whether the name is free.
    pub(super) async fn check(&self, desk: Desk<'_, '_>) -> Result<(), AdminError> {
        let Some(taken) = facts::domain(desk.tx, &self.name).await? else { return Ok(()) };
        let what = format!("cannot add domain `{}`", self.name.to_unicode());
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

    async fn perform(
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

impl Delete {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let domain = names::served(desk, &self.name, what).await?;
        if domain.is_alias() {
            let name = self.name.to_unicode();
            return Err(names::alias_domain(&domain, what)
                .advise(format!(
                    "delete the alias domain with `postcote admin alias-domain delete {name}`"
                ))
                .into());
        }
        let gid = domain.gid;
        let names = Names::load(desk.tx).await?;
        let Some(row) = inventory::domains(desk.tx, &[gid]).await?.pop() else {
            return Err(names::no_such_domain(&names, &self.name, what).into());
        };
        let contents = contents(&row);
        if !self.force && !contents.is_empty() {
            return Err(Refusal::new(Rule::DomainNotEmpty, what)
                .because(format!("it has {}", enumerate(&contents)))
                .into());
        }
        let mut report = Report::new("domain delete");
        write::drop_orders(desk.tx, gid, None).await?;
        if self.with_mail {
            let accounts = inventory::accounts(desk.tx, &Filter::domain(gid)).await?;
            write::order(desk.tx, OrderKind::Delete, &accounts).await?;
            let homes = counted(accounts.len() as u64, "home");
            report.note(format!(
                "{homes} below `{}` go as soon as their orders are carried out",
                row.directory
            ));
        } else if row.accounts > 0 {
            report.note(format!("its mail stays in `{}`", row.directory));
        }
        write::delete_domain(desk.tx, gid).await?;
        report.change(ChangeKind::Deleted, Item::domain(&row));
        if !contents.is_empty() {
            report.note(format!("with it: {}", enumerate(&contents)));
        }
        references::warn_of_domain(desk, &names.of(gid), &mut report).await?;
        Ok(report)
    }
}

impl List {
    async fn perform(&self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let all = facts::names(desk.tx).await?;
        let wanted = all.into_iter().filter(|(name, ..)| {
            self.pattern.as_ref().is_none_or(|pattern| pattern.matches_domain(name))
        });
        let gids: Vec<_> = wanted.map(|(_, gid, _)| gid).collect();
        let rows = inventory::domains(desk.tx, &gids).await?;
        Ok(Report::list("domain list", rows.iter().map(Item::domain).collect()))
    }
}

/// What would go with a domain, each with its number.
fn contents(row: &DomainRow) -> Vec<String> {
    let number = |count: i64| count.unsigned_abs();
    let parts = [
        (number(row.accounts), "account"),
        (number(row.aliases), "alias"),
        (u64::from(row.has_catchall), "catch-all"),
        (number(row.relocated), "relocated user"),
        (number(row.relay_recipients), "relay recipient"),
        (row.alias_domains.len() as u64, "alias domain"),
    ];
    parts.into_iter().filter(|(count, _)| *count > 0).map(|(n, noun)| counted(n, noun)).collect()
}

pub(super) fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('s') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

fn enumerate(parts: &[String]) -> String {
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
