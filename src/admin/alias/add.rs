//! Makes aliases and extends them.

use crate::admin::alias::default;
use crate::admin::alias::place::Place;
use crate::admin::alias::senders::{Senders, senders};
use crate::admin::item::{self, Item};
use crate::admin::limits::{self, Watch};
use crate::admin::names::{self, Names};
use crate::admin::report::{ChangeKind, Report};
use crate::admin::{AdminError, Desk, Expiry, destinations};
use crate::mail::{DestinationTemplate, EntryAddress, Localpart, Refusal, Rule};
use crate::store::facts::{self, EntryKind};
use crate::store::write::{self, AliasChange};

pub(super) const HELP: &str = "\
Examples:
  postcote admin alias add office@example.org alice@example.org bob@example.org
  postcote admin alias add fair@example.org carol@example.org --expires 2030-12-31
  postcote admin alias add postmaster@example.net alice+%d@example.org
  postcote admin alias add 'abuse@*' bob+%d@example.org
  postcote admin alias add staff@example.org alice@example.org erin@example.org --senders members

In a destination, %n stands for the local part that was asked for, %d for the
domain, %= for both as n=d, and %% for a percent sign.

NAME@* is a default alias: every domain with mailboxes has it, unless an entry
of its own stands at the address. An alias NAME `+` takes mail for all addresses
of its domain that do not exist, if the domain has no catch-all.";

/// Makes an alias, or extends it.
#[derive(Clone, Debug, clap::Args)]
pub struct Add {
    /// The address of the alias, in a primary domain, or NAME@* for every domain
    pub(super) address: EntryAddress,
    /// Where its mail goes
    #[arg(required = true, value_name = "DESTINATION")]
    destinations: Vec<DestinationTemplate>,
    /// When it ends: 2030-12-31 (at the beginning of that day, UTC) or 2030-12-31T18:00:00Z
    #[arg(long, value_name = "DATE")]
    expires: Option<Expiry>,
    /// A remark
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Who may write to it: authenticated, domain, members or addresses, separated by commas;
    /// `anybody` unless given
    #[arg(long, value_name = "LIST", value_parser = senders)]
    senders: Option<Senders>,
}

impl Add {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("alias add");
        let place = Place::of(desk, &self.address, what).await?;
        if let EntryAddress::At(address) = &self.address {
            names::only_for(desk, place.gid, address, EntryKind::Alias, what).await?;
        }
        let names = Names::load(desk.tx).await?;
        let others = self.others(desk, &names, &place, what, &mut report).await?;
        let before = place.row(desk).await?.map(|row| row.destinations);
        let mut list = before.clone().unwrap_or_default();
        destinations::extend(&mut list, &names, &others, &mut report)?;
        let had = before.as_ref().map_or(0, Vec::len);
        destinations::not_too_many(had, list.len(), what)?;
        if list.is_empty() {
            let why = "an alias cannot lead to itself, and no other destination is given";
            return Err(Refusal::new(Rule::OwnAddress, what).because(why).into());
        }
        let change = AliasChange {
            expires: self.expires.map(|expiry| Some(expiry.0)),
            note: self.note.clone().map(Some),
            enabled: None,
            senders: self.senders.clone().map(|Senders(list)| list),
        };
        if list.len() == had && change == AliasChange::default() {
            return Ok(report);
        }
        if let Some(senders) = &self.senders {
            senders.warn(desk, &mut report).await?;
        }
        if self.expires.is_some_and(|expiry| expiry.0 <= desk.now) {
            report.warn("it has ended already");
        }
        self.put(desk, &names, &place, (had, &list), &change, what, &mut report).await?;
        if let Some(row) = place.row(desk).await? {
            let change = if had == 0 { ChangeKind::Added } else { ChangeKind::Changed };
            report.change(change, Item::alias(&row, desk.now));
        }
        Ok(report)
    }

    /// Writes the list, of which so many were there before, and follows it.
    #[expect(clippy::too_many_arguments, reason = "the parts of one write")]
    async fn put(
        &self,
        desk: Desk<'_, '_>,
        names: &Names,
        place: &Place<'_>,
        (had, list): (usize, &[DestinationTemplate]),
        change: &AliasChange,
        what: &str,
        report: &mut Report,
    ) -> Result<(), AdminError> {
        let watch = match &place.domain {
            None => None,
            Some(domain) => {
                limits::may_have_destinations(desk, domain, had, list.len(), what).await?;
                Some(Watch::begin(desk, domain.gid, &domain.primary).await?)
            }
        };
        write::put_alias(desk.tx, place.gid, place.localpart(), list).await?;
        write::set_alias(desk.tx, place.gid, place.localpart(), change).await?;
        if let Some(watch) = watch {
            watch.end(desk, what).await?;
        }
        if let Some(domain) = &place.domain
            && *place.localpart() == Localpart::plus()
            && facts::catchall(desk.tx, domain.gid).await?.is_empty()
        {
            let new = list.get(had..).unwrap_or_default();
            destinations::not_strangers(desk, names, domain, new, what).await?;
        }
        destinations::follow(desk, names, &place.start(), place.owner(), what, report).await?;
        if let EntryAddress::Default(localpart) = &self.address {
            default::check(desk, names, localpart, what, report).await?;
        }
        Ok(())
    }

    /// The destinations without the alias itself. A default alias is other addresses, too, for
    /// which the same destination may be none of their own; there it is refused.
    async fn others(
        &self,
        desk: Desk<'_, '_>,
        names: &Names,
        place: &Place<'_>,
        what: &str,
        report: &mut Report,
    ) -> Result<Vec<DestinationTemplate>, AdminError> {
        let mut others = Vec::with_capacity(self.destinations.len());
        for template in &self.destinations {
            let Ok(to) = template.expand(&place.start()) else {
                others.push(template.clone());
                continue;
            };
            match (&self.address, to.to_address()) {
                (EntryAddress::Default(localpart), Some(address))
                    if names.lies_at_default(desk, &address, localpart).await? =>
                {
                    return Err(default::itself(template, what).into());
                }
                (EntryAddress::At(own), _)
                    if names.lies_at(desk, &to, place.gid, &own.localpart).await? =>
                {
                    let shown = item::shown(template);
                    report.note(format!("`{shown}` is the alias itself, and left out"));
                }
                _ => others.push(template.clone()),
            }
        }
        Ok(others)
    }
}
