//! Stub.
use crate::journal::WriteBack;
use crate::mail::policy::{Greylisted, Greylisting, Triplet};
use crate::mail::{Timestamp, Uid};
use crate::store::Link;
/// a
#[derive(Clone)]
pub struct Reader;
impl Reader {
    /// o
    pub fn open(_: Link) -> Self {
        Self
    }
}
/// a
#[derive(Clone)]
pub struct Acquaintances;
impl Acquaintances {
    /// n
    pub fn new(_: WriteBack, _: Reader) -> Self {
        Self
    }
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
    /// n
    pub fn new(_: WriteBack, _: Reader, _: Greylisting) -> Self {
        Self
    }
    /// a
    pub async fn ask(&self, _: Triplet, _: Timestamp) -> Result<Greylisted, String> {
        Ok(Greylisted::Pass)
    }
    /// l
    pub async fn look(&self, _: Triplet, _: Timestamp) -> Result<Greylisted, String> {
        Ok(Greylisted::Pass)
    }
}
