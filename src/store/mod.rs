//! store.

pub mod migrate;
