//! What an operator can see: log events, metrics, and how far long work has come.

pub mod http;
pub mod log;
pub mod metrics;
pub mod progress;
