//! store.

pub mod conninfo;
