//! One login on an auth socket, from `AUTH` to the end.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::directory::Directory;
use crate::handler::dovecot::AuthService;
use crate::handler::{Flow, Replies};
use crate::login::{Attempt, Challenge, LoginError, User, Wanted};
use crate::password::ScramHash;
use crate::protocol::Secret;
use crate::protocol::dovecot::auth::{Auth, FailCode, Reply};
use crate::protocol::dovecot::{Cookie, Fields};
use crate::sasl::{Exchange, Mechanism, Nonce, SaslError, Step};

/// How long a client may take for its next message. Postfix gives up an exchange without a word.
const PATIENCE: Duration = Duration::from_mins(2);

/// What an exchange has to itself.
pub(super) struct Running<D> {
    pub(super) service: Arc<AuthService<D>>,
    pub(super) cookie: Cookie,
    pub(super) client: Option<u32>,
    pub(super) received: mpsc::Receiver<Secret>,
    pub(super) replies: Replies<Reply>,
}

/// How an exchange ends.
enum End {
    /// With this reply.
    Reply(Reply),
    /// Without any, and the connection with it.
    Close,
    /// Without any: the client has gone on to something else.
    Forgotten,
}

/// What comes of the steps of a mechanism: a user and the server's last message, or an end.
type Outcome = Result<(User, Option<Vec<u8>>), End>;

impl<D: Directory + 'static> Running<D> {
    /// Carries the exchange through; `over` is called before its end is told.
    pub(super) async fn run(mut self, mut begun: Auth, over: impl Fn()) -> Flow {
        let end = match self.steps(&mut begun).await {
            Ok((user, last)) => self.let_in(&begun, user, last).await,
            Err(end) => end,
        };
        over();
        match end {
            End::Reply(reply) => self.replies.send(reply).await,
            End::Close => return Flow::Close,
            End::Forgotten => {}
        }
        Flow::Open
    }

    async fn steps(&mut self, begun: &mut Auth) -> Outcome {
        let id = begun.id;
        let offered = |mechanism: &Mechanism| self.service.mechanisms.contains(mechanism);
        let mechanism = Mechanism::parse(&begun.mechanism).filter(offered);
        let Some(mechanism) = mechanism else {
            let reason = "Authentication mechanism not supported".to_owned();
            return Err(End::Reply(fail(id, None, None, Some(reason))));
        };
        let mut random = [0; Nonce::BYTES];
        getrandom::fill(&mut random)
            .map_err(|_| End::Reply(fail(id, None, Some(FailCode::TempFail), None)))?;
        let initial = begun.initial_response.take();
        let initial = initial.as_ref().map(Secret::expose);
        let (mut exchange, mut step) = Exchange::start(mechanism, Nonce::new(random), initial)
            .map_err(|error| refused(id, error))?;
        let mut challenge = None;
        loop {
            step = match step {
                Step::Challenge(message) => {
                    let answer = self.ask(id, message).await?;
                    exchange.respond(answer.expose()).map_err(|error| refused(id, error))?
                }
                Step::Stored { user } => {
                    let wanted = wanted(mechanism);
                    let login = attempt(begun, &user);
                    let found = self.service.logins.credentials(&login, wanted).await;
                    let found = found.map_err(|error| Self::denied(begun, &user, error))?;
                    let credentials = found.credentials.clone();
                    challenge = Some(found);
                    exchange.credentials(credentials).map_err(|error| refused(id, error))?
                }
                Step::Password { user, password } => {
                    let login = attempt(begun, &user);
                    let verified =
                        self.service.logins.by_password(&login, password.expose_secret()).await;
                    let user = verified.map_err(|error| Self::denied(begun, &user, error))?;
                    return Ok((user, None));
                }
                Step::Proof { user, proven, last } => {
                    let proven = self.prove(begun, &user, challenge.take(), proven).await;
                    return proven.map(|user| (user, last));
                }
            };
        }
    }

    async fn prove(
        &self,
        begun: &Auth,
        user: &str,
        challenge: Option<Challenge>,
        proven: bool,
    ) -> Result<User, End> {
        let challenge = challenge.ok_or(End::Forgotten)?;
        let proven = self.service.logins.proven(&attempt(begun, user), challenge, proven).await;
        proven.map_err(|error| Self::denied(begun, user, error))
    }

    /// Sends a message and waits for the answer.
    async fn ask(&mut self, id: u32, challenge: Vec<u8>) -> Result<Secret, End> {
        self.replies.send(Reply::Continue { id, challenge }).await;
        match timeout(PATIENCE, self.received.recv()).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) | Err(_) => Err(End::Forgotten),
        }
    }

    /// Everything was right: the server's last message goes with the success, or before it to those
    /// who would not look for it there.
    async fn let_in(&mut self, begun: &Auth, user: User, mut last: Option<Vec<u8>>) -> End {
        let id = begun.id;
        if !begun.parameters.final_response_ok
            && let Some(last) = last.take()
            && let Err(end) = self.ask(id, last).await
        {
            return end;
        }
        let parameters = &begun.parameters;
        if parameters.nologin {
            self.service.notes.logged_in(&user, &parameters.service, parameters.remote.ip);
        } else {
            // Dovecot's last_login tells of those who go on to a mail process.
            let remote = parameters.remote.ip;
            self.service.notes.let_in(&user, &parameters.service, remote);
        }
        let name = user.login.to_string();
        if !begun.parameters.nologin {
            let Some(pid) = self.client else {
                let reason = Some("CPID is missing".to_owned());
                return End::Reply(fail(id, Some(name), Some(FailCode::TempFail), reason));
            };
            let mechanism = Mechanism::parse(&begun.mechanism).map_or("", Mechanism::as_str);
            self.service.handover.keep(pid, id, self.cookie.clone(), user, mechanism);
        }
        End::Reply(Reply::Ok { id, user: name, fields: Fields::default(), final_response: last })
    }

    fn denied(begun: &Auth, name: &str, error: LoginError) -> End {
        match error {
            LoginError::Denied { denial, user } => {
                let code = denial.code().map(|_| FailCode::UserDisabled);
                End::Reply(fail(begun.id, Some(user), code, denial.reason()))
            }
            // Postfix makes a permanent 535 of every FAIL, and a 454 of a connection that is closed.
            LoginError::Unavailable(_) if begun.parameters.nologin => End::Close,
            LoginError::Unavailable(_) => {
                let code = Some(FailCode::TempFail);
                End::Reply(fail(begun.id, Some(name.to_owned()), code, None))
            }
        }
    }
}

fn refused(id: u32, error: SaslError) -> End {
    let code = (error == SaslError::OtherIdentity).then_some(FailCode::AuthzFail);
    End::Reply(fail(id, None, code, None))
}

fn fail(id: u32, user: Option<String>, code: Option<FailCode>, reason: Option<String>) -> Reply {
    Reply::Fail { id, user, code, reason }
}

fn attempt<'a>(begun: &'a Auth, name: &'a str) -> Attempt<'a> {
    let parameters = &begun.parameters;
    let (remote, local) = (parameters.remote.ip, parameters.local.ip);
    Attempt { name, service: &parameters.service, remote, local }
}

/// What has to be stored for a mechanism that does not send the password.
fn wanted(mechanism: Mechanism) -> Wanted {
    match mechanism {
        Mechanism::ScramSha1 => Wanted::Scram(ScramHash::Sha1),
        Mechanism::ScramSha256 => Wanted::Scram(ScramHash::Sha256),
        Mechanism::CramMd5 | Mechanism::Login | Mechanism::Plain => Wanted::CramMd5,
    }
}
