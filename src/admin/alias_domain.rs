//! Alias domains: other names for a domain, which share everything with it.

use crate::admin::destinations::{self, Owner};
use crate::admin::item::Item;
use crate::admin::names::{self, Names};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Pattern, catchall, references};
use crate::mail::{Address, DomainName, Refusal, Rule};
use crate::store::facts::{self, LeadingKind};
use crate::store::write;

/// What to do with alias domains.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Gives a domain another name
    #[command(
        after_long_help = "Example:\n  postcote admin alias-domain add example.com example.org"
    )]
    Add(Add),
    /// Takes the name away again
    Delete(Delete),
    /// Lists alias domains and their primary domains
    List(List),
}

/// Gives a domain another name.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The new name
    name: DomainName,
    /// The primary name of the domain that gets it
    primary: DomainName,
}

/// Takes a name away.
#[derive(Clone, Debug, clap::Args)]
pub struct Delete {
    /// The alias domain
    name: DomainName,
}

/// Lists alias domains.
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Only alias domains like this, or of primary domains like this; `%` stands for any text
    pattern: Option<Pattern>,
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Add(add) => format!("cannot add alias domain `{}`", add.name.to_unicode()),
            Self::Delete(delete) => {
                format!("cannot delete alias domain `{}`", delete.name.to_unicode())
            }
            Self::List(_) => "cannot list alias domains".to_owned(),
        }
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Add(add) => add.perform(desk, &what).await,
            Self::Delete(delete) => delete.perform(desk, &what).await,
            Self::List(list) => list.perform(desk).await,
        }
    }
}

impl Add {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let primary = names::served(desk, &self.primary, what).await?;
        if primary.is_alias() {
            return Err(names::alias_domain(&primary, what).into());
        }
        if let Some(taken) = facts::domain(desk.tx, &self.name).await? {
            return Err(if taken.is_alias() {
                let of = taken.primary.to_unicode();
                Refusal::new(Rule::AliasDomainExists, what)
                    .because(format!("it is an alias domain of `{of}` already"))
            } else {
                Refusal::new(Rule::DomainExists, what)
            }
            .into());
        }
        write::insert_alias_domain(desk.tx, &self.name, primary.gid).await?;
        let mut report = Report::new("alias-domain add");
        report.change(ChangeKind::Added, Item::alias_domain(&self.name, &self.primary));
        follow(desk, &self.name, what, &mut report).await?;
        Ok(report)
    }
}

/// What led to another host until now leads here, and maybe back.
pub(super) async fn follow(
    desk: Desk<'_, '_>,
    name: &DomainName,
    what: &str,
    report: &mut Report,
) -> Result<(), AdminError> {
    let names = Names::load(desk.tx).await?;
    for leading in facts::leading_into(desk.tx, std::slice::from_ref(name)).await? {
        if leading.kind == LeadingKind::Relocated || !references::into(&leading, name) {
            continue;
        }
        let (address, owner) = match &leading.localpart {
            Some(localpart) => (
                Address { localpart: localpart.clone(), domain: leading.domain.clone() },
                Owner::Entry(leading.gid, localpart),
            ),
            None => (
                catchall::stranger(desk, leading.gid, &leading.domain).await?,
                Owner::Catchall(leading.gid),
            ),
        };
        destinations::follow(desk, &names, &address, owner, what, report).await?;
    }
    Ok(())
}

impl Delete {
    async fn perform(&self, desk: Desk<'_, '_>, what: &str) -> Result<Report, AdminError> {
        let Some(named) = facts::domain(desk.tx, &self.name).await? else {
            let names = Names::load(desk.tx).await?;
            let refusal = Refusal::new(Rule::NoSuchAliasDomain, what);
            let known = names.aliases().map(DomainName::to_unicode);
            return Err(names::guess(refusal, &self.name.to_unicode(), known).into());
        };
        if !named.is_alias() {
            return Err(Refusal::new(Rule::IsPrimaryDomain, what)
                .advise(format!(
                    "delete the domain with `postcote admin domain delete {}`",
                    self.name.to_unicode()
                ))
                .into());
        }
        write::delete_alias_domain(desk.tx, &self.name).await?;
        let mut report = Report::new("alias-domain delete");
        report.change(ChangeKind::Deleted, Item::alias_domain(&self.name, &named.primary));
        Ok(report)
    }
}

impl List {
    async fn perform(&self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let names = facts::names(desk.tx).await?;
        let primary_of = |gid| {
            let found = names.iter().find(|(_, of, primary)| *primary && *of == gid);
            found.map(|(name, ..)| name)
        };
        let mut items = Vec::new();
        for (name, gid, is_primary) in &names {
            let Some(primary) = primary_of(*gid).filter(|_| !is_primary) else { continue };
            let wanted = self.pattern.as_ref().is_none_or(|pattern| {
                pattern.matches_domain(name) || pattern.matches_domain(primary)
            });
            if wanted {
                items.push(Item::alias_domain(name, primary));
            }
        }
        Ok(Report::list("alias-domain list", items))
    }
}
