//! What an operator can see: log events and metrics.

pub mod http;
pub mod log;
pub mod metrics;
