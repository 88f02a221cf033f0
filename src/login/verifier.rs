//! Computes hashes on other threads: a few at once, within a budget of memory.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::login::Unavailable;
use crate::lookup::FoundAccount;
use crate::mail::{AppPassword, PasswordHash, Timestamp};
use crate::password::{self, Cost};

/// Logins that may wait for a thread. Above it they are told to come back.
const MAX_WAITING: usize = 1000;
/// How long they wait; Postfix gives up after ten seconds.
const LONGEST_WAIT: Duration = Duration::from_secs(7);

/// Where passwords are verified. Cheap to clone.
#[derive(Clone)]
pub(super) struct Verifier {
    places: Arc<Semaphore>,
    slots: Arc<Semaphore>,
    /// One permit is a mebibyte.
    memory: Arc<Semaphore>,
    all_memory: u32,
}

/// What a password may be.
pub(super) struct Question {
    pub(super) login: String,
    /// What is stored of the account's own password.
    pub(super) main: Option<PasswordHash>,
    pub(super) apps: Vec<AppPassword>,
    pub(super) password: SecretSlice<u8>,
}

/// What a password is.
pub(super) enum Match {
    App(AppPassword),
    Main,
    None,
}

/// What is held while a hash is computed.
struct Held {
    _place: OwnedSemaphorePermit,
    _slot: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
}

impl Verifier {
    pub(super) fn new(parallel: NonZeroUsize, memory_kib: u64) -> Self {
        let all_memory = u32::try_from(memory_kib / 1024).unwrap_or(u32::MAX).max(1);
        // More than a semaphore holds is no limit.
        let all_memory = all_memory.min(u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX));
        Self {
            places: Arc::new(Semaphore::new(MAX_WAITING)),
            slots: Arc::new(Semaphore::new(parallel.get())),
            memory: Arc::new(Semaphore::new(all_memory as usize)),
            all_memory,
        }
    }

    /// Tells which of the passwords it is.
    pub(super) async fn verify(&self, question: Question) -> Result<Match, Unavailable> {
        let hashes = question.main.iter().chain(question.apps.iter().map(|app| &app.hash));
        let memory = hashes.filter_map(|hash| password::cost(hash).ok()).map(kib).max();
        let held = self.hold(memory.unwrap_or(0)).await?;
        let work = move || {
            let matched = question.answer();
            drop(held);
            matched
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| failed())?
    }

    /// Computes something that takes as much memory as this hash.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        like: &PasswordHash,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let held = self.hold(password::cost(like).map_or(0, kib)).await?;
        let work = move || {
            let done = work();
            drop(held);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| failed())
    }

    /// Waits for a thread and for memory. Both are held by the work itself, so that it counts as
    /// long as it goes on, also when nobody waits for it any more.
    async fn hold(&self, kib: u64) -> Result<Held, Unavailable> {
        let busy = || Unavailable::new("too many logins wait for their passwords to be verified");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let wanted = u32::try_from(kib.div_ceil(1024)).unwrap_or(u32::MAX).min(self.all_memory);
        let waiting = async {
            let slot = Arc::clone(&self.slots).acquire_owned().await.ok()?;
            let memory = Arc::clone(&self.memory).acquire_many_owned(wanted).await.ok()?;
            Some(Held { _place: place, _slot: slot, _memory: memory })
        };
        timeout(LONGEST_WAIT, waiting).await.ok().flatten().ok_or_else(busy)
    }
}

impl Question {
    /// Whether this is one of the passwords of an account that have not ended.
    pub(super) fn of(found: &FoundAccount, password: &[u8], now: Timestamp) -> Self {
        let account = &found.account;
        let valid = |app: &&AppPassword| app.expires.is_none_or(|end| now < end);
        Self {
            login: found.login.to_string(),
            main: account.password.clone(),
            apps: account.app_passwords.iter().filter(valid).cloned().collect(),
            password: password.to_vec().into(),
        }
    }

    /// App passwords first: they are made up, so that a fast hash is enough for them.
    fn answer(self) -> Result<Match, Unavailable> {
        let password = self.password.expose_secret();
        for app in self.apps {
            // One that cannot be understood lets nobody in, and the others still do.
            if password::verify(&app.hash, &self.login, password).unwrap_or(false) {
                return Ok(Match::App(app));
            }
        }
        let main = self.main.ok_or_else(Unavailable::unreadable)?;
        match password::verify(&main, &self.login, password) {
            Ok(true) => Ok(Match::Main),
            Ok(false) => Ok(Match::None),
            Err(error) => Err(Unavailable::new(error.to_string())),
        }
    }
}

fn kib(cost: Cost) -> u64 {
    match cost {
        Cost::Memory { kib, .. } => kib,
        Cost::Rounds(_) => 0,
    }
}

fn failed() -> Unavailable {
    Unavailable::new("verifying the password has failed, which is a bug: please report it")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn no_more_is_computed_at_once_than_there_is_room_for() {
        // Two slots; two of these take 2 MiB of three, so the memory is not what bounds them.
        let argon = "{ARGON2ID}$argon2id$v=19$m=1024,t=1,p=1$c2FsdHNhbHQ$";
        let digest = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let like = PasswordHash::parse(&format!("{argon}{digest}")).unwrap();
        let table = [("slots", 2, 3 * 1024, 2), ("memory", 8, 3 * 1024, 3), ("alone", 8, 1, 1)];
        for (what, slots, memory, expected) in table {
            let verifier = Verifier::new(NonZeroUsize::new(slots).unwrap(), memory);
            let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let all = (0..30).map(|_| {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                verifier.compute(&like, move || {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                })
            });
            for done in futures_util::future::join_all(all).await {
                done.unwrap();
            }
            assert_eq!(most.load(Ordering::SeqCst), expected, "{what}");
        }
    }

    #[tokio::test]
    async fn who_finds_no_place_to_wait_comes_back_later() {
        let verifier = Verifier::new(NonZeroUsize::MIN, 1024);
        let taken = Arc::clone(&verifier.places).acquire_many_owned(1000).await.unwrap();
        let like = PasswordHash::parse("{PLAIN}x").unwrap();
        assert!(verifier.compute(&like, || ()).await.is_err());
        drop(taken);
        assert!(verifier.compute(&like, || ()).await.is_ok());
    }
}
