//! Gives a domain another primary name.

use crate::admin::domain::existing;
use crate::admin::item::Item;
use crate::admin::limits::Watch;
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, destinations, references};
use crate::mail::{DomainName, Gid, Refusal, Rule, counted};
use crate::store::facts::{self, LeadingKind};
use crate::store::inventory::{self, Filter};
use crate::store::{details, update, write};

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin domain rename bücher.example books.example
  postcote admin domain rename example.net corp.example --keep-alias-domain

Destinations in the old domain lie in the new one then. No file moves: the
directories of a domain do not have its name.";

/// Gives a domain another primary name.
#[derive(Clone, Debug, clap::Args)]
pub struct Rename {
    /// The primary name
    #[arg(value_name = "OLD")]
    old: DomainName,
    /// The new name, which may be one of its alias domains
    #[arg(value_name = "NEW")]
    new: DomainName,
    /// Makes the old name an alias domain
    #[arg(long)]
    keep_alias_domain: bool,
}

impl Rename {
    pub(super) fn what(&self) -> String {
        format!("cannot rename domain `{}`", self.old.to_unicode())
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("domain rename");
        let (domain, _) = existing(desk, &self.old, what).await?;
        let gid = domain.gid;
        if self.old == self.new {
            report.note(format!("domain `{}` is so already", self.old.to_unicode()));
            return Ok(report);
        }
        let (old, new) = (self.old.clone().into(), self.new.clone().into());
        let promoted = self.may_be(desk, gid, what).await?;
        let watch = Watch::begin(desk, gid, &domain.primary).await?;
        update::rename_domain(desk.tx, gid, &self.new).await?;
        if !self.keep_alias_domain {
            write::delete_alias_domain(desk.tx, &old).await?;
        }
        watch.end(desk, what).await?;
        for row in inventory::domains(desk.tx, &[gid]).await? {
            report.change(ChangeKind::Changed, Item::domain(&row));
        }
        if promoted {
            report.change(ChangeKind::Deleted, Item::alias_domain(&new, &self.old));
        }
        if self.keep_alias_domain {
            report.change(ChangeKind::Added, Item::alias_domain(&old, &self.new));
        }
        report.note(format!("`{}` becomes `{}`", self.old.to_unicode(), self.new.to_unicode()));
        self.rewrite(desk, &mut report).await?;
        if !promoted {
            destinations::recheck(desk, &new, what, &mut report).await?;
        }
        self.warn(desk, gid, &mut report).await?;
        Ok(report)
    }

    /// Whether the new name is an alias domain of the domain; no other domain may have it.
    async fn may_be(&self, desk: Desk<'_, '_>, gid: Gid, what: &str) -> Result<bool, AdminError> {
        let what = format!("{what} to `{}`", self.new.to_unicode());
        match facts::domain(desk.tx, &self.new).await? {
            None => Ok(false),
            Some(named) if named.gid == gid => Ok(true),
            Some(named) if named.is_alias() => {
                let of = named.primary.to_unicode();
                Err(Refusal::new(Rule::AliasDomainExists, what)
                    .because(format!("it is an alias domain of `{of}`"))
                    .advise(format!(
                        "delete the alias domain first with \
                         `postcote admin alias-domain delete {}`",
                        self.new.to_unicode()
                    ))
                    .into())
            }
            Some(_) => Err(Refusal::new(Rule::DomainExists, what).into()),
        }
    }

    /// Has everything that leads into the old domain lead into the new one.
    async fn rewrite(&self, desk: Desk<'_, '_>, report: &mut Report) -> Result<(), AdminError> {
        let changed = ChangeKind::Changed;
        for (kind, gid, localpart) in
            update::rename_destinations(desk.tx, &self.old, &self.new).await?
        {
            let Some(localpart) = localpart else {
                for row in inventory::domains(desk.tx, &[gid]).await? {
                    let list = facts::catchall(desk.tx, gid).await?;
                    report.change(changed, Item::catchall(&row.name, &list));
                }
                continue;
            };
            let filter = Filter::one(gid, &localpart);
            match kind {
                LeadingKind::Account => {
                    for row in inventory::accounts(desk.tx, &filter).await? {
                        report.change(changed, Item::account(&row, desk.now));
                    }
                }
                LeadingKind::Relocated => {
                    for row in inventory::relocated(desk.tx, &filter).await? {
                        report.change(changed, Item::relocated(&row));
                    }
                }
                LeadingKind::Alias | LeadingKind::CatchAll => {
                    for row in inventory::aliases(desk.tx, &filter).await? {
                        report.change(changed, Item::alias(&row, desk.now));
                    }
                }
            }
        }
        references::rename_domain_of_senders(desk, &self.old, &self.new, report).await
    }

    async fn warn(
        &self,
        desk: Desk<'_, '_>,
        gid: Gid,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let named = facts::lists_with_own_name(desk.tx, gid).await?;
        if !named.is_empty() {
            report.warn(format!(
                "{}: `%d` and `%=` stand for the name that was asked for",
                references::sentence(named.iter(), "elsewhere by the new name")
            ));
        }
        let bound = details::bound_to_address(desk.tx, gid).await?.unsigned_abs();
        if bound > 0 {
            report.warn(format!(
                "the passwords of {} are stored with the old domain in them (DIGEST-MD5) and no \
                 longer fit",
                counted(bound, "account")
            ));
        }
        Ok(())
    }
}
