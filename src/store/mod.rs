//! store.

pub mod connect;
pub mod conninfo;
mod passfile;
pub mod tls;
