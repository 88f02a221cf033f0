//! Dict sockets: passwords and users for Dovecot's own auth process, and what mail processes tell
//! of quota and last logins.
//!
//! Whatever is not kept here is a key without a value, and cannot be written. Replies are in the
//! order of the requests, which every client understands; the numbers by which 2.3 and 2.4 can tell
//! replies in another order apart are for servers that need them.

mod commit;
mod plan;
mod reach;
mod values;

use std::sync::Arc;

use futures_util::FutureExt;

use crate::directory::Directory;
use crate::handler::dovecot::Dialect;
use crate::handler::{AllUsers, Caller, Flow, Replies, Session, Taken};
use crate::journal::{QuotaUsage, Write, WriteBack, WriteError};
use crate::login::{Logins, User};
use crate::mail::{Timestamp, Uid};
use crate::protocol::dovecot::dict::{Hello, Reply, Request, Transactions, Version};
use crate::protocol::{DovecotDict, ProtocolError};

use reach::Reach;

pub use reach::Guard;

/// Where it is kept what clients tell.
pub trait Ledger: Send + Sync + 'static {
    /// Keeps a write; when this returns it is not lost any more.
    ///
    /// # Errors
    /// It was not kept.
    fn commit(&self, write: Write) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// What a mailbox holds, with everything that was kept; `None` if nobody has told.
    ///
    /// # Errors
    /// It cannot be known now.
    fn usage(
        &self,
        uid: Uid,
    ) -> impl Future<Output = Result<Option<QuotaUsage>, WriteError>> + Send;

    /// When an account logged in last, by service, with everything that was kept.
    ///
    /// # Errors
    /// It cannot be known now.
    fn last_logins(
        &self,
        uid: Uid,
    ) -> impl Future<Output = Result<Vec<(String, Timestamp)>, WriteError>> + Send;
}

impl Ledger for WriteBack {
    async fn commit(&self, write: Write) -> Result<(), WriteError> {
        Self::commit(self, write).await
    }

    async fn usage(&self, uid: Uid) -> Result<Option<QuotaUsage>, WriteError> {
        self.quota(uid).await
    }

    async fn last_logins(&self, uid: Uid) -> Result<Vec<(String, Timestamp)>, WriteError> {
        Self::last_logins(self, uid).await
    }
}

/// What all connections to dict sockets share.
pub struct DictService<D, U, L> {
    logins: Logins<D>,
    users: U,
    ledger: L,
    /// The user that the daemon runs as.
    own: u32,
}

/// One connection to a dict socket.
pub struct DictSession<D, U, L> {
    service: Arc<DictService<D, U, L>>,
    reach: Reach,
    hello: Option<Hello>,
    transactions: Transactions,
}

/// Whoever asks, and in which words to answer.
struct Desk<D, U, L> {
    service: Arc<DictService<D, U, L>>,
    reach: Reach,
    dialect: Dialect,
}

/// Why something cannot be answered or kept, for the log of the client.
type Reason = String;

impl<D: Directory + 'static, U: AllUsers, L: Ledger> DictService<D, U, L> {
    /// Answers by these. `own` is the user that the daemon runs as.
    pub fn new(logins: Logins<D>, users: U, ledger: L, own: u32) -> Self {
        Self { logins, users, ledger, own }
    }

    /// Begins a connection.
    pub fn begin(
        self: &Arc<Self>,
        caller: Caller,
        guard: Guard,
    ) -> (DovecotDict, DictSession<D, U, L>) {
        let session = DictSession {
            service: Arc::clone(self),
            reach: Reach::of(caller, self.own, guard),
            hello: None,
            transactions: Transactions::default(),
        };
        (DovecotDict::default(), session)
    }
}

impl<D: Directory + 'static, U: AllUsers, L: Ledger> Session<DovecotDict> for DictSession<D, U, L> {
    /// Replies without numbers are told apart by their order.
    const AT_ONCE: usize = 1;

    fn take(
        &mut self,
        request: Request,
        replies: &Replies<Reply>,
    ) -> Result<Taken<Reply>, ProtocolError> {
        let (request, hello) = match (request, &self.hello) {
            (Request::Hello(hello), None) => {
                self.hello = Some(hello);
                return Ok(Taken::Nothing);
            }
            (Request::Hello(_), Some(_)) | (_, None) => return Err(ProtocolError::Malformed),
            (request, Some(hello)) => (request, hello),
        };
        let dialect = match hello.version {
            Version::V2 | Version::V3 => Dialect::Dovecot23,
            Version::V4 => Dialect::Dovecot24,
        };
        let desk = Desk { service: Arc::clone(&self.service), reach: self.reach, dialect };
        let replies = replies.clone();
        // Every reply takes the same way, or a later one could come before an earlier one.
        let work = match request {
            Request::Commit { id, kind } => {
                let transaction = self.transactions.end(id)?;
                async move {
                    let answer = desk.commit(id, kind, transaction).await;
                    replies.send(Reply::Plain(answer)).await;
                    Flow::Open
                }
                .boxed()
            }
            Request::Iterate(mut asked) => {
                asked.user = hello.user_of(&asked.user).to_vec();
                async move {
                    desk.iterate(&asked, &replies).await;
                    Flow::Open
                }
                .boxed()
            }
            Request::Lookup { key, user } => {
                let user = hello.user_of(&user).to_vec();
                async move {
                    replies.send(Reply::Plain(desk.lookup(&key, &user).await)).await;
                    Flow::Open
                }
                .boxed()
            }
            Request::Begin { id, user, expire } => {
                self.transactions.begin(id, hello.user_of(&user).to_vec(), expire)?;
                return Ok(Taken::Nothing);
            }
            Request::Rollback { id } => {
                self.transactions.end(id)?;
                return Ok(Taken::Nothing);
            }
            Request::Timestamp { id, seconds, nanoseconds } => {
                self.transactions.written(id, (seconds, nanoseconds))?;
                return Ok(Taken::Nothing);
            }
            Request::Write { id, change } => {
                self.transactions.write(id, change)?;
                return Ok(Taken::Nothing);
            }
            // No log shows values; the first line was taken above.
            Request::HideValues { .. } | Request::Hello(_) => return Ok(Taken::Nothing),
        };
        Ok(Taken::Work(work))
    }
}

impl<D: Directory + 'static, U: AllUsers, L: Ledger> Desk<D, U, L> {
    /// The user of a name, if the caller may ask about it.
    async fn user(&self, name: &[u8]) -> Result<Option<User>, Reason> {
        // What is no UTF-8 is nobody's name.
        let Ok(name) = std::str::from_utf8(name) else { return Ok(None) };
        let user = self.service.logins.user(name, None).await.map_err(|error| error.to_string())?;
        self.reach.to(user.as_ref().map(|user| user.uid))?;
        Ok(user)
    }
}
