//! Who is let in: names understood, passwords verified, guessing slowed down.
//!
//! What comes in by any protocol ends here as an [`Attempt`]. The facts are the directory's, so a
//! change counts in the moment in which it is announced; the words are those of
//! [`mail::login`](crate::mail::login). "Cannot know now" is [`Unavailable`] and never a denial.
//!
//! - `Verifier`: computing happens on other threads, a few at once, within a budget of memory.
//! - *Nobody learns who exists*: a name that nobody has is verified, too, against a stand-in of
//!   the configured scheme, and every failure is answered at the same moment after its arrival.
//! - `Remembered`: who logs in each minute pays for the hash once.
//! - `Guard`: guessing is slowed down, for an account and for a network. From an address that an
//!   account was logged in from it is never slowed down.

mod attempt;
mod challenge;
mod guard;
mod remembered;
mod settings;
mod stand_in;
mod verifier;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::directory::{Directory, DirectoryError};
use crate::lookup::{FoundAccount, Resolver};
use crate::mail::login::refusal;
use crate::mail::{Channel, Denial};
use crate::password;
use crate::telemetry::log;
use crate::telemetry::metrics::{self, LoginOutcome};

pub use crate::sasl::Credentials;
pub use attempt::{Attempt, LoginError, Stored, Unavailable, User};
pub use challenge::{Challenge, Wanted};
pub use settings::{Rehash, Settings};

use attempt::Checked;
use guard::{Guard, Place, Suspect};
use remembered::Remembered;
use stand_in::StandIn;
use verifier::{Match, Question, Verifier};

/// No password is longer; what is, is wrong. Dovecot's login processes take 1024 octets at most.
const MAX_PASSWORD: usize = 1024;

/// Lets people in, or not. Cheap to clone; there is one for the daemon.
pub struct Logins<D> {
    inner: Arc<Inner<D>>,
}

struct Inner<D> {
    resolver: Resolver<D>,
    settings: Settings,
    verifier: Verifier,
    remembered: Remembered,
    guard: Guard,
    stand_in: StandIn,
    rehash: Option<mpsc::Sender<Rehash>>,
}

impl<D> Clone for Logins<D> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<D: Directory> Logins<D> {
    /// Lets people in by what this directory says. Hashes that are to be replaced go to `rehash`.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(
        resolver: Resolver<D>,
        settings: Settings,
        rehash: Option<mpsc::Sender<Rehash>>,
    ) -> io::Result<Self> {
        let inner = Inner {
            verifier: Verifier::new(settings.parallel, settings.memory_kib),
            remembered: Remembered::new(settings.remember).map_err(io::Error::other)?,
            guard: Guard::new(settings.longest_delay.saturating_sub(settings.failure_delay)),
            stand_in: StandIn::new(settings.scheme).map_err(io::Error::other)?,
            resolver,
            settings,
            rehash,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Logs somebody in by a password.
    ///
    /// A failure is answered when its delay has passed, ten seconds after the call at the latest,
    /// for Postfix waits no longer. Dropping the future gives the attempt up.
    ///
    /// # Errors
    /// Who is not let in, and why; or it cannot be known now.
    pub async fn by_password(
        &self,
        attempt: &Attempt<'_>,
        password: &[u8],
    ) -> Result<User, LoginError> {
        let started = Instant::now();
        let found = match self.find(attempt.name, attempt.local).await {
            Ok(found) => found,
            Err(error) => return Err(undecided(attempt, error.into())),
        };
        let turn = self.admit(attempt, found.as_ref(), started).await?;
        let checked = self.inner.check(attempt, found.as_ref(), password).await;
        self.inner.end(attempt, turn, found, checked, Some(password)).await
    }

    /// The user of a name, for delivery and administration: accounts that are suspended or have
    /// ended are users, too, for the mail that was accepted has to go somewhere.
    ///
    /// # Errors
    /// It cannot be known now.
    pub async fn user(
        &self,
        name: &str,
        local: Option<IpAddr>,
    ) -> Result<Option<User>, Unavailable> {
        let found = self.find(name, local).await?;
        Ok(found.map(|found| User::of(&found, None)))
    }

    /// The user and the stored password, for a peer that verifies by itself. There is no delay and
    /// no count of failures: those are the peer's then.
    ///
    /// # Errors
    /// Who may not log in by this service, and why; or it cannot be known now.
    pub async fn stored(
        &self,
        name: &str,
        service: Option<&str>,
        local: Option<IpAddr>,
    ) -> Result<Stored, LoginError> {
        let found = self.find(name, local).await.map_err(Unavailable::from)?;
        let denied = |denial| LoginError::Denied { denial, user: name.to_owned() };
        let Some(found) = found else { return Err(denied(Denial::UnknownUser)) };
        let channel = service.map_or(Channel::Internal, Channel::of);
        let now = (self.inner.settings.now)();
        if let Some(denial) = refusal(&found.account, found.services, &channel, now) {
            return Err(denied(denial));
        }
        let hash = found.account.password.clone().ok_or_else(Unavailable::unreadable)?;
        Ok(Stored { user: User::of(&found, None), hash })
    }

    /// Forgets every verified login, and says how many there were.
    pub fn forget(&self) -> u64 {
        self.inner.remembered.forget()
    }

    /// The account of a login name; a name that cannot be one has none.
    async fn find(
        &self,
        name: &str,
        local: Option<IpAddr>,
    ) -> Result<Option<FoundAccount>, DirectoryError> {
        match self.inner.settings.names.address(name, local) {
            Ok(address) => self.inner.resolver.account(&address).await,
            Err(_) => Ok(None),
        }
    }

    /// Waits as long as those have to who may be guessing.
    async fn admit(
        &self,
        attempt: &Attempt<'_>,
        found: Option<&FoundAccount>,
        arrived: Instant,
    ) -> Result<Turn, LoginError> {
        let inner = &self.inner;
        let name = match self.inner.settings.names.address(attempt.name, attempt.local) {
            Ok(address) => {
                let canonical = inner.resolver.canonical(&address).await;
                canonical.map_err(|error| undecided(attempt, error.into()))?.to_string()
            }
            Err(_) => attempt.name.to_owned(),
        };
        let owner = found.map(|found| found.account.uid);
        let suspect = Suspect::new(&name, owner, attempt.remote);
        let Some((wait, place)) = inner.guard.wait(&suspect, arrived) else {
            metrics::logins_total(LoginOutcome::TooMany).increment(1);
            log::login_too_many(&attempt.channel().recorded(), attempt.remote);
            sleep_until(arrived + inner.settings.failure_delay).await;
            return Err(Unavailable::new("too many wrong passwords; try again later").into());
        };
        let latest = arrived + inner.settings.longest_delay;
        let answer = (arrived + wait + inner.settings.failure_delay).min(latest);
        if !wait.is_zero() {
            sleep_until(arrived + wait).await;
        }
        Ok(Turn { suspect, answer, _place: place })
    }
}

/// An attempt that has its turn.
struct Turn {
    suspect: Suspect,
    /// Held until it is known what came out, so that many at once wait in line, too.
    _place: Option<Place>,
    /// When a failure is answered: at a moment that does not tell what was done until then.
    answer: Instant,
}

impl<D> Inner<D> {
    /// Whether the password is right, and then whether the account may log in.
    async fn check(
        &self,
        attempt: &Attempt<'_>,
        found: Option<&FoundAccount>,
        password: &[u8],
    ) -> Checked {
        let fits = !password.is_empty() && password.len() <= MAX_PASSWORD;
        let Some(found) = found.filter(|_| fits) else {
            self.verifier.verify(self.nobody()).await?;
            return Ok(Err(match password {
                [] => Denial::EmptyPassword,
                _ if fits => Denial::UnknownUser,
                _ => Denial::WrongPassword,
            }));
        };
        let now = (self.settings.now)();
        let matched = if self.remembered.knows(found, password) {
            Match::Main
        } else {
            let matched = self.verifier.verify(Question::of(found, password, now)).await?;
            if matches!(matched, Match::Main) {
                self.remembered.learn(found, password);
            }
            matched
        };
        let app = match matched {
            Match::None => return Ok(Err(Denial::WrongPassword)),
            Match::Main => None,
            Match::App(app) => Some(app),
        };
        let own = app.as_ref().and_then(|app| app.services);
        let services = own.map_or(found.services, |own| own.both(found.services));
        let channel = attempt.channel();
        if let Some(denial) = refusal(&found.account, services, &channel, now) {
            return Ok(Err(denial));
        }
        Ok(Ok(User::of(found, app.map(|app| app.id))))
    }

    /// The question whether nobody has a password, which takes as long as any other.
    fn nobody(&self) -> Question {
        Question {
            login: String::new(),
            main: Some(self.stand_in.hash().clone()),
            apps: Vec::new(),
            password: b"-".to_vec().into(),
        }
    }

    /// Counts, tells and delays what came out.
    async fn end(
        &self,
        attempt: &Attempt<'_>,
        turn: Turn,
        found: Option<FoundAccount>,
        checked: Checked,
        password: Option<&[u8]>,
    ) -> Result<User, LoginError> {
        let denial = match checked {
            Err(unavailable) => return Err(undecided(attempt, unavailable)),
            Ok(Ok(user)) => {
                metrics::logins_total(LoginOutcome::Ok).increment(1);
                log::login(&attempt.channel().recorded(), attempt.remote, &user.login);
                self.guard.right(&turn.suspect, Instant::now());
                if let (Some(found), Some(password), None) = (found, password, user.app_password) {
                    self.renew(&found, password);
                }
                return Ok(user);
            }
            Ok(Err(denial)) => denial,
        };
        metrics::logins_total(outcome(&denial)).increment(1);
        let service = attempt.channel().recorded();
        log::login_denied(&service, attempt.remote, denial.word(), attempt.name);
        if denial.is_guess() {
            let password = password.unwrap_or_default();
            self.guard.wrong(&turn.suspect, password, Instant::now());
        }
        sleep_until(turn.answer).await;
        let known = found.filter(|_| !denial.is_guess()).map(|found| found.login.to_string());
        Err(LoginError::Denied { denial, user: known.unwrap_or_else(|| attempt.name.to_owned()) })
    }

    /// Makes a hash of the configured scheme of a password that was right, if its own is another.
    /// Nobody waits for it: if there is much to do, the next login is soon enough.
    fn renew(&self, found: &FoundAccount, password: &[u8]) {
        let form = self.settings.scheme;
        let Some(verified) = found.account.password.clone() else { return };
        let Some(Ok(place)) = self.rehash.clone().map(mpsc::Sender::try_reserve_owned) else {
            return;
        };
        if verified.form() == form {
            return;
        }
        let (uid, login, password) =
            (found.account.uid, found.login.to_string(), password.to_vec());
        let password: SecretSlice<u8> = password.into();
        let (threads, like) = (self.verifier.clone(), self.stand_in.hash().clone());
        tokio::spawn(async move {
            let work = move || password::hash(form, &login, password.expose_secret(), None);
            if let Ok(Ok(rehashed)) = threads.compute(&like, work).await {
                place.send(Rehash { uid, verified, rehashed });
            }
        });
    }
}

/// Counts and tells that nobody knows.
fn undecided(attempt: &Attempt<'_>, error: Unavailable) -> LoginError {
    metrics::logins_total(LoginOutcome::Temporary).increment(1);
    log::login_unavailable(&attempt.channel().recorded(), &error.reason);
    error.into()
}

fn outcome(denial: &Denial) -> LoginOutcome {
    match denial {
        Denial::UnknownUser => LoginOutcome::UnknownUser,
        Denial::WrongPassword | Denial::EmptyPassword => LoginOutcome::WrongPassword,
        Denial::ServiceDisabled(_) => LoginOutcome::ServiceDisabled,
        Denial::AccountDisabled(_) | Denial::AccountExpired | Denial::SendingDisabled(_) => {
            LoginOutcome::AccountDisabled
        }
    }
}
