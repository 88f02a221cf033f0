//! What stands at a destination.

use serde::Serialize;

use crate::admin::{AdminError, Desk};
use crate::mail::{Address, Destination, DestinationTemplate, Gid, Localpart};
use crate::store::facts::{self, EntryKind};

/// What stands at a destination, alphabetically.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::admin) enum Target {
    /// A mailbox.
    Account,
    /// Another alias.
    Alias,
    /// Nothing, so the catch-all of its domain, or the user `+`, gets the mail.
    CatchAll,
    /// A default alias.
    DefaultAlias,
    /// Who was asked for decides.
    Depends,
    /// Another host's business.
    External,
    /// Nothing, so the mail bounces.
    Nobody,
    /// A recipient in a relay domain.
    Relayed,
    /// Somebody who has moved.
    Relocated,
}

impl Target {
    /// What it is in words, for people.
    pub(in crate::admin) fn in_words(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Alias => "alias",
            Self::CatchAll => "catch-all",
            Self::DefaultAlias => "default alias",
            Self::Depends => "depends on who is asked for",
            Self::External => "external",
            Self::Nobody => "nobody is there!",
            Self::Relayed => "relayed",
            Self::Relocated => "relocated",
        }
    }
}

/// What stands at each of some destinations when mail is for this address; without one, where
/// placeholders lead to is open.
pub(in crate::admin) async fn targets(
    desk: Desk<'_, '_>,
    list: &[DestinationTemplate],
    asked: Option<&Address>,
) -> Result<Vec<Target>, AdminError> {
    let mut targets = Vec::with_capacity(list.len());
    for template in list {
        let destination = match (template.fixed(), asked) {
            (Some(fixed), _) => Some(fixed.clone()),
            (None, Some(asked)) => template.expand(asked).ok(),
            (None, None) => None,
        };
        targets.push(match destination {
            None => Target::Depends,
            Some(to) => target(desk, &to).await?,
        });
    }
    Ok(targets)
}

/// What stands at a destination.
pub(in crate::admin) async fn target(
    desk: Desk<'_, '_>,
    destination: &Destination,
) -> Result<Target, AdminError> {
    // What is too long for an address of ours is another host's.
    let Some(address) = destination.to_address() else { return Ok(Target::External) };
    let Some(domain) = facts::domain_of(desk.tx, &address.domain).await? else {
        return Ok(Target::External);
    };
    if domain.relayed {
        return Ok(Target::Relayed);
    }
    let base = address.split(&desk.settings.delimiters).map(|(base, _)| base.localpart);
    for gid in [domain.gid, Gid::DEFAULTS] {
        for localpart in [Some(&address.localpart), base.as_ref()].into_iter().flatten() {
            if let Some(kind) = facts::entry(desk.tx, gid, localpart).await? {
                return Ok(match kind {
                    EntryKind::Account => Target::Account,
                    EntryKind::Alias => Target::Alias,
                    EntryKind::DefaultAlias => Target::DefaultAlias,
                    EntryKind::RelayRecipient => Target::Relayed,
                    EntryKind::Relocated => Target::Relocated,
                });
            }
        }
    }
    let strangers = !facts::catchall(desk.tx, domain.gid).await?.is_empty()
        || facts::entry(desk.tx, domain.gid, &Localpart::plus()).await?.is_some();
    Ok(if strangers { Target::CatchAll } else { Target::Nobody })
}
