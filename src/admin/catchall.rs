//! Catch-alls: who gets mail for addresses of a domain that do not exist.

use crate::admin::destinations::{self, Owner};
use crate::admin::item::Item;
use crate::admin::names::{self, Names};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, limits};
use crate::mail::{DestinationTemplate, DomainName, Refusal, Rule};
use crate::store::facts::{self, Named};
use crate::store::write;

/// What to do with catch-alls.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Gives a domain a catch-all, or gives it further destinations
    #[command(after_long_help = ADD)]
    Add(Add),
    /// Takes a domain's catch-all away, or some of its destinations
    #[command(after_long_help = DELETE)]
    Delete(Delete),
    /// Shows where mail for strangers goes
    #[command(after_long_help = "Example:\n  postcote admin catchall show example.net")]
    Show(Show),
}

const ADD: &str = "\
Examples:
  postcote admin catchall add example.org info@example.org
  postcote admin catchall add example.org %n@backup.example.net

A default alias is asked before the catch-all, the user `+` behind it.";

const DELETE: &str = "\
Examples:
  postcote admin catchall delete example.net --dry-run
  postcote admin catchall delete example.net sales@example.net";

/// Gives a domain a catch-all, or extends it.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The domain, by any of its names
    domain: DomainName,
    /// Where mail for strangers goes
    #[arg(required = true, value_name = "DESTINATION")]
    destinations: Vec<DestinationTemplate>,
}

/// Takes a domain's catch-all away, or shortens it.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The domain, by any of its names
    domain: DomainName,
    /// Only these of its destinations; without any left the catch-all is gone
    #[arg(value_name = "DESTINATION")]
    destinations: Vec<DestinationTemplate>,
}

/// Shows a domain's catch-all.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The domain, by any of its names
    domain: DomainName,
}

impl Verb {
    pub(super) fn what(&self) -> String {
        let (verb, domain) = match self {
            Self::Add(add) => ("add", &add.domain),
            Self::Delete(delete) => ("delete", &delete.domain),
            Self::Show(show) => ("show", &show.domain),
        };
        format!("cannot {verb} catch-all of `{}`", domain.to_unicode())
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, &what).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::Show(show) => {
                let mut report = Report::new("catchall show");
                let domain = domain(desk, &show.domain, &what, &mut report).await?;
                let list = existing(desk, &domain, &what).await?;
                let targets = destinations::targets(desk, &list, None).await?;
                let names = facts::names_of(desk.tx, domain.gid).await?;
                let others = names.get(1..).unwrap_or_default();
                report.show(Item::whole_catchall(&domain.primary, &list, &targets, others));
                Ok(report)
            }
        }
    }
}

impl Add {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let mut report = Report::new("catchall add");
        let domain = domain(desk, &self.domain, what, &mut report).await?;
        let names = Names::load(desk.tx).await?;
        let mut list = facts::catchall(desk.tx, domain.gid).await?;
        let had = list.len();
        destinations::extend(&mut list, &names, &self.destinations, &mut report)?;
        destinations::not_too_many(had, list.len(), what)?;
        limits::may_have_destinations(desk, &domain, had, list.len(), what).await?;
        if list.len() == had {
            return Ok(report);
        }
        let stranger = destinations::stranger(desk, domain.gid, &domain.primary).await?;
        let new = list.get(had..).unwrap_or_default();
        destinations::not_strangers(desk, &names, &domain, new, what).await?;
        write::put_catchall(desk.tx, domain.gid, &list).await?;
        let owner = Owner::Catchall(domain.gid);
        destinations::follow(desk, &names, &stranger, owner, what, &mut report).await?;
        let change = if had == 0 { ChangeKind::Added } else { ChangeKind::Changed };
        report.change(change, Item::catchall(&domain.primary, &list));
        Ok(report)
    }
}

impl Delete {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let mut report = Report::new("catchall delete");
        let domain = domain(desk, &self.domain, what, &mut report).await?;
        let mut list = existing(desk, &domain, what).await?;
        let gone = Item::catchall(&domain.primary, &list);
        if !self.destinations.is_empty() {
            let names = Names::load(desk.tx).await?;
            destinations::remove(&mut list, &names, &self.destinations, what, &mut report)?;
            if !list.is_empty() {
                write::put_catchall(desk.tx, domain.gid, &list).await?;
                report.change(ChangeKind::Changed, Item::catchall(&domain.primary, &list));
                return Ok(report);
            }
            report.note("no destination is left");
        }
        write::delete_catchall(desk.tx, domain.gid).await?;
        report.change(ChangeKind::Deleted, gone);
        let stranger = destinations::stranger(desk, domain.gid, &domain.primary).await?;
        destinations::warn_of_circle(desk, &stranger, what, &mut report).await?;
        Ok(report)
    }
}

/// The domain of a name; a catch-all is all names' catch-all.
async fn domain(
    desk: Desk<'_, '_>,
    name: &DomainName,
    what: &str,
    report: &mut Report,
) -> Result<Named, AdminError> {
    let domain = names::with_mailboxes(names::served(desk, name, what).await?, what)?;
    if domain.is_alias() {
        let (name, primary) = (domain.name.to_unicode(), domain.primary.to_unicode());
        report.note(format!("`{name}` is an alias domain and shares the catch-all of `{primary}`"));
    }
    Ok(domain)
}

async fn existing(
    desk: Desk<'_, '_>,
    domain: &Named,
    what: &str,
) -> Result<Vec<DestinationTemplate>, AdminError> {
    let list = facts::catchall(desk.tx, domain.gid).await?;
    if list.is_empty() {
        return Err(Refusal::new(Rule::NoSuchCatchAll, what).into());
    }
    Ok(list)
}
