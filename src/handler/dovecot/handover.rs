//! Logins between two sockets: made on an auth socket, fetched from a master socket by the process
//! that will serve the user.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::login::User;
use crate::protocol::dovecot::Cookie;

/// Logins that wait to be fetched. They outlive the connection on which they were made: Dovecot's
/// login processes close it as soon as they have handed the client over.
#[derive(Debug, Default)]
pub struct Handover {
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    logins: HashMap<Place, Vec<Login>>,
    /// In the order in which they will be forgotten.
    order: VecDeque<(Instant, Place)>,
}

/// The client's process and its number for the exchange: anybody can guess them.
type Place = (u32, u32);

#[derive(Debug)]
struct Login {
    cookie: Cookie,
    until: Instant,
    user: User,
    mechanism: &'static str,
}

/// How long a mail process may take to ask; it waits for an answer itself for 155 s.
const PATIENCE: Duration = Duration::from_secs(150);
/// The most logins that wait. A login process has some hundred under way.
const MOST: usize = 100_000;

impl Handover {
    /// Keeps a login that was made by `mechanism` for the client `pid` in its exchange `id`, on the
    /// connection with this cookie.
    pub fn keep(&self, pid: u32, id: u32, cookie: Cookie, user: User, mechanism: &'static str) {
        let (now, place) = (Instant::now(), (pid, id));
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while waiting
            .order
            .front()
            .is_some_and(|(until, _)| *until <= now || waiting.order.len() >= MOST)
        {
            waiting.forget_oldest();
        }
        let until = now + PATIENCE;
        waiting.order.push_back((until, place));
        let login = Login { cookie, until, user, mechanism };
        waiting.logins.entry(place).or_default().push(login);
    }

    /// Takes out the login that is known by this cookie, with its mechanism; it is there once.
    pub fn fetch(&self, pid: u32, id: u32, cookie: &Cookie) -> Option<(User, &'static str)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let logins = waiting.logins.get_mut(&(pid, id))?;
        let found = logins.iter().position(|login| login.cookie == *cookie)?;
        let login = logins.swap_remove(found);
        if logins.is_empty() {
            waiting.logins.remove(&(pid, id));
        }
        (login.until > Instant::now()).then_some((login.user, login.mechanism))
    }
}

impl Waiting {
    fn forget_oldest(&mut self) {
        let Some((until, place)) = self.order.pop_front() else { return };
        if let Some(logins) = self.logins.get_mut(&place) {
            logins.retain(|login| login.until > until);
            if logins.is_empty() {
                self.logins.remove(&place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Gid, MailLocation, MailboxFormat, QuotaLimit, ServiceSet, Uid};

    fn user(uid: u32) -> User {
        User {
            login: "joe@example.org".parse().unwrap(),
            uid: Uid(uid),
            gid: Gid(70000),
            location: MailLocation {
                home: "/srv/mail/joe".into(),
                format: MailboxFormat::Maildir,
                root: "Maildir".into(),
            },
            quota: QuotaLimit { bytes: 0, messages: 0 },
            services: ServiceSet::ALL,
            app_password: None,
        }
    }

    fn fetched(handover: &Handover, pid: u32, id: u32, cookie: u8) -> Option<u32> {
        handover.fetch(pid, id, &Cookie::new([cookie; 16])).map(|(user, _)| user.uid.0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_is_fetched_once_by_who_knows_its_cookie() {
        let handover = Handover::default();
        handover.keep(1, 2, Cookie::new([1; 16]), user(70001), "PLAIN");
        handover.keep(1, 2, Cookie::new([2; 16]), user(70002), "LOGIN");
        assert_eq!(fetched(&handover, 1, 2, 3), None, "another cookie");
        assert_eq!(fetched(&handover, 1, 3, 1), None, "another exchange");
        assert_eq!(fetched(&handover, 2, 2, 1), None, "another process");
        assert_eq!(fetched(&handover, 1, 2, 1), Some(70001));
        assert_eq!(fetched(&handover, 1, 2, 1), None, "only once");
        assert_eq!(fetched(&handover, 1, 2, 2), Some(70002));
    }

    #[tokio::test(start_paused = true)]
    async fn logins_that_nobody_fetches_are_forgotten() {
        let handover = Handover::default();
        handover.keep(1, 1, Cookie::new([1; 16]), user(70001), "PLAIN");
        tokio::time::advance(Duration::from_secs(149)).await;
        handover.keep(1, 2, Cookie::new([1; 16]), user(70002), "PLAIN");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(fetched(&handover, 1, 1, 1), None, "too late");
        handover.keep(1, 3, Cookie::new([1; 16]), user(70003), "PLAIN");
        assert_eq!(handover.waiting.lock().unwrap().order.len(), 2);
        assert_eq!(fetched(&handover, 1, 2, 1), Some(70002));
        for id in 0..2 * u32::try_from(MOST).unwrap() {
            handover.keep(9, id, Cookie::new([1; 16]), user(70004), "PLAIN");
        }
        let waiting = handover.waiting.lock().unwrap();
        assert!(waiting.order.len() <= MOST && waiting.logins.len() <= MOST);
    }
}
