//! Stub.
use core::net::IpAddr;
/// S
#[derive(Clone, Default)]
pub struct Greylisting {
    /// d
    pub delay: i64,
    /// d
    pub forgotten_after: i64,
}
/// T
pub struct Triplet;
/// G
pub enum Greylisted {
    /// p
    Pass,
    /// w
    Wait {
        /// s
        seconds: u64,
    },
}
impl Greylisting {
    /// t
    pub fn triplet(&self, _: IpAddr, _: &str, _: &str) -> Triplet {
        Triplet
    }
}
