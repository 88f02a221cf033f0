//! Shows everything about an account.

use crate::admin::account::existing;
use crate::admin::account::senders::senders;
use crate::admin::item::{Found, Item};
use crate::admin::references;
use crate::admin::report::Report;
use crate::admin::spellings::Spellings;
use crate::admin::{AdminError, Desk, disk, sending};
use crate::mail::{Address, Refusal, Rule};
use crate::store::sending::Holder;
use crate::store::{details, grants};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin account show alice@example.org
  postcote admin account show alice@example.org --with aliases,disk-usage";

/// Shows everything about an account.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The address
    address: Address,
    /// What else, separated by commas
    #[arg(long, value_enum, value_delimiter = ',', value_name = "DETAIL")]
    with: Vec<Detail>,
}

/// What else is shown of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Detail {
    /// All of it
    All,
    /// Each alias, catch-all, forward and relocated user that leads to it
    Aliases,
    /// How much its home takes on the disk of this host
    DiskUsage,
}

impl Show {
    pub(super) fn what(&self) -> String {
        format!("cannot show account `{}`", self.address.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let (domain, row) = existing(desk, &self.address, what).await?;
        let Some(details) = details::account(desk.tx, row.uid).await? else {
            return Err(Refusal::new(Rule::NoSuchAccount, what).into());
        };
        let localpart = &self.address.localpart;
        let spellings = Spellings::load(desk.tx, domain.gid).await?;
        let references = references::to(desk, domain.gid, localpart).await?;
        let (sends_as, sends_as_complete) = senders(desk, &row, &details, &spellings).await?;
        let mut report = Report::new("account show");
        let disk_usage =
            if self.shows(Detail::DiskUsage) { disk::usage(&row.home, &mut report) } else { None };
        let others = if self.shows(Detail::Aliases) {
            references::items(desk, &references).await?
        } else {
            Vec::new()
        };
        let found = Found {
            details,
            addresses: spellings.of(localpart),
            references,
            sends_as,
            sends_as_complete,
            granted: grants::of_account(desk.tx, row.uid).await?,
            sending: sending::counting(desk, &Holder::Account(row.uid), domain.gid).await?,
            disk_usage,
        };
        report.show(Item::account_sheet(&row, &found, desk.now));
        report.items.extend(others);
        Ok(report)
    }

    fn shows(&self, detail: Detail) -> bool {
        self.with.contains(&detail) || self.with.contains(&Detail::All)
    }
}
