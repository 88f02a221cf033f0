//! The daemon's own socket: every table, `explain` and logins, in socketmap form.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::directory::Directory;
use crate::handler::policy::{self, POLICY};
use crate::handler::table::{no_such_table, now};
use crate::handler::{Handler, Notes, TableAnswers};
use crate::login::{Attempt, LoginError, Logins};
use crate::lookup::Table;
use crate::lookup::explain::explain;
use crate::policy::Policy;
use crate::protocol::control::{LogIn, Request};
use crate::protocol::{Control, Reply, socketmap};

/// The name under which an explanation is asked for; its value is JSON.
pub const EXPLAIN: &str = "explain";

/// Serves `postcote query`, `postcote explain` and `postcote checkpassword`.
pub struct ControlHandler<D> {
    answers: Arc<TableAnswers<D>>,
    logins: Logins<D>,
    notes: Notes,
    policy: Option<Policy<D>>,
}

/// Who was let in: the value that a login is answered with, as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedIn {
    /// The one name of the account.
    pub user: String,
    /// The owner of the mail.
    pub uid: u32,
    /// Their group.
    pub gid: u32,
    /// The home directory.
    pub home: String,
    /// The directory of the mail.
    pub mail: String,
}

impl<D> ControlHandler<D> {
    /// Answers by these, and writes down what logins leave behind.
    pub fn new(answers: Arc<TableAnswers<D>>, logins: Logins<D>, notes: Notes) -> Self {
        Self { answers, logins, notes, policy: None }
    }

    /// Tries requests to the policy service, too.
    #[must_use]
    pub fn with_policy(self, policy: Option<Policy<D>>) -> Self {
        Self { policy, ..self }
    }
}

impl<D: Directory + 'static> Handler<Control> for ControlHandler<D> {
    async fn handle(&self, request: Request) -> Reply {
        match request {
            Request::LogIn(login) => self.log_in(&login).await,
            Request::Lookup(request) => self.look_up(&request).await,
        }
    }
}

impl<D: Directory + 'static> ControlHandler<D> {
    async fn log_in(&self, login: &LogIn) -> Reply {
        let LogIn { service, remote, local, user, password } = login;
        let attempt = Attempt { name: user, service, remote: *remote, local: *local };
        match self.logins.by_password(&attempt, password.expose()).await {
            Ok(user) => {
                self.notes.logged_in(&user, service, *remote);
                let location = &user.location;
                json(&LoggedIn {
                    user: user.login.to_string(),
                    uid: user.uid.0,
                    gid: user.gid.0,
                    mail: [&*location.home, "/", &*location.root].concat(),
                    home: location.home.to_string(),
                })
            }
            Err(LoginError::Denied { .. }) => Reply::NotFound,
            Err(LoginError::Unavailable(error)) => Reply::Temporary(error.to_string()),
        }
    }

    async fn look_up(&self, request: &socketmap::Request) -> Reply {
        let name = std::str::from_utf8(request.table()).unwrap_or("(not UTF-8)");
        if let Some(table) = Table::parse(name) {
            return self.answers.answer(table, request.key(), socketmap::fits).await;
        }
        if let (POLICY, Some(policy)) = (name, &self.policy) {
            let tried = policy::try_out(policy, request.key()).await;
            return tried.map_or(Reply::NotFound, |trial| json(&trial));
        }
        if name != EXPLAIN {
            return no_such_table(name);
        }
        let Ok(asked) = std::str::from_utf8(request.key()) else { return Reply::NotFound };
        let told = explain(self.answers.resolver(), asked, now()).await;
        let reply = told.map_or_else(|e| Reply::Temporary(e.to_string()), |told| json(&told));
        if socketmap::fits(&reply) {
            return reply;
        }
        Reply::Temporary(
            "the explanation is too long for a reply; use `--from-database`".to_owned(),
        )
    }
}

fn json(value: &impl Serialize) -> Reply {
    serde_json::to_string(value).map_or_else(|e| Reply::Temporary(e.to_string()), Reply::Found)
}
