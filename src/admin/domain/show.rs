//! Shows everything about a domain.

use crate::admin::domain::existing;
use crate::admin::item::{DomainSends, Item};
use crate::admin::names::{self, Names};
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, sending};
use crate::mail::DomainName;
use crate::store::inventory::{self, DomainRow, Filter};
use crate::store::sending::Holder;
use crate::store::{details, facts, grants};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin domain show example.org
  postcote admin domain show example.org --with accounts,aliases";

/// Shows everything about a domain.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The primary name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
    /// What else, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "DETAIL")]
    with: Vec<Detail>,
}

/// What else is shown of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Detail {
    /// All of it
    All,
    /// Its alias domains
    AliasDomains,
    /// Its accounts
    Accounts,
    /// Its aliases
    Aliases,
    /// Its relocated users
    Relocated,
    /// Its catch-all
    Catchall,
}

impl Show {
    pub(super) fn what(&self) -> String {
        format!("cannot show domain `{}`", self.name.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let (domain, row) = existing(desk, &self.name, what).await?;
        let Some(details) = details::domain(desk.tx, domain.gid).await? else {
            let names = Names::load(desk.tx).await?;
            return Err(names::no_such_domain(&names, &self.name, what).into());
        };
        let (tx, gid) = (desk.tx, domain.gid);
        let sends = DomainSends {
            whole: sending::counting(desk, &Holder::Domain(gid), gid).await?,
            accounts: sending::counting(desk, &Holder::AccountsOf(gid), gid).await?,
            grants: grants::of_domain(tx, gid).await?,
        };
        let item = Item::domain_sheet(&row, &details, &sends);
        let mut report = Report::sheet("domain show", item);
        report.items.extend(self.contents(desk, &row).await?);
        Ok(report)
    }

    async fn contents(&self, desk: Desk<'_, '_>, row: &DomainRow) -> Result<Vec<Item>, AdminError> {
        let all = Filter::domain(row.gid);
        let mut items = Vec::new();
        if self.shows(Detail::AliasDomains) {
            let names = row.alias_domains.iter();
            items.extend(names.map(|name| Item::alias_domain(name, &row.name)));
        }
        if self.shows(Detail::Accounts) {
            let rows = inventory::accounts(desk.tx, &all).await?;
            items.extend(rows.iter().map(|row| Item::account(row, desk.now)));
        }
        if self.shows(Detail::Aliases) {
            let rows = inventory::aliases(desk.tx, &all).await?;
            items.extend(rows.iter().map(|row| Item::alias(row, desk.now)));
        }
        if self.shows(Detail::Relocated) {
            let rows = inventory::relocated(desk.tx, &all).await?;
            items.extend(rows.iter().map(Item::relocated));
        }
        if self.shows(Detail::Catchall) && row.has_catchall {
            let list = facts::catchall(desk.tx, row.gid).await?;
            items.push(Item::catchall(&row.name, &list));
        }
        Ok(items)
    }

    fn shows(&self, detail: Detail) -> bool {
        self.with.contains(&detail) || self.with.contains(&Detail::All)
    }
}
