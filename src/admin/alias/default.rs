//! Default aliases must lead out of every domain.

use crate::admin::destinations::{self, Owner};
use crate::admin::item;
use crate::admin::names::Names;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, DestinationTemplate, Localpart, Refusal, Rule};
use crate::store::facts::{self, LeadingKind};

/// So many lists are followed; more would take minutes.
const MAX_FOLLOWED: usize = 1000;

/// Refuses a destination at which a default alias stands itself.
pub(super) fn itself(template: &DestinationTemplate, what: &str) -> Refusal {
    let shown = item::shown(template);
    Refusal::new(Rule::Loop, what)
        .because(format!("nothing of its own stands at `{shown}`, so this alias does"))
        .advise("add an account or an alias of this address first, or use another one")
}

/// Refuses a default alias that leads back to itself in some domain: by a list there that leads to
/// an address which it stands at. In a domain without such lists it was followed already.
pub(super) async fn check(
    desk: Desk<'_, '_>,
    names: &Names,
    localpart: &Localpart,
    what: &str,
    report: &mut Report,
) -> Result<(), AdminError> {
    let lists = facts::leading_to_localpart(desk.tx, localpart).await?;
    let mut followed = 0;
    for leading in &lists {
        if leading.kind == LeadingKind::Relocated {
            continue;
        }
        let (start, _) = destinations::start(desk, leading).await?;
        if !leads_to(desk, names, &leading.destinations, &start, localpart).await? {
            continue;
        }
        if followed == MAX_FOLLOWED {
            report.warn(format!(
                "more than {MAX_FOLLOWED} lists lead to such addresses, and the others were not \
                 followed; should mail run in a circle there, it is cut"
            ));
            break;
        }
        followed += 1;
        destinations::leads_back(desk, names, &start, Owner::Default(localpart), what).await?;
    }
    Ok(())
}

/// Whether one of the destinations is an address at which the default alias stands.
async fn leads_to(
    desk: Desk<'_, '_>,
    names: &Names,
    list: &[DestinationTemplate],
    asked: &Address,
    localpart: &Localpart,
) -> Result<bool, AdminError> {
    for template in list {
        let to = template.expand(asked).ok().and_then(|to| to.to_address());
        if let Some(to) = to
            && names.lies_at_default(desk, &to, localpart).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
