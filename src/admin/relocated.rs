//! Relocated users: people who have moved; senders are told the new address.

use crate::admin::item::{self, Item};
use crate::admin::names::{self, Names};
use crate::admin::pattern::{self, Selection};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, destinations};
use crate::mail::{Address, Destination, Refusal, Rule};
use crate::store::facts::{self, EntryKind, Named};
use crate::store::inventory::{self, Filter, RelocatedRow};
use crate::store::write;

/// What to do with relocated users.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Says that somebody has moved, or moved again
    #[command(after_long_help = "Example:\n  \
        postcote admin relocated add gina@example.org gina@moved.example")]
    Add(Add),
    /// Forgets that somebody has moved
    #[command(after_long_help = "Example:\n  postcote admin relocated delete frank@example.org")]
    Delete(Delete),
    /// Lists who has moved, and whereto
    #[command(after_long_help = "Example:\n  postcote admin relocated list %@example.org")]
    List(Selection),
    /// Shows where somebody has moved
    #[command(after_long_help = "Example:\n  postcote admin relocated show frank@example.org")]
    Show(Show),
}

/// Says that somebody has moved.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The old address, in a primary domain
    address: Address,
    /// The new address, anywhere
    #[arg(value_name = "NEW-ADDRESS", value_parser = Destination::parse)]
    new_address: Destination,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Forgets that somebody has moved.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The old address
    address: Address,
}

/// Shows where somebody has moved.
#[derive(Clone, Debug, clap::Args)]
pub struct Show {
    /// The old address
    address: Address,
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => format!("cannot add relocated user `{}`", add.address.to_unicode()),
            Self::Delete(delete) => {
                format!("cannot delete relocated user `{}`", delete.address.to_unicode())
            }
            Self::List(_) => "cannot list relocated users".to_owned(),
            Self::Show(show) => {
                format!("cannot show relocated user `{}`", show.address.to_unicode())
            }
        }
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, &what).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => {
                let filter = pattern::filter(desk.tx, list.pattern.as_ref()).await?;
                let rows = inventory::relocated(desk.tx, &filter).await?;
                Ok(Report::list("relocated list", rows.iter().map(Item::relocated).collect()))
            }
            Self::Show(show) => {
                let (domain, row) = existing(desk, &show.address, &what).await?;
                let target = destinations::target(desk, &row.new_address).await?;
                let names = facts::names_of(desk.tx, domain.gid).await?;
                let others = names.get(1..).unwrap_or_default();
                Ok(Report::sheet("relocated show", Item::whole_relocated(&row, target, others)))
            }
        }
    }
}

impl Add {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let mut report = Report::new("relocated add");
        let address = &self.address;
        let domain = names::home_of(desk, address, what).await?;
        names::only_for(desk, domain.gid, address, EntryKind::Relocated, what).await?;
        let names = Names::load(desk.tx).await?;
        if names.lies_at(desk, &self.new_address, domain.gid, &address.localpart).await? {
            return Err(Refusal::new(Rule::OwnAddress, what)
                .because("the new address is the old one")
                .into());
        }
        let before = row(desk, &domain, address).await?;
        let is_so = |row: &RelocatedRow| {
            row.new_address == self.new_address && (self.note.is_none() || row.note == self.note)
        };
        if before.as_ref().is_some_and(is_so) {
            report.note("this was known already");
            return Ok(report);
        }
        self.warn_of_stranger(desk, &names, &mut report).await?;
        write::put_relocated(desk.tx, domain.gid, &address.localpart, &self.new_address).await?;
        if let Some(note) = &self.note {
            write::note_relocated(desk.tx, domain.gid, &address.localpart, note).await?;
        }
        if let Some(row) = row(desk, &domain, address).await? {
            let change = if before.is_some() { ChangeKind::Changed } else { ChangeKind::Added };
            report.change(change, Item::relocated(&row));
        }
        Ok(report)
    }

    async fn warn_of_stranger(
        &self,
        desk: Desk<'_, '_>,
        names: &Names,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let Some(address) = self.new_address.to_address() else { return Ok(()) };
        let Some(gid) = names.gid(&address.domain) else { return Ok(()) };
        if destinations::is_stranger(desk, gid, &address).await? {
            let address = item::unicode(&self.new_address);
            report.warn(format!("nobody is at `{address}`, though its domain is served here"));
        }
        Ok(())
    }
}

impl Delete {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let (domain, row) = existing(desk, &self.address, what).await?;
        write::delete_relocated(desk.tx, domain.gid, &self.address.localpart).await?;
        let mut report = Report::new("relocated delete");
        report.change(ChangeKind::Deleted, Item::relocated(&row));
        Ok(report)
    }
}

async fn existing(
    desk: Desk<'_, '_>,
    address: &Address,
    what: &str,
) -> Result<(Named, RelocatedRow), AdminError> {
    let domain = names::home_of(desk, address, what).await?;
    names::must_be(desk, domain.gid, address, EntryKind::Relocated, what).await?;
    let row = row(desk, &domain, address).await?;
    let row = row.ok_or_else(|| Refusal::new(Rule::NoSuchRelocated, what))?;
    Ok((domain, row))
}

async fn row(
    desk: Desk<'_, '_>,
    domain: &Named,
    address: &Address,
) -> Result<Option<RelocatedRow>, AdminError> {
    let filter = Filter::one(domain.gid, &address.localpart);
    Ok(inventory::relocated(desk.tx, &filter).await?.pop())
}
