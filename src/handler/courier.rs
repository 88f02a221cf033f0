//! Courier's socket: logins, where a user's mail is, and all users.

use std::net::IpAddr;
use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};

use crate::directory::Directory;
use crate::handler::{AllUsers, Flow, Notes, Pages, Replies, Session, Taken};
use crate::login::{Attempt, Credentials, LoginError, Logins, User, Wanted};
use crate::mail::{Channel, MailboxFormat, Service};
use crate::protocol::courier::{self, Question, Reply, Request, Shown};
use crate::protocol::{Courier, ProtocolError};
use crate::sasl::cram_md5_response;
use crate::telemetry::log;

/// What all connections to Courier's sockets share.
pub struct CourierService<D, U> {
    logins: Logins<D>,
    users: U,
    notes: Notes,
}

/// One connection to a socket of Courier's, which has one question.
pub struct CourierSession<D, U>(Arc<CourierService<D, U>>);

/// How many users of a list are looked up side by side, so that the database is asked for several
/// at once.
const SIDE_BY_SIDE: usize = 64;

impl<D: Directory + 'static, U: AllUsers> CourierService<D, U> {
    /// Answers by these.
    pub fn new(logins: Logins<D>, users: U) -> Self {
        Self { logins, users, notes: Notes::default() }
    }

    /// Writes down what logins leave behind.
    #[must_use]
    pub fn with_notes(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    /// Begins a connection.
    pub fn begin(self: &Arc<Self>) -> (Courier, CourierSession<D, U>) {
        (Courier::default(), CourierSession(Arc::clone(self)))
    }
}

impl<D: Directory + 'static, U: AllUsers> Session<Courier> for CourierSession<D, U> {
    const AT_ONCE: usize = 1;

    fn take(
        &mut self,
        request: Request,
        replies: &Replies<Reply>,
    ) -> Result<Taken<Reply>, ProtocolError> {
        let (service, replies) = (Arc::clone(&self.0), replies.clone());
        let work = async move {
            service.answer(request, &replies).await;
            // A client takes the end of the connection without a reply for temporary trouble.
            Flow::Close
        };
        Ok(Taken::Work(work.boxed()))
    }
}

impl<D: Directory + 'static, U: AllUsers> CourierService<D, U> {
    async fn answer(&self, Request { remote, question }: Request, replies: &Replies<Reply>) {
        let reply = match question {
            Question::Enumerate => return self.enumerate(replies).await,
            Question::LogIn { service, shown } => {
                let service = ours(&service);
                let outcome = self.log_in(service, remote, shown).await;
                if let Ok(Some(user)) = &outcome {
                    self.notes.logged_in(user, service, remote);
                }
                reply(service, outcome)
            }
            // Passwords are changed by `postcote admin`, where they are held against the rules.
            Question::Passwd => Reply::Fail,
            Question::Pre { service, user } => {
                let service = ours(&service);
                reply(service, self.user(service, &user).await)
            }
        };
        replies.send(reply).await;
    }

    /// The user who is let in; nobody is not.
    async fn log_in(
        &self,
        service: &str,
        remote: Option<IpAddr>,
        shown: Shown,
    ) -> Result<Option<User>, LoginError> {
        let attempt = |name| Attempt { name, service, remote, local: None };
        match shown {
            Shown::Password { user, password } => {
                self.logins.by_password(&attempt(&user), password.expose()).await.map(Some)
            }
            Shown::CramMd5 { challenge, response } => {
                let Ok((name, digest)) = cram_md5_response(response.expose()) else {
                    return Ok(None);
                };
                let attempt = attempt(&name);
                let stored = self.logins.credentials(&attempt, Wanted::CramMd5).await?;
                let proven = match &stored.credentials {
                    Credentials::CramMd5(context) => context.proves(&challenge, digest),
                    Credentials::Scram(_) => false,
                };
                self.logins.proven(&attempt, stored, proven).await.map(Some)
            }
            Shown::Other(_) => Ok(None),
        }
    }

    /// A user by name. Courier's servers ask so for people whom they trust for another reason, such
    /// as a certificate: those must be allowed to log in. Delivery asks about everybody.
    async fn user(&self, service: &str, name: &str) -> Result<Option<User>, LoginError> {
        match Channel::of(service) {
            Channel::Service(_) => {
                let stored = self.logins.stored(name, Some(service), None).await;
                stored.map(|stored| Some(stored.user))
            }
            Channel::Internal | Channel::Other(_) => Ok(self.logins.user(name, None).await?),
        }
    }

    /// All users. A list that is not whole has no end.
    async fn enumerate(&self, replies: &Replies<Reply>) {
        let mut pages = self.users.all(None);
        let trouble = |why: &dyn std::fmt::Display| {
            log::login_unavailable("courier", &why.to_string());
        };
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => return replies.send(Reply::End).await,
                Err(error) => return trouble(&error),
            };
            let look = |address: crate::mail::Address| async move {
                self.logins.user(&address.to_string(), None).await
            };
            let mut users = futures_util::stream::iter(page).map(look).buffered(SIDE_BY_SIDE);
            while let Some(user) = users.next().await {
                match user {
                    Ok(Some(user)) if has_maildir(&user) => {
                        replies.send(Reply::Row(found(user))).await;
                    }
                    // Deleted in between, or nothing that Courier could open.
                    Ok(_) => {}
                    Err(error) => return trouble(&error),
                }
            }
        }
    }
}

/// What a service of Courier's is called here.
fn ours(service: &str) -> &str {
    match service {
        "courier" => "lda",
        "esmtp" => "smtp",
        "webmail" => "imap",
        other => other,
    }
}

fn reply(service: &str, outcome: Result<Option<User>, LoginError>) -> Reply {
    match outcome {
        Ok(Some(user)) if has_maildir(&user) => Reply::Found(found(user)),
        Ok(Some(user)) => {
            let format = user.location.format;
            let why = format!(
                "Courier reads maildirs only, and the mail of `{}` is {format}",
                user.login
            );
            log::login_unavailable(service, &why);
            Reply::Temporary
        }
        Ok(None) | Err(LoginError::Denied { .. }) => Reply::Fail,
        Err(LoginError::Unavailable(_)) => Reply::Temporary,
    }
}

fn has_maildir(user: &User) -> bool {
    user.location.format == MailboxFormat::Maildir
}

fn found(user: User) -> courier::User {
    let (bytes, messages) = (user.quota.bytes, user.quota.messages);
    let quota = [(bytes, 'S'), (messages, 'C')];
    let quota = quota.into_iter().filter(|(limit, _)| *limit > 0);
    let quota: Vec<_> = quota.map(|(limit, unit)| format!("{limit}{unit}")).collect();
    let switches = [
        ("disableimap=1", Service::Imap),
        ("disablepop3=1", Service::Pop3),
        ("disablewebmail=1", Service::Imap),
    ];
    let switches = switches.into_iter().filter(|(_, service)| !user.services.contains(*service));
    let options: Vec<_> = switches.map(|(option, _)| option).collect();
    courier::User {
        address: user.login.to_string(),
        uid: user.uid.0,
        gid: user.gid.0,
        maildir: [&*user.location.home, "/", &*user.location.root].concat(),
        home: user.location.home.into(),
        quota: (!quota.is_empty()).then(|| quota.join(",")),
        options: (!options.is_empty()).then(|| options.join(",")),
    }
}
