//! Which app password somebody has logged in with: Postfix tells the policy service of the login's
//! name only.

use std::net::IpAddr;
use std::time::Duration;

use moka::sync::Cache;

use crate::mail::Uid;

/// The latest login for sending, by account and client. Cheap to clone.
///
/// Two programs of one account behind one address are told apart only by the latest login.
#[derive(Clone)]
pub struct AppLogins(Cache<(Uid, IpAddr), Option<i64>>);

/// More than clients that send within a day; what is evicted counts for the account alone.
const MOST: u64 = 100_000;
/// A connection of smtpd(8) lives shorter than that.
const REMEMBERED: Duration = Duration::from_hours(24);

impl AppLogins {
    /// Somebody has logged in for sending, with an app password or without.
    pub fn logged_in(&self, account: Uid, client: IpAddr, app_password: Option<i64>) {
        self.0.insert((account, client.to_canonical()), app_password);
    }

    /// The app password of whoever sends from there; `None` for the account's own, or if it is not
    /// known.
    pub fn of(&self, account: Uid, client: Option<IpAddr>) -> Option<i64> {
        self.0.get(&(account, client?.to_canonical())).flatten()
    }
}

impl Default for AppLogins {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build())
    }
}
