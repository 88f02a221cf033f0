//! Serves a domain, or stops serving it without deleting anything.

use crate::admin::domain::existing;
use crate::admin::item::Item;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk};
use crate::mail::DomainName;
use crate::store::{inventory, update};

pub(super) const ENABLE: &str = "Example:\n  postcote admin domain enable example.org";

pub(super) const DISABLE: &str = "\
Example:
  postcote admin domain disable example.org

A disabled domain stands in no table: Postfix treats its addresses as it treats
those of any other host.";

/// Serves a domain again.
#[derive(Clone, Debug, clap::Args)]
pub struct Enable {
    /// The primary name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
}

/// Serves a domain no longer, and keeps all its data.
#[derive(Clone, Debug, clap::Args)]
pub struct Disable {
    /// The primary name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
}

impl Enable {
    pub(super) fn what(&self) -> String {
        format!("cannot enable domain `{}`", self.name.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        put(desk, &self.name, true, Report::new("domain enable"), what).await
    }
}

impl Disable {
    pub(super) fn what(&self) -> String {
        format!("cannot disable domain `{}`", self.name.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        put(desk, &self.name, false, Report::new("domain disable"), what).await
    }
}

async fn put(
    desk: Desk<'_, '_>,
    name: &DomainName,
    enabled: bool,
    mut report: Report,
    what: &str,
) -> Result<Report, AdminError> {
    let (_, row) = existing(desk, name, what).await?;
    if row.enabled == enabled {
        report.note(format!("domain `{}` is so already", name.to_unicode()));
        return Ok(report);
    }
    update::enable_domain(desk.tx, row.gid, enabled).await?;
    for row in inventory::domains(desk.tx, &[row.gid]).await? {
        report.change(ChangeKind::Changed, Item::domain(&row));
    }
    Ok(report)
}
