//! Lists alias domains.

use std::collections::HashMap;

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, Pattern};
use crate::mail::{DomainName, DomainPattern, Gid};
use crate::store::facts;

/// Lists alias domains like this, or of primary domains like this.
pub(super) async fn perform(
    desk: Desk<'_, '_>,
    pattern: Option<&Pattern>,
) -> Result<Report, AdminError> {
    let names = facts::names(desk.tx).await?;
    let primary = |(name, gid, is_primary): &(DomainPattern, Gid, bool)| match name {
        DomainPattern::Exact(name) if *is_primary => Some((*gid, name.clone())),
        _ => None,
    };
    let primaries: HashMap<Gid, DomainName> = names.iter().filter_map(primary).collect();
    let mut items = Vec::new();
    for (name, gid, _) in names.iter().filter(|(.., is_primary)| !is_primary) {
        let Some(primary) = primaries.get(gid) else { continue };
        let wanted = pattern.is_none_or(|pattern| {
            pattern.matches_domain(name) || pattern.matches_domain(&primary.clone().into())
        });
        if wanted {
            items.push(Item::alias_domain(name, primary));
        }
    }
    Ok(Report::list("alias-domain list", items))
}
