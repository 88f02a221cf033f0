//! Decides what lookups cannot answer: whether this login may send so much, whether this stranger
//! may write to that list, whether that mailbox has room.
//!
//! A question goes through the rules of a set, in their order. Each rule is a pure function of
//! [`mail::policy`](crate::mail::policy); here its facts are fetched, no longer than the
//! configuration allows, and what it says becomes an answer. Whatever cannot be known in time is
//! left out if the rule only saves trouble, and is deferred if somebody relies on it.

mod app_logins;
mod decided;
mod facts;
mod judge;
mod limits;
mod messages;
mod opinions;
mod question;
mod rule_sets;
mod stub;
mod usage;
mod warning;

pub use app_logins::AppLogins;
pub use judge::{Answer, Mode, Policy, Remembers, Told};
pub use question::{Question, Sender, Stage};
pub use rule_sets::{RuleSets, Rules};
pub use stub::*;
pub use warning::Warning;
