//! Master sockets: what LMTP, doveadm and mail processes ask about users.

use std::sync::Arc;

use core::net::IpAddr;
use futures_util::FutureExt;

use crate::directory::Directory;
use crate::handler::dovecot::Handover;
use crate::handler::dovecot::userdb::{Dialect, fields};
use crate::handler::{AllUsers, Caller, Flow, Pages, Replies, Session, Taken};
use crate::login::{LoginError, Logins};
use crate::protocol::dovecot::master::{Reply, Request};
use crate::protocol::dovecot::{Cookie, Fields, Parameters};
use crate::protocol::{DovecotMaster, ProtocolError};
use crate::telemetry::metrics::{self, Peer};

/// What all connections to master sockets share.
pub struct MasterService<D, U> {
    logins: Logins<D>,
    handover: Arc<Handover>,
    users: U,
    pid: u32,
}

/// One connection to a master socket.
pub struct MasterSession<D, U> {
    service: Arc<MasterService<D, U>>,
    caller: Caller,
    dialect: Dialect,
}

impl<D: Directory + 'static, U: AllUsers> MasterService<D, U> {
    /// Answers by these. `pid` is what auth sockets announce, too.
    pub fn new(logins: Logins<D>, handover: Arc<Handover>, users: U, pid: u32) -> Self {
        Self { logins, handover, users, pid }
    }

    /// Begins a connection.
    pub fn begin(self: &Arc<Self>, caller: Caller) -> (DovecotMaster, MasterSession<D, U>) {
        let session =
            MasterSession { service: Arc::clone(self), caller, dialect: Dialect::default() };
        (DovecotMaster::new(self.pid), session)
    }

    /// Goes on with a connection of which another process said this.
    pub fn resume(
        self: &Arc<Self>,
        caller: Caller,
        state: &str,
    ) -> Option<(DovecotMaster, MasterSession<D, U>)> {
        let dialect = Dialect::parse(state)?;
        let session = MasterSession { service: Arc::clone(self), caller, dialect };
        Some((DovecotMaster::greeted(self.pid), session))
    }
}

impl<D: Directory + 'static, U: AllUsers> Session<DovecotMaster> for MasterSession<D, U> {
    /// Dovecot up to 2.4.1 has one, later ones have several.
    const AT_ONCE: usize = 64;

    fn take(
        &mut self,
        request: Request,
        replies: &Replies<Reply>,
    ) -> Result<Taken<Reply>, ProtocolError> {
        let (service, dialect) = (Arc::clone(&self.service), self.dialect);
        Ok(match request {
            Request::Flush { id, .. } => {
                Taken::Reply(Reply::Flushed { id, count: service.logins.forget() })
            }
            Request::List { id, mask, .. } => {
                let replies = replies.clone();
                let work = async move { service.list(id, mask, &replies).await };
                Taken::Work(work.map(|()| Flow::Open).boxed())
            }
            Request::Login { id, client_pid, auth_id, cookie, session_pid } => {
                let place = (client_pid, auth_id);
                Taken::Reply(self.handed_over(id, place, &cookie, session_pid))
            }
            Request::Malformed { id } => {
                metrics::malformed_requests_total(Peer::DovecotMaster).increment(1);
                let fail = |id| Reply::Fail { id, reason: Some("malformed request".to_owned()) };
                id.map_or(Taken::Nothing, |id| Taken::Reply(fail(id)))
            }
            Request::Pass { id, user, parameters } => {
                let work = async move { service.pass(id, &user, &parameters).await };
                reply(work, replies)
            }
            Request::User { id, user, parameters } => {
                let local = parameters.local.ip;
                let work = async move { service.user(id, &user, local, dialect).await };
                reply(work, replies)
            }
            Request::Version { minor } => {
                self.dialect = Dialect::of_minor_version(minor);
                Taken::Nothing
            }
        })
    }

    /// LMTP answers 451 to the next recipient if its connection is gone.
    fn state(&self) -> Option<&'static str> {
        Some(self.dialect.as_str())
    }
}

/// Work that ends with its one reply.
fn reply(
    work: impl Future<Output = Reply> + Send + 'static,
    replies: &Replies<Reply>,
) -> Taken<Reply> {
    let replies = replies.clone();
    let work = async move {
        replies.send(work.await).await;
        Flow::Open
    };
    Taken::Work(work.boxed())
}

impl<D: Directory + 'static, U: AllUsers> MasterSession<D, U> {
    /// The login that was made on an auth socket, for the process that says which one it is and is
    /// it, as far as the kernel tells.
    fn handed_over(
        &self,
        id: u32,
        (client_pid, auth_id): (u32, u32),
        cookie: &Cookie,
        session_pid: Option<u32>,
    ) -> Reply {
        let is_itself = match (self.caller.pid, session_pid) {
            (Some(pid), Some(claimed)) => pid == claimed,
            _ => true,
        };
        let found = self.service.handover.fetch(client_pid, auth_id, cookie);
        match found.filter(|_| is_itself) {
            Some((user, mechanism)) => {
                let fields = fields(&user, self.dialect).with("auth_mech", mechanism);
                Reply::User { id, user: user.login.to_string(), fields }
            }
            None => Reply::Fail { id, reason: Some("no such login".to_owned()) },
        }
    }
}

impl<D: Directory + 'static, U: AllUsers> MasterService<D, U> {
    async fn user(&self, id: u32, name: &[u8], local: Option<IpAddr>, dialect: Dialect) -> Reply {
        let Ok(name) = std::str::from_utf8(name) else { return Reply::NotFound { id } };
        match self.logins.user(name, local).await {
            Ok(Some(user)) => {
                let fields = fields(&user, dialect);
                Reply::User { id, user: user.login.to_string(), fields }
            }
            Ok(None) => Reply::NotFound { id },
            Err(error) => Reply::Fail { id, reason: Some(error.to_string()) },
        }
    }

    /// Whether somebody may log in. The hash is not told: nobody who asks here verifies.
    async fn pass(&self, id: u32, name: &[u8], parameters: &Parameters) -> Reply {
        let Ok(name) = std::str::from_utf8(name) else { return Reply::NotFound { id } };
        let service = Some(parameters.service.as_str()).filter(|service| !service.is_empty());
        match self.logins.stored(name, service, parameters.local.ip).await {
            Ok(stored) => {
                let user = stored.user.login.to_string();
                Reply::Pass { id, user, fields: Fields::default() }
            }
            Err(LoginError::Denied { .. }) => Reply::NotFound { id },
            Err(LoginError::Unavailable(error)) => {
                Reply::Fail { id, reason: Some(error.to_string()) }
            }
        }
    }

    async fn list(&self, id: u32, mask: Option<Vec<u8>>, replies: &Replies<Reply>) {
        // What is no UTF-8 matches nobody.
        let mask = mask.map(|mask| String::from_utf8_lossy(&mask).into_owned());
        let mut pages = self.users.all(mask.as_deref());
        loop {
            match pages.next().await {
                Ok(Some(users)) => {
                    for user in users {
                        replies.send(Reply::Row { id, user: user.to_string() }).await;
                    }
                }
                Ok(None) => return replies.send(Reply::Done { id, complete: true }).await,
                Err(_) => return replies.send(Reply::Done { id, complete: false }).await,
            }
        }
    }
}
