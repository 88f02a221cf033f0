//! The demo.

pub mod cluster;
