//! The schema of `migrations/` on a real server.

mod cluster;
mod migrate;
