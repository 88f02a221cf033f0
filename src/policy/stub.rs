//! Stub.
use crate::mail::policy::{Greylisted, Passed, SendingLimits, Sent, Subject, Triplet};
use crate::mail::{Timestamp, Uid};
use std::sync::Arc;
/// c
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// l
#[derive(Clone)]
pub struct Ledger;
/// r
pub enum Room {
    /// f
    Free {
        /// n
        near: Vec<(Subject, Passed)>,
    },
    /// f
    Full {
        /// s
        subject: Subject,
        /// p
        passed: Passed,
        /// a
        again: Option<Timestamp>,
    },
    /// u
    Unknown(Arc<str>),
}
impl Ledger {
    /// c
    pub fn check(&self, _: &[(Subject, SendingLimits)], _: Sent, _: Timestamp) -> Room {
        Room::Free { near: vec![] }
    }
    /// c
    pub async fn count(&self, _: &[(Subject, SendingLimits)], _: Sent, _: Timestamp) -> Room {
        Room::Free { near: vec![] }
    }
}
/// a
#[derive(Clone)]
pub struct Acquaintances;
impl Acquaintances {
    /// s
    pub async fn strangers(&self, _: Uid, _: &[&str], _: Timestamp) -> Result<Vec<bool>, String> {
        Ok(vec![])
    }
    /// w
    pub fn wrote_to(&self, _: Uid, _: &[&str], _: Timestamp) {}
}
/// g
#[derive(Clone)]
pub struct Greylist;
impl Greylist {
    /// a
    pub async fn ask(&self, _: Triplet, _: Timestamp) -> Result<Greylisted, String> {
        Ok(Greylisted::Pass)
    }
    /// l
    pub async fn look(&self, _: Triplet, _: Timestamp) -> Result<Greylisted, String> {
        Ok(Greylisted::Pass)
    }
}
