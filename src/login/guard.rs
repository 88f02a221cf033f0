//! Slows guessing down, and never keeps the owner out.
//!
//! Nobody is locked out: each attempt is answered, those that look like guesses late. What is
//! counted are wrong passwords for a name and from a network, and the same wrong password of
//! the same name again is the same mistake, so a program with an old password costs nobody
//! anything. After three of them attempts wait in line: each takes its turn, and when the line is
//! longer than a client waits, it is told to come back. An address from which an account was
//! logged in waits for nothing there.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::mail::Uid;

/// So many mistakes are everybody's.
const FREE: u32 = 3;
/// The pause between two attempts after that, doubled with each further mistake up to so much.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);
/// Without mistakes for so long all are forgotten.
const FORGET: Duration = Duration::from_mins(15);
/// So many wrong passwords are known again.
const RECENT: usize = 10;
const MAX_SUSPECTS: u64 = 100_000;
/// How long an address counts as the owner's.
const KNOWN: Duration = Duration::from_hours(30 * 24);

/// Knows who may be guessing.
pub(super) struct Guard {
    /// How long the wait before an attempt may be.
    longest_wait: Duration,
    names: moka::sync::Cache<Box<str>, Arc<Mutex<Mistakes>>>,
    networks: moka::sync::Cache<IpAddr, Arc<Mutex<Mistakes>>>,
    /// Where accounts were logged in from, and when last.
    known: moka::sync::Cache<(Uid, IpAddr), Instant>,
    keys: RandomState,
}

/// Who attempts what.
pub(super) struct Suspect {
    name: Box<str>,
    /// The account of this name, if there is one.
    owner: Option<Uid>,
    remote: Option<IpAddr>,
}

#[derive(Default)]
struct Mistakes {
    count: u32,
    last: Option<Instant>,
    /// When the next attempt has its turn.
    turn: Option<Instant>,
    recent: VecDeque<u64>,
}

impl Suspect {
    /// Somebody who attempts to log in under a name, whose other names have to be the same: were
    /// they not, waiting would tell who exists.
    pub(super) fn new(name: &str, owner: Option<Uid>, remote: Option<IpAddr>) -> Self {
        let name: String = name.chars().take(400).collect();
        // Whoever is on this machine, such as a webmail, speaks for many.
        let remote = remote.map(|ip| ip.to_canonical()).filter(|ip| !ip.is_loopback());
        Self { name: name.to_lowercase().into(), owner, remote }
    }

    /// What one party has: an IPv4 address, or the /64 of an IPv6 one.
    fn network(&self) -> Option<IpAddr> {
        self.remote.map(|ip| match ip {
            IpAddr::V4(_) => ip,
            IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        })
    }
}

impl Guard {
    pub(super) fn new(longest_wait: Duration) -> Self {
        Self {
            longest_wait,
            names: moka::sync::Cache::new(MAX_SUSPECTS),
            networks: moka::sync::Cache::new(MAX_SUSPECTS),
            known: moka::sync::Cache::new(MAX_SUSPECTS),
            keys: RandomState::new(),
        }
    }

    /// How long an attempt waits for its turn; `None` if that is longer than clients wait.
    pub(super) fn wait(&self, suspect: &Suspect, now: Instant) -> Option<Duration> {
        if self.is_known(suspect, now) {
            return Some(Duration::ZERO);
        }
        let own = self.names.get(&suspect.name);
        let network = suspect.network().and_then(|network| self.networks.get(&network));
        let mut turn = now;
        for mistakes in own.iter().chain(&network) {
            turn = turn.max(lock(mistakes).next_turn(now));
        }
        if turn.duration_since(now) > self.longest_wait {
            return None;
        }
        // Who goes takes the turn in both lines.
        for mistakes in own.iter().chain(&network) {
            lock(mistakes).take_turn(turn);
        }
        Some(turn.duration_since(now))
    }

    /// Counts a wrong password.
    pub(super) fn wrong(&self, suspect: &Suspect, password: &[u8], now: Instant) {
        let digest = self.keys.hash_one((&suspect.name, password));
        let count = |mistakes: &Arc<Mutex<Mistakes>>| lock(mistakes).add(digest, now);
        if !self.is_known(suspect, now) {
            count(&self.names.get_with(suspect.name.clone(), Arc::default));
        }
        if let Some(network) = suspect.network() {
            count(&self.networks.get_with(network, Arc::default));
        }
    }

    /// Somebody was right: this address is the owner's from now on.
    pub(super) fn right(&self, suspect: &Suspect, now: Instant) {
        if let (Some(owner), Some(remote)) = (suspect.owner, suspect.remote) {
            self.known.insert((owner, remote), now);
        }
    }

    fn is_known(&self, suspect: &Suspect, now: Instant) -> bool {
        let (Some(owner), Some(remote)) = (suspect.owner, suspect.remote) else { return false };
        let since = self.known.get(&(owner, remote));
        since.is_some_and(|since| now.duration_since(since) < KNOWN)
    }
}

impl Mistakes {
    /// When an attempt has its turn.
    fn next_turn(&mut self, now: Instant) -> Instant {
        if self.last.is_some_and(|last| now.duration_since(last) >= FORGET) {
            *self = Self::default();
        }
        if self.count <= FREE {
            return now;
        }
        self.turn.map_or(now, |turn| turn.max(now)) + self.pause()
    }

    fn take_turn(&mut self, turn: Instant) {
        if self.count > FREE {
            self.turn = Some(turn);
        }
    }

    fn pause(&self) -> Duration {
        let doubled = self.count.saturating_sub(FREE + 1).min(8);
        (FIRST_PAUSE * 2_u32.pow(doubled)).min(LONGEST_PAUSE)
    }

    fn add(&mut self, digest: u64, now: Instant) {
        self.last = Some(now);
        if self.recent.contains(&digest) {
            return;
        }
        self.recent.push_back(digest);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
        self.count = self.count.saturating_add(1);
    }
}

fn lock(mistakes: &Mutex<Mistakes>) -> std::sync::MutexGuard<'_, Mistakes> {
    // Each statement leaves it consistent, so a panic elsewhere does not spoil it.
    mistakes.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
