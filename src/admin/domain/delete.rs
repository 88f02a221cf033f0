//! Deletes domains.

use crate::admin::item::Item;
use crate::admin::names::{self, Names};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, references};
use crate::mail::{DomainName, Refusal, Rule, counted};
use crate::store::inventory::{self, DomainRow, Filter};
use crate::store::write;
use crate::store::{grants, orders};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin domain delete branch.example --force --dry-run
  postcote admin domain delete bücher.example --force --delete-directory";

/// Deletes a domain.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The primary name of the domain
    #[arg(value_name = "FQDN")]
    name: DomainName,
    /// Deletes everything in it, too
    #[arg(long)]
    force: bool,
    /// Deletes its alias domains, too, which are only other names
    #[arg(long)]
    with_alias_domains: bool,
    /// Order the deletion of all mail in it
    #[arg(long = "delete-directory")]
    with_mail: bool,
}

impl Delete {
    pub(super) fn what(&self) -> String {
        format!("cannot delete domain `{}`", self.name.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
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
        let names_only = !row.alias_domains.is_empty() && contents.len() == 1;
        let allowed = self.force || (self.with_alias_domains && names_only);
        if !allowed && !contents.is_empty() {
            return Err(Refusal::new(Rule::DomainNotEmpty, what)
                .because(format!("it has {}", enumerate(&contents)))
                .into());
        }
        let mut report = Report::new("domain delete");
        orders::withdraw(desk.tx, gid, None).await?;
        if self.with_mail {
            let accounts = inventory::accounts(desk.tx, &Filter::domain(gid)).await?;
            let uids: Vec<_> = accounts.iter().map(|account| account.uid).collect();
            orders::delete(desk.tx, &uids).await?;
            orders::delete_domain(desk.tx, gid).await?;
            report.note(format!("`{}` goes as soon as its orders are carried out", row.directory));
        } else if row.accounts > 0 {
            report.note(format!("its mail stays in `{}`", row.directory));
        }
        let granted = grants::of_domain(desk.tx, gid).await?;
        let elsewhere = granted.iter().filter(|grant| grant.login.domain != row.name).count();
        write::delete_domain(desk.tx, gid).await?;
        report.change(ChangeKind::Deleted, Item::domain(&row));
        if !contents.is_empty() {
            report.note(format!("with it: {}", enumerate(&contents)));
        }
        if elsewhere > 0 {
            let grants = counted(elsewhere as u64, "sender grant");
            report.note(format!("with it: {grants} to accounts of other domains"));
        }
        references::warn_of_domain(desk, &names.of(gid), &mut report).await?;
        Ok(report)
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

fn enumerate(parts: &[String]) -> String {
    match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
