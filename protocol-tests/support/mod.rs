//! What every kind of test may use: processes, directories and deadlines that leave nothing behind.

pub(crate) mod daemon;
pub(crate) mod demo;
pub(crate) mod fixture;
pub(crate) mod lines;
pub(crate) mod peer;
pub(crate) mod pg;
pub(crate) mod policy;
pub(crate) mod scratch;
pub(crate) mod site;
pub(crate) mod supervisor;
pub(crate) mod terms;
pub(crate) mod wire;
