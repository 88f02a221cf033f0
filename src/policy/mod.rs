//! Decides what lookups cannot answer: whether this login may send so much, whether this stranger
//! may write to that list, whether that mailbox has room.
//!
//! A question goes through the rules of a set, in their order. Each rule is a pure function of
//! [`mail::policy`](crate::mail::policy); here its facts are fetched, no longer than the
//! configuration allows, and what it says becomes an answer. Whatever cannot be known in time is
//! left out if the rule only saves trouble, and is deferred if somebody relies on it.
//!
//! What is remembered from one question to the next, on this host and on others, is counted and kept
//! here, too.

mod acquaintances;
mod app_logins;
mod counters;
mod decided;
mod facts;
mod greylist;
mod judge;
mod ledger;
mod limit_words;
mod limits;
mod messages;
mod opinions;
mod poller;
mod question;
mod reader;
mod rule_sets;
mod upkeep;
mod usage;
mod warning;

pub use acquaintances::Acquaintances;
pub use app_logins::AppLogins;
pub use counters::Room;
pub use greylist::Greylist;
pub use judge::{Answer, Mode, Policy, Remembers, Told};
pub use ledger::{Clock, Ledger, LedgerSettings};
pub use question::{Question, Sender, Stage};
pub use reader::{Reader, Unavailable};
pub use rule_sets::{RuleSets, Rules};
pub use warning::Warning;

pub use crate::mail::policy::Windowing;
