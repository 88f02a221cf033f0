//! Aliases: other names for one or more addresses.

use crate::admin::destinations::{self, Owner};
use crate::admin::item::Item;
use crate::admin::names::{self, Names};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Pattern, pattern, references};
use crate::mail::{Address, DestinationTemplate, Refusal, Rule};
use crate::store::facts::{EntryKind, Named};
use crate::store::inventory::{self, AliasRow, Filter};
use crate::store::write;

/// What to do with aliases.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Makes an alias, or gives it further destinations
    #[command(after_long_help = ADD)]
    Add(Add),
    /// Deletes an alias, or some of its destinations
    #[command(after_long_help = DELETE)]
    Delete(Delete),
    /// Lists aliases and where they lead to
    List(List),
}

const ADD: &str = "\
Examples:
  postcote admin alias add sales@example.org jane@example.org joe@example.com
  postcote admin alias add postmaster@example.org postmaster+%d@admin.example.org

In a destination, %n stands for the local part that was asked for, %d for the
domain, %= for both as n=d, and %% for a percent sign.";

const DELETE: &str = "\
Examples:
  postcote admin alias delete sales@example.org joe@example.com
  postcote admin alias delete sales@example.org";

/// Makes an alias, or extends it.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The address of the alias, in a primary domain
    address: Address,
    /// Where its mail goes
    #[arg(required = true, value_name = "DESTINATION")]
    destinations: Vec<DestinationTemplate>,
}

/// Deletes an alias, or shortens it.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The address of the alias
    address: Address,
    /// Only these of its destinations; an alias left without any is deleted
    #[arg(value_name = "DESTINATION")]
    destinations: Vec<DestinationTemplate>,
}

/// Lists aliases.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only aliases like this; `%` stands for any text
    pattern: Option<Pattern>,
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => format!("cannot add alias `{}`", add.address.to_unicode()),
            Self::Delete(delete) => {
                format!("cannot delete alias `{}`", delete.address.to_unicode())
            }
            Self::List(_) => "cannot list aliases".to_owned(),
        }
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, &what).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => {
                let filter = pattern::filter(desk.tx, list.pattern.as_ref()).await?;
                let rows = inventory::aliases(desk.tx, &filter).await?;
                let items = rows.iter().map(|row| Item::alias(row, desk.now)).collect();
                Ok(Report::list("alias list", items))
            }
        }
    }
}

impl Add {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let mut report = Report::new("alias add");
        let address = &self.address;
        let domain = names::home_of(desk, address, what).await?;
        let kind = EntryKind::Alias;
        names::only_for(desk, domain.gid, address, kind, what).await?;
        let names = Names::load(desk.tx).await?;
        let others = self.others(desk, &names, &domain, &mut report).await?;
        let before = row(desk, &domain, address).await?.map(|row| row.destinations);
        let mut list = before.clone().unwrap_or_default();
        destinations::extend(&mut list, &names, &others, &mut report)?;
        let had = before.as_ref().map_or(0, Vec::len);
        destinations::not_too_many(had, list.len(), what)?;
        if list.is_empty() {
            let why = "an alias cannot lead to itself, and no other destination is given";
            return Err(Refusal::new(Rule::OwnAddress, what).because(why).into());
        }
        if list.len() == had {
            return Ok(report);
        }
        write::put_alias(desk.tx, domain.gid, &address.localpart, &list).await?;
        let owner = Owner::Entry(domain.gid, &address.localpart);
        destinations::follow(desk, &names, address, owner, what, &mut report).await?;
        if let Some(row) = row(desk, &domain, address).await? {
            let change = if had == 0 { ChangeKind::Added } else { ChangeKind::Changed };
            report.change(change, Item::alias(&row, desk.now));
        }
        Ok(report)
    }

    /// The destinations without the alias itself.
    async fn others(
        &self,
        desk: Desk<'_, '_>,
        names: &Names,
        domain: &Named,
        report: &mut Report,
    ) -> Result<Vec<DestinationTemplate>, AdminError> {
        let mut others = Vec::with_capacity(self.destinations.len());
        for template in &self.destinations {
            let itself = match template.expand(&self.address) {
                Ok(to) => names.lies_at(desk, &to, domain.gid, &self.address.localpart).await?,
                Err(_) => false,
            };
            if itself {
                report.note(format!("`{template}` is the alias itself, and left out"));
            } else {
                others.push(template.clone());
            }
        }
        Ok(others)
    }
}

impl Delete {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let mut report = Report::new("alias delete");
        let address = &self.address;
        let domain = names::home_of(desk, address, what).await?;
        names::must_be(desk, domain.gid, address, EntryKind::Alias, what).await?;
        let Some(mut alias) = row(desk, &domain, address).await? else {
            return Err(Refusal::new(Rule::NoSuchAlias, what).into());
        };
        let gone = Item::alias(&alias, desk.now);
        if !self.destinations.is_empty() {
            let names = Names::load(desk.tx).await?;
            let list = &mut alias.destinations;
            destinations::remove(list, &names, &self.destinations, what, &mut report)?;
            if !list.is_empty() {
                write::put_alias(desk.tx, domain.gid, &address.localpart, list).await?;
                report.change(ChangeKind::Changed, Item::alias(&alias, desk.now));
                return Ok(report);
            }
            report.note("no destination is left");
        }
        let references = references::to(desk, domain.gid, &address.localpart).await?;
        write::delete_alias(desk.tx, domain.gid, &address.localpart).await?;
        report.change(ChangeKind::Deleted, gone);
        references::warn(&references, &mut report);
        Ok(report)
    }
}

async fn row(
    desk: Desk<'_, '_>,
    domain: &Named,
    address: &Address,
) -> Result<Option<AliasRow>, AdminError> {
    let filter = Filter::one(domain.gid, &address.localpart);
    Ok(inventory::aliases(desk.tx, &filter).await?.pop())
}
