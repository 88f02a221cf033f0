//! Keeps what clients tell.

use std::time::Duration;

use tokio::time::timeout;

use crate::directory::Directory;
use crate::handler::AllUsers;
use crate::handler::dovecot::dict::plan::Plan;
use crate::handler::dovecot::dict::{Desk, Ledger, Reason};
use crate::journal::Write;
use crate::login::User;
use crate::mail::Uid;
use crate::protocol::dovecot::dict::{Answer, CommitKind, Outcome, Transaction};

/// How long a client waits to hear that its mailbox has to be counted anew, which it would hear
/// when it asks the next time, too.
const LOOK: Duration = Duration::from_secs(1);

impl<D: Directory + 'static, U: AllUsers, L: Ledger> Desk<D, U, L> {
    /// Keeps a transaction, and says so when it cannot be lost any more.
    pub(super) async fn commit(
        &self,
        id: u32,
        kind: CommitKind,
        transaction: Transaction,
    ) -> Answer {
        let outcome = self.outcome(&transaction).await.unwrap_or_else(Outcome::Failed);
        Answer::Commit { id, kind, outcome }
    }

    async fn outcome(&self, transaction: &Transaction) -> Result<Outcome, Reason> {
        let Some(changes) = &transaction.changes else {
            return Err("the transactions of this connection are too large".to_owned());
        };
        let plan = Plan::of(changes)?;
        let mut writes = Vec::new();
        if plan.bytes.is_some() || plan.messages.is_some() {
            let uid = self.writer(&transaction.user).await?.uid;
            if plan.adds() && self.is_unknown(uid).await {
                return Ok(Outcome::NotFound);
            }
            writes.push(Write::Quota { uid, bytes: plan.bytes, messages: plan.messages });
        }
        for login in plan.logins {
            let uid = self.writer(login.user.as_bytes()).await?.uid;
            let service = login.service.unwrap_or_default().to_owned();
            writes.push(Write::LastLogin { uid, service, at: login.at, remote: None });
        }
        let mut kept = false;
        for write in writes {
            match self.service.ledger.commit(write).await {
                Ok(()) => kept = true,
                Err(error) if kept => return Ok(Outcome::Uncertain(error.to_string())),
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(Outcome::Done)
    }

    /// Whose things are to be changed.
    async fn writer(&self, name: &[u8]) -> Result<User, Reason> {
        let user = self.user(name).await?;
        user.ok_or_else(|| format!("there is no account `{}`", String::from_utf8_lossy(name)))
    }

    /// Whether nobody has told what a mailbox holds, for sure. If that cannot be known now, an
    /// addition does no harm: to what is not known nothing is added.
    async fn is_unknown(&self, uid: Uid) -> bool {
        matches!(timeout(LOOK, self.service.ledger.usage(uid)).await, Ok(Ok(None)))
    }
}
