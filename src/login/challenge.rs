//! Logins without sending the password: CRAM-MD5 and SCRAM.

use tokio::time::Instant;

use crate::directory::Directory;
use crate::login::{Attempt, LoginError, Logins, Turn, Unavailable, User, undecided};
use crate::lookup::FoundAccount;
use crate::mail::login::refusal;
use crate::mail::{Channel, Denial, HashForm, Scheme};
use crate::password::{self, CramMd5Context, ScramHash, ScramKeys};
use crate::sasl::Credentials;

/// What a mechanism needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The context of CRAM-MD5.
    CramMd5,
    /// The keys of SCRAM.
    Scram(ScramHash),
}

/// An exchange that was begun.
pub struct Challenge {
    /// What the client's proof is checked against.
    pub credentials: Credentials,
    /// Whose they are; nobody's are made up and proven by nobody.
    found: Option<FoundAccount>,
    turn: Turn,
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Challenge(…)")
    }
}

impl<D: Directory> Logins<D> {
    /// Begins an exchange. Whether the account exists or has such credentials shows nowhere: there
    /// always are some.
    ///
    /// # Errors
    /// It cannot be known now.
    pub async fn credentials(
        &self,
        attempt: &Attempt<'_>,
        wanted: Wanted,
    ) -> Result<Challenge, LoginError> {
        let started = Instant::now();
        let found = match self.find(attempt.name, attempt.local).await {
            Ok(found) => found,
            Err(error) => return Err(undecided(attempt, error.into())),
        };
        let turn = self.admit(attempt, found.as_ref(), started).await?;
        let own = match &found {
            Some(found) => self.own(found, wanted).await?,
            None => None,
        };
        let found = found.filter(|_| own.is_some());
        let stand_in = || self.inner.stand_in.credentials(attempt.name, wanted);
        let credentials = own.or_else(stand_in);
        let credentials = credentials.ok_or_else(|| Unavailable::new("nothing to prove"))?;
        Ok(Challenge { credentials, found, turn })
    }

    /// Ends an exchange: `proven` says whether the proof was right.
    ///
    /// # Errors
    /// As of [`Logins::by_password`], and with the same delays.
    pub async fn proven(
        &self,
        attempt: &Attempt<'_>,
        challenge: Challenge,
        proven: bool,
    ) -> Result<User, LoginError> {
        let Challenge { found, turn, .. } = challenge;
        let checked = match &found {
            None => Err(Denial::UnknownUser),
            Some(_) if !proven => Err(Denial::WrongPassword),
            Some(found) => {
                let now = (self.inner.settings.now)();
                let channel = Channel::of(attempt.service);
                match refusal(&found.account, found.services, &channel, now) {
                    Some(denial) => Err(denial),
                    None => Ok(User::of(found, None)),
                }
            }
        };
        self.inner.end(attempt, turn, found, Ok(checked), None).await
    }

    /// The account's own credentials, from the stored keys or from a stored plain password.
    async fn own(
        &self,
        found: &FoundAccount,
        wanted: Wanted,
    ) -> Result<Option<Credentials>, Unavailable> {
        let hash = found.account.password.as_ref().ok_or_else(Unavailable::unreadable)?;
        let unreadable = |error: password::VerifyError| Unavailable::new(error.to_string());
        match wanted {
            Wanted::CramMd5 => {
                Ok(CramMd5Context::of(hash).map_err(unreadable)?.map(Credentials::CramMd5))
            }
            Wanted::Scram(function) => {
                let stored = ScramKeys::of(hash).map_err(unreadable)?;
                if let Some(keys) = stored.filter(|keys| keys.hash == function) {
                    return Ok(Some(Credentials::Scram(keys)));
                }
                let Some(plain) = password::plain_text(hash).map_err(unreadable)? else {
                    return Ok(None);
                };
                let form = HashForm::from(match function {
                    ScramHash::Sha1 => Scheme::ScramSha1,
                    ScramHash::Sha256 => Scheme::ScramSha256,
                });
                let login = found.login.to_string();
                let work = move || {
                    use secrecy::ExposeSecret as _;
                    password::hash(form, &login, plain.expose_secret(), None)
                };
                let made = self.inner.verifier.compute(hash, work).await?;
                let made = made.map_err(|error| Unavailable::new(error.to_string()))?;
                Ok(ScramKeys::of(&made).map_err(unreadable)?.map(Credentials::Scram))
            }
        }
    }
}
