//! Has what leads to an entry lead to its new address.

use crate::admin::references::Reference;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, item};
use crate::mail::{Address, Delimiters, Destination, DestinationTemplate, DomainName, Localpart};
use crate::store::facts::LeadingKind;

/// An entry that gets another address.
pub(in crate::admin) struct Move {
    /// Its local part.
    pub(in crate::admin) localpart: Localpart,
    /// The new local part.
    pub(in crate::admin) to: Localpart,
    /// The primary name of the new domain, if it is another.
    pub(in crate::admin) into: Option<DomainName>,
}

impl Reference {
    /// Has it lead to the new address. Placeholders cannot be rewritten; such destinations are
    /// returned as people read them, and left.
    pub(in crate::admin) async fn rewrite(
        &self,
        desk: Desk<'_, '_>,
        entry: &Move,
        report: &mut Report,
    ) -> Result<Vec<String>, AdminError> {
        let mut list: Vec<DestinationTemplate> = Vec::new();
        let mut left = Vec::new();
        for (template, there) in self.leading.destinations.iter().zip(&self.there) {
            let rewritten = match (there, self.leading.kind) {
                (false, _) => Some(template.clone()),
                (true, LeadingKind::Relocated) => entry.new_address(template, desk),
                (true, _) => entry.rewritten(template, desk),
            };
            let one = rewritten.unwrap_or_else(|| {
                left.push(item::shown(template));
                template.clone()
            });
            if !list.contains(&one) {
                list.push(one);
            }
        }
        if list != self.leading.destinations {
            self.put(desk, &list, report).await?;
        }
        Ok(left)
    }
}

impl Move {
    /// A destination that leads to the new address as it led to the old one: with its extension,
    /// and by the alias domain it was written with.
    fn rewritten(
        &self,
        template: &DestinationTemplate,
        desk: Desk<'_, '_>,
    ) -> Option<DestinationTemplate> {
        if let Some(fixed) = template.fixed() {
            return self.readdressed(fixed, &desk.settings.delimiters).map(Into::into);
        }
        // `%d` is a name of the own domain, so a local part without placeholders can follow.
        let (written, domain) = template.as_str().rsplit_once('@')?;
        if domain != "%d" || self.into.is_some() {
            return None;
        }
        let stand_in = DestinationTemplate::parse(&format!("{written}@d.example")).ok()?;
        let to = self.readdressed(stand_in.fixed()?, &desk.settings.delimiters)?;
        let text = DestinationTemplate::from(to);
        let (written, _) = text.as_str().rsplit_once('@')?;
        DestinationTemplate::parse(&format!("{written}@%d")).ok()
    }

    fn new_address(
        &self,
        template: &DestinationTemplate,
        desk: Desk<'_, '_>,
    ) -> Option<DestinationTemplate> {
        let old = Destination::parse(template.as_str()).ok()?;
        let new = self.readdressed(&old, &desk.settings.delimiters)?;
        DestinationTemplate::parse(&new.to_string()).ok()
    }

    fn readdressed(&self, old: &Destination, delimiters: &Delimiters) -> Option<Address> {
        let old = old.to_address()?;
        let extension = match old.localpart.split(delimiters) {
            _ if old.localpart == self.localpart => "",
            Some((base, extension)) if base == self.localpart => extension,
            _ => return None,
        };
        let localpart = format!("{}{extension}", self.to.as_str());
        let localpart = Localpart::from_internal(&localpart).ok()?;
        Some(Address { localpart, domain: self.into.clone().unwrap_or(old.domain) })
    }
}
