//! What led to another host until now, or to another domain, leads here when a name is added,
//! and elsewhere when one goes: maybe in a circle.

use crate::admin::destinations::{self, Owner};
use crate::admin::names::Names;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, references};
use crate::mail::{Address, DomainName, DomainPattern, Gid, Localpart};
use crate::store::facts::{self, Leading, LeadingKind, Scope};

/// Follows everything that leads into a domain of this name, or below this wildcard, now that the
/// name stands for another domain than before.
///
/// # Errors
/// Mail would run in a circle, or the database failed.
pub(in crate::admin) async fn recheck(
    desk: Desk<'_, '_>,
    name: &DomainPattern,
    what: &str,
    report: &mut Report,
) -> Result<(), AdminError> {
    let names = Names::load(desk.tx).await?;
    for leading in facts::leading_into(desk.tx, std::slice::from_ref(name)).await? {
        if leading.kind == LeadingKind::Relocated || !references::into(&leading, name) {
            continue;
        }
        let (address, owner) = start(desk, &leading).await?;
        destinations::follow(desk, &names, &address, owner, what, report).await?;
    }
    Ok(())
}

/// Where to begin to follow a list, and whose it is.
pub(in crate::admin) async fn start<'a>(
    desk: Desk<'_, '_>,
    leading: &'a Leading,
) -> Result<(Address, Owner<'a>), AdminError> {
    let gid: Gid = leading.gid;
    let at = |localpart: &Localpart, domain| Address { localpart: localpart.clone(), domain };
    Ok(match (&leading.localpart, &leading.domain) {
        (Some(localpart), Scope::Domain(domain)) => {
            (at(localpart, domain.clone()), Owner::Entry(gid, localpart))
        }
        (Some(localpart), Scope::Every) => {
            (at(localpart, DomainName::any()), Owner::Default(localpart))
        }
        (None, scope) => {
            let domain = match scope {
                Scope::Domain(domain) => domain.clone(),
                Scope::Every => DomainName::any(),
            };
            (destinations::stranger(desk, gid, &domain).await?, Owner::Catchall(gid))
        }
    })
}
