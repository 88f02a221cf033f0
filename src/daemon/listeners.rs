//! Every socket of the configuration, each with its codec and its handler.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::config::{Config, Endpoint, Listen, Protocol};
use crate::daemon::logins::LoginServices;
use crate::directory::Directory;
use crate::handler::dovecot::Guard;
use crate::handler::{
    ControlHandler, PolicyHandler, SocketmapHandler, TableAnswers, TcpTableHandler,
};
use crate::policy;
use crate::protocol::{Control, Policy, Socketmap, TcpTable};
use crate::server::connection::Patience;
use crate::server::{Access, BindError, Bound, Limits, Listener, Passed, Shutdown, bind};
use crate::telemetry::log;
use crate::telemetry::metrics::Peer;

/// Postfix gives a reply 100 s; a peer that needs longer for a request is stuck.
const STALLED: Duration = Duration::from_secs(100);

/// Opens every listener, then lets them take connections: all or none.
pub(super) fn listen<D: Directory + 'static>(
    config: &Config,
    answers: &Arc<TableAnswers<D>>,
    logins: &LoginServices<D>,
    policy: Option<&policy::Policy<D>>,
    shutdown: &Shutdown,
    tasks: &mut JoinSet<&'static str>,
) -> Result<(), BindError> {
    let mut passed = Passed::take();
    let control = bind_control(config, &mut passed)?;
    let mut opened = Vec::with_capacity(config.listen.len());
    for listen in &config.listen {
        opened.push((listen, bind(&listen.address, &access_of(listen), &mut passed)?));
    }

    let patience = Patience { idle: Some(STALLED), stalled: STALLED };
    let control = Listener::new(control, Peer::Control, Limits { connections: 64, patience });
    let handler = Arc::new(
        ControlHandler::new(Arc::clone(answers), logins.logins.clone(), logins.notes.clone())
            .with_policy(policy.cloned()),
    );
    tasks.spawn(named(control.run(Control::default, handler, shutdown.clone())));
    for (listen, bound) in opened {
        let patience = Patience { idle: listen.idle_timeout, stalled: STALLED };
        let limits = Limits { connections: listen.max_connections.get(), patience };
        let (answers, shutdown) = (Arc::clone(answers), shutdown.clone());
        let users = listen.users.as_ref().map(|users| users.iter().map(|user| user.uid).collect());
        let listener = |peer| Listener::new(bound, peer, limits).only_for(users);
        match (listen.protocol, listen.table) {
            (Protocol::CourierAuth, _) => {
                let service = Arc::clone(&logins.courier);
                let listener = listener(Peer::CourierAuth);
                let begin = move |_, _: Option<&str>| Some(service.begin());
                tasks.spawn(named(listener.run_sessions(begin, shutdown)));
            }
            (Protocol::DovecotAuth, _) => {
                let service = Arc::clone(&logins.auth);
                let listener = listener(Peer::DovecotAuth);
                let begin = move |_, _: Option<&str>| service.begin();
                tasks.spawn(named(listener.run_sessions(begin, shutdown)));
            }
            (Protocol::DovecotDict, _) => {
                let Some(service) = logins.dict.clone() else { continue };
                let listener = listener(Peer::DovecotDict);
                let guard = guard_of(listen);
                let begin = move |caller, _: Option<&str>| Some(service.begin(caller, guard));
                tasks.spawn(named(listener.run_sessions(begin, shutdown)));
            }
            (Protocol::DovecotMaster, _) => {
                let service = Arc::clone(&logins.master);
                // They all serve the same, so whichever is first goes on with all of them.
                let kept = passed.kept(Peer::DovecotMaster);
                let listener = listener(Peer::DovecotMaster).with_kept(kept);
                let begin = move |caller, state: Option<&str>| match state {
                    Some(state) => service.resume(caller, state),
                    None => Some(service.begin(caller)),
                };
                tasks.spawn(named(listener.run_sessions(begin, shutdown)));
            }
            (Protocol::Policy, _) => {
                let Some(policy) = policy.cloned() else { continue };
                let handler = Arc::new(PolicyHandler::new(policy, listen.rule_set.as_deref()));
                let listener = listener(Peer::Policy);
                tasks.spawn(named(listener.run(Policy::default, handler, shutdown)));
            }
            (Protocol::TcpTable, Some(table)) => {
                let handler = Arc::new(TcpTableHandler::new(answers, table));
                let listener = listener(Peer::TcpTable);
                tasks.spawn(named(listener.run(TcpTable::default, handler, shutdown)));
            }
            // A tcp-table without a table is none that a configuration can have.
            (Protocol::Socketmap | Protocol::TcpTable, _) => {
                let handler = Arc::new(SocketmapHandler::new(answers));
                let listener = listener(Peer::Socketmap);
                tasks.spawn(named(listener.run(Socketmap::default, handler, shutdown)));
            }
        }
        log::listening(listen.protocol.as_str(), &listen.address);
    }
    Ok(())
}

async fn named(listener: impl Future<Output = ()>) -> &'static str {
    listener.await;
    "listener"
}

fn bind_control(config: &Config, passed: &mut Passed) -> Result<Bound, BindError> {
    let control = &config.control;
    // `/run` is empty after a boot; systemd makes our directory there, other ways of starting do
    // not. If it cannot be made, opening the socket says why.
    if let Endpoint::Unix(path) = &control.address
        && let Some(directory) = path.parent()
    {
        let _ = std::fs::create_dir_all(directory);
    }
    let access = Access { mode: Some(control.mode.0), owner: None, group: control.group.clone() };
    bind(&control.address, &access, passed)
}

/// Whether a socket keeps anybody out, by a list or by its permissions; of one that systemd has made
/// those are not known, and systemd lets everybody in unless it is told otherwise.
fn guard_of(listen: &Listen) -> Guard {
    match listen.address {
        _ if listen.users.is_some() => Guard::Shut,
        Endpoint::Unix(_) if listen.mode.0 & 0o002 == 0 => Guard::Shut,
        Endpoint::Inet { .. } | Endpoint::Systemd(_) | Endpoint::Unix(_) => Guard::Open,
    }
}

fn access_of(listen: &Listen) -> Access {
    Access { mode: Some(listen.mode.0), owner: listen.owner.clone(), group: listen.group.clone() }
}
