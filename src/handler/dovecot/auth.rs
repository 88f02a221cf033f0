//! Auth sockets: for Postfix's SASL and for Dovecot's login processes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable};
use tokio::sync::mpsc;

use crate::directory::Directory;
use crate::handler::dovecot::Handover;
use crate::handler::dovecot::exchange::Running;
use crate::handler::{Flow, Notes, Replies, Session, Taken};
use crate::login::Logins;
use crate::mail::Scheme;
use crate::protocol::dovecot::Cookie;
use crate::protocol::dovecot::auth::{Auth, Greeting, Offer, Reply, Request};
use crate::protocol::{DovecotAuth, ProtocolError, Secret};
use crate::sasl::Mechanism;
use crate::telemetry::metrics::{self, Peer};

/// What all connections to auth sockets share.
pub struct AuthService<D> {
    pub(super) logins: Logins<D>,
    pub(super) handover: Arc<Handover>,
    pub(super) mechanisms: Vec<Mechanism>,
    pub(super) notes: Notes,
    pid: u32,
    connections: AtomicU32,
}

/// One connection to an auth socket.
pub struct AuthSession<D> {
    service: Arc<AuthService<D>>,
    cookie: Cookie,
    client: Option<u32>,
    exchanges: Exchanges,
}

/// The exchanges under way on a connection, by the client's numbers.
type Exchanges = Arc<Mutex<HashMap<u32, Exchange>>>;

struct Exchange {
    /// Where the client's messages go. A client may send one, and then has to wait.
    messages: mpsc::Sender<Secret>,
    /// Ends it at once, whatever it waits for.
    cancel: AbortHandle,
}

/// The mechanisms to offer where passwords are stored in this scheme: one in which the client does
/// not send the password needs something of its own to be stored, and what is offered is what
/// clients choose.
pub fn mechanisms(scheme: Scheme) -> Vec<Mechanism> {
    let usable = |mechanism: &Mechanism| {
        mechanism.sends_password()
            || scheme.stores_password()
            || scheme.challenge() == Some(mechanism.as_str())
    };
    Mechanism::ALL.into_iter().filter(usable).collect()
}

impl<D: Directory + 'static> AuthService<D> {
    /// Lets people in by these mechanisms. `pid` is what master sockets announce, too.
    pub fn new(
        logins: Logins<D>,
        handover: Arc<Handover>,
        mechanisms: Vec<Mechanism>,
        pid: u32,
    ) -> Self {
        let connections = AtomicU32::new(1);
        Self { logins, handover, mechanisms, notes: Notes::default(), pid, connections }
    }

    /// Writes down what logins leave behind.
    #[must_use]
    pub fn with_notes(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    /// Begins a connection. `None` if the system has no random numbers: better no login than one
    /// that others can fetch.
    pub fn begin(self: &Arc<Self>) -> Option<(DovecotAuth, AuthSession<D>)> {
        let mut random = [0; Cookie::BYTES];
        getrandom::fill(&mut random).ok()?;
        let cookie = Cookie::new(random);
        let offer = |mechanism: &Mechanism| Offer {
            name: mechanism.as_str(),
            properties: mechanism.properties(),
        };
        let codec = DovecotAuth::new(Greeting {
            mechanisms: self.mechanisms.iter().map(offer).collect(),
            server_pid: self.pid,
            connection: self.connections.fetch_add(1, Ordering::Relaxed),
            cookie: cookie.clone(),
        });
        let service = Arc::clone(self);
        Some((codec, AuthSession { service, cookie, client: None, exchanges: Arc::default() }))
    }
}

impl<D: Directory + 'static> Session<DovecotAuth> for AuthSession<D> {
    /// More than a login process can have. Exchanges count while they wait for their client, so
    /// fewer could stop those that would end them.
    const AT_ONCE: usize = 4096;

    fn take(
        &mut self,
        request: Request,
        replies: &Replies<Reply>,
    ) -> Result<Taken<Reply>, ProtocolError> {
        Ok(match request {
            Request::Auth(begun) => self.begin(*begun, replies),
            Request::Cancel { id } => {
                if let Some(exchange) = lock(&self.exchanges).remove(&id) {
                    exchange.cancel.abort();
                }
                Taken::Nothing
            }
            Request::Client { pid } => {
                self.client = Some(pid);
                Taken::Nothing
            }
            Request::Continue { id, response } => {
                match lock(&self.exchanges).get(&id) {
                    // A second message before the first is answered is no part of any exchange.
                    Some(exchange) => exchange
                        .messages
                        .try_send(response)
                        .map_or_else(|_| malformed(Taken::Nothing), |()| Taken::Nothing),
                    None => Taken::Reply(Reply::Fail {
                        id,
                        user: None,
                        code: None,
                        reason: Some("Authentication request timed out".to_owned()),
                    }),
                }
            }
            Request::Malformed { id, fault } => {
                // An exchange of this number is over, for its client will not wait for another end.
                if let Some(exchange) = id.and_then(|id| lock(&self.exchanges).remove(&id)) {
                    exchange.cancel.abort();
                }
                let reply = id.map(|id| Taken::Reply(Reply::malformed(id, fault)));
                malformed(reply.unwrap_or(Taken::Nothing))
            }
            Request::Version { .. } => Taken::Nothing,
        })
    }
}

impl<D: Directory + 'static> AuthSession<D> {
    fn begin(&mut self, begun: Auth, replies: &Replies<Reply>) -> Taken<Reply> {
        let id = begun.id;
        let mut exchanges = lock(&self.exchanges);
        if exchanges.contains_key(&id) {
            // The number belongs to the exchange that has it.
            return malformed(Taken::Nothing);
        }
        let (messages, received) = mpsc::channel(1);
        let (cancel, registration) = AbortHandle::new_pair();
        exchanges.insert(id, Exchange { messages, cancel });
        drop(exchanges);
        let running = Running {
            service: Arc::clone(&self.service),
            cookie: self.cookie.clone(),
            client: self.client,
            received,
            replies: replies.clone(),
        };
        let exchanges = Arc::clone(&self.exchanges);
        let work = async move {
            // The number is free before the client can know that the exchange is over.
            let over = || {
                lock(&exchanges).remove(&id);
            };
            running.run(begun, over).await
        };
        let work = Abortable::new(work, registration);
        Taken::Work(work.map(|flow| flow.unwrap_or(Flow::Open)).boxed())
    }
}

fn malformed(taken: Taken<Reply>) -> Taken<Reply> {
    metrics::malformed_requests_total(Peer::DovecotAuth).increment(1);
    taken
}

fn lock(exchanges: &Exchanges) -> std::sync::MutexGuard<'_, HashMap<u32, Exchange>> {
    exchanges.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mechanisms_are_offered_where_what_is_stored_allows() {
        let table = [
            (Scheme::Argon2id, "PLAIN LOGIN"),
            (Scheme::Sha512Crypt, "PLAIN LOGIN"),
            (Scheme::CramMd5, "PLAIN LOGIN CRAM-MD5"),
            (Scheme::HmacMd5, "PLAIN LOGIN CRAM-MD5"),
            (Scheme::ScramSha1, "PLAIN LOGIN SCRAM-SHA-1"),
            (Scheme::ScramSha256, "PLAIN LOGIN SCRAM-SHA-256"),
            (Scheme::DigestMd5, "PLAIN LOGIN"),
            (Scheme::Plain, "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"),
        ];
        for (scheme, expected) in table {
            let offered: Vec<_> = mechanisms(scheme).into_iter().map(Mechanism::as_str).collect();
            assert_eq!(offered.join(" "), expected, "{scheme}");
        }
    }
}
