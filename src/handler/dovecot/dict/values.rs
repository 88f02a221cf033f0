//! What keys stand for, and which keys there are.

use crate::directory::Directory;
use crate::handler::Replies;
use crate::handler::dovecot::dict::reach::Reach;
use crate::handler::dovecot::dict::{Desk, Ledger, Reason};
use crate::handler::dovecot::fields;
use crate::handler::{AllUsers, Pages};
use crate::journal::{Amount, Write, service_name};
use crate::login::LoginError;
use crate::mail::{Timestamp, Uid};
use crate::protocol::dovecot::Fields;
use crate::protocol::dovecot::dict::{Answer, Iterate, Key, LAST_LOGIN, Reply, USERDB};

const MESSAGES: &str = "priv/quota/messages";
const STORAGE: &str = "priv/quota/storage";

/// Where rows go until there are enough of them.
struct Rows<'a> {
    replies: &'a Replies<Reply>,
    left: Option<u64>,
    with_values: bool,
}

impl<D: Directory + 'static, U: AllUsers, L: Ledger> Desk<D, U, L> {
    /// The value of a key.
    pub(super) async fn lookup(&self, key: &[u8], user: &[u8]) -> Answer {
        match self.value(key, user).await {
            Ok(Some(value)) => Answer::Value(value),
            Ok(None) => Answer::NotFound,
            Err(reason) => Answer::Failed(reason),
        }
    }

    async fn value(&self, key: &[u8], user: &[u8]) -> Result<Option<String>, Reason> {
        match Key::parse(key) {
            Key::LastLogin { user, service } => {
                let service = service_name(service.unwrap_or_default());
                let logins = self.logins(user).await?;
                let last = logins.into_iter().find(|(name, _)| *name == service);
                Ok(last.map(|(_, at)| at.0.to_string()))
            }
            // Sure enough: nothing else is kept here.
            Key::Nobody | Key::Other => Ok(None),
            Key::Passdb { user, service } => self.passdb(user, service).await,
            Key::QuotaMessages => Ok(self.usage(user).await?.map(|[_, messages]| messages)),
            Key::QuotaStorage => Ok(self.usage(user).await?.map(|[bytes, _]| bytes)),
            Key::Userdb(user) => {
                let user = self.user(user.as_bytes()).await?;
                Ok(user.map(|user| {
                    fields(&user, self.dialect).with("user", user.login.to_string()).to_json()
                }))
            }
        }
    }

    async fn passdb(&self, name: &str, service: Option<&str>) -> Result<Option<String>, Reason> {
        self.reach.to_all()?;
        match self.service.logins.stored(name, service, None).await {
            Ok(stored) => {
                let fields = Fields::default()
                    .with("user", stored.user.login.to_string())
                    .with("password", stored.hash.expose());
                Ok(Some(fields.to_json()))
            }
            Err(LoginError::Denied { .. }) => Ok(None),
            Err(LoginError::Unavailable(error)) => Err(error.to_string()),
        }
    }

    /// Bytes and messages of a user's mailbox, as texts.
    async fn usage(&self, user: &[u8]) -> Result<Option<[String; 2]>, Reason> {
        let Some(user) = self.user(user).await? else { return Ok(None) };
        match self.service.ledger.usage(user.uid).await {
            Ok(usage) => {
                Ok(usage.map(|usage| [usage.bytes.to_string(), usage.messages.to_string()]))
            }
            Err(error) => {
                self.doubt(user.uid).await;
                Err(error.to_string())
            }
        }
    }

    /// A mail process that is not told what a mailbox holds saves the message anyway, and then adds
    /// nothing: seen with the `dict` quota of 2.3.19. So the numbers are forgotten, and the next who
    /// asks counts anew.
    async fn doubt(&self, uid: Uid) {
        if matches!(self.reach, Reach::Own(_)) {
            let (bytes, messages) = (Some(Amount::Unset), Some(Amount::Unset));
            // If that is not kept, either, they stay too low until `doveadm quota recalc`.
            let _ = self.service.ledger.commit(Write::Quota { uid, bytes, messages }).await;
        }
    }

    /// When a user logged in last, by service.
    async fn logins(&self, user: &str) -> Result<Vec<(String, Timestamp)>, Reason> {
        let Some(user) = self.user(user.as_bytes()).await? else { return Ok(Vec::new()) };
        self.service.ledger.last_logins(user.uid).await.map_err(|error| error.to_string())
    }

    /// Sends a row for each key, then the end.
    pub(super) async fn iterate(&self, asked: &Iterate, replies: &Replies<Reply>) {
        let left = asked.max_rows.map(std::num::NonZeroU64::get);
        let mut rows = Rows { replies, left, with_values: !asked.omits_values() };
        let end =
            self.send_all(asked, &mut rows).await.map_or_else(Answer::Failed, |()| Answer::End);
        replies.send(Reply::Plain(end)).await;
    }

    async fn send_all(&self, asked: &Iterate, rows: &mut Rows<'_>) -> Result<(), Reason> {
        self.send_usage(asked, rows).await?;
        self.send_logins(asked, rows).await?;
        self.send_users(asked, rows).await
    }

    /// A row for each service that a user has logged in to.
    async fn send_logins(&self, asked: &Iterate, rows: &mut Rows<'_>) -> Result<(), Reason> {
        if !asked.path.starts_with(LAST_LOGIN.as_bytes()) {
            return Ok(());
        }
        let Key::LastLogin { user, .. } = Key::parse(&asked.path) else {
            return Err("last logins are listed for one user at a time".to_owned());
        };
        for (service, at) in self.logins(user).await? {
            let key = format!("{LAST_LOGIN}{user}/{service}");
            if asked.covers(key.as_bytes()) {
                rows.send(key, Some(at.0.to_string())).await;
            }
        }
        Ok(())
    }

    async fn send_usage(&self, asked: &Iterate, rows: &mut Rows<'_>) -> Result<(), Reason> {
        let covered = |key: &&str| asked.covers(key.as_bytes());
        if ![MESSAGES, STORAGE].iter().any(covered) {
            return Ok(());
        }
        let Some([bytes, messages]) = self.usage(&asked.user).await? else { return Ok(()) };
        let mut both = [(MESSAGES, messages), (STORAGE, bytes)];
        if asked.sorts_by_value() {
            both.sort_by(|(_, one), (_, other)| one.cmp(other));
        }
        for (key, value) in both {
            if covered(&key) {
                rows.send(key.to_owned(), Some(value)).await;
            }
        }
        Ok(())
    }

    /// A row for each user, without values: those are asked for one by one.
    async fn send_users(&self, asked: &Iterate, rows: &mut Rows<'_>) -> Result<(), Reason> {
        if let Key::Userdb(name) = Key::parse(&asked.path)
            && is_exact(asked)
        {
            if let Some(value) = self.value(&asked.path, &asked.user).await? {
                rows.send(format!("{USERDB}{name}"), Some(value)).await;
            }
            return Ok(());
        }
        if !may_cover_users(asked) {
            return Ok(());
        }
        self.reach.to_all()?;
        if asked.sorts_by_key() || asked.sorts_by_value() {
            return Err("users are not sorted here: ask without an order".to_owned());
        }
        let mut pages = self.service.users.all(None);
        while let Some(users) = pages.next().await.map_err(|error| error.to_string())? {
            for user in users {
                let key = format!("{USERDB}{user}");
                if asked.covers(key.as_bytes()) && !rows.send(key, None).await {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Whether the path is the key, and not what keys start with.
fn is_exact(asked: &Iterate) -> bool {
    !asked.covers(&[asked.path.as_slice(), b"x"].concat())
}

/// Whether some users' keys may be asked for.
fn may_cover_users(asked: &Iterate) -> bool {
    if asked.path.starts_with(USERDB.as_bytes()) {
        return !is_exact(asked);
    }
    // Without recursion nothing is far below.
    asked.covers(&[USERDB.as_bytes(), b"x"].concat())
}

impl Rows<'_> {
    /// Sends a row; `false` if no more are wanted.
    async fn send(&mut self, key: String, value: Option<String>) -> bool {
        if self.left == Some(0) {
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        let values = value.filter(|_| self.with_values).into_iter().collect();
        self.replies.send(Reply::Plain(Answer::Row { key, values })).await;
        true
    }
}
