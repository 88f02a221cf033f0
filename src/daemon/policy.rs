//! The policy service, with what it remembers.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{Config, Protocol};
use crate::daemon::link;
use crate::directory::Directory;
use crate::handler::now;
use crate::journal::WriteBack;
use crate::lookup::Resolver;
use crate::mail::policy::Greylisting;
use crate::policy::{
    Acquaintances, AppLogins, Greylist, Ledger, LedgerSettings, Policy, Reader, Remembers,
};
use crate::store::Role;
use crate::store::conninfo::ConnInfoError;
use crate::telemetry::log;

/// How long the start waits to hear what was sent before, so that nobody has a limit anew.
const HEARD_WITHIN: Duration = Duration::from_secs(10);

/// The service, if a listener asks for one; `journal` is there then. Its listeners may open when
/// this returns.
pub(super) async fn policy<D: Directory + 'static>(
    config: &Config,
    resolver: Resolver<D>,
    journal: Option<&WriteBack>,
    app_logins: AppLogins,
) -> Result<Option<Policy<D>>, ConnInfoError> {
    let is_asked = config.listen.iter().any(|listen| listen.protocol == Protocol::Policy);
    let Some(journal) = journal.filter(|_| is_asked) else { return Ok(None) };
    let windowing = config.policy.windowing();
    let settings = LedgerSettings { windowing, soft_percent: config.policy.warn_at };
    let clock = Arc::new(now);
    let link = link(config, Role::Policy)?;
    let ledger = Ledger::open(journal.clone(), link.clone(), settings, Arc::clone(&clock) as _);
    if !ledger.loaded(HEARD_WITHIN).await {
        log::sent_not_heard(HEARD_WITHIN);
    }
    let delay = i64::try_from(config.policy.greylist_delay.as_secs()).unwrap_or(i64::MAX);
    let greylisting = Greylisting { delay, ..Greylisting::default() };
    let reader = Reader::open(link);
    let remembers = Remembers {
        ledger,
        acquaintances: Acquaintances::new(journal.clone(), reader.clone()),
        greylist: Greylist::new(journal.clone(), reader, greylisting),
        journal: journal.clone(),
    };
    Ok(Some(Policy::new(config, resolver, remembers, app_logins, clock)))
}
