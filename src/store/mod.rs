//! PostgreSQL: the only place with SQL.
//!
//! [`PgDirectory`] answers the two questions of a [`Directory`](crate::directory::Directory) from
//! the views `directory_domain` and `directory_entry`; [`Feed`] says which answers went stale.
//! Each has a connection of its own and comes back by itself.

mod batch;
pub mod connect;
pub mod conninfo;
mod feed;
mod link;
pub mod migrate;
mod passfile;
mod read;
pub mod tls;

pub use batch::{OpenError, PgDirectory};
pub use feed::{Event, Feed};
pub use link::{Link, Role};
