//! PostgreSQL: the only place with SQL.
//!
//! [`PgDirectory`] answers the two questions of a [`Directory`](crate::directory::Directory) from
//! the views `directory_domain` and `directory_entry`; [`Feed`] says which answers went stale.
//! Each has a connection of its own and comes back by itself.
//!
//! Administrators' commands write with [`write`](mod@write) and [`bulk`], decide by [`facts`] and list with
//! [`inventory`] and [`details`], and change with [`update`], inside one transaction, and leave
//! [`orders`] for the file system; [`constraint`] turns the database's own refusals into ours.

pub mod accounts;
pub mod acquaintances;
pub mod app_password;
mod batch;
pub mod bulk;
pub mod completion;
pub mod connect;
pub mod conninfo;
pub mod constraint;
pub mod details;
pub mod facts;
mod feed;
pub mod forgetting;
pub mod grants;
pub mod greylist;
pub mod inventory;
pub mod limits;
mod link;
pub mod migrate;
pub mod orders;
mod passfile;
pub mod password;
pub mod pending;
pub mod policy_write;
mod read;
pub mod senders;
pub mod sending;
pub mod sent;
pub mod tls;
pub mod update;
mod values;
pub mod write;
pub mod write_back;

pub use batch::{OpenError, PgDirectory};
pub use feed::{Event, Feed};
pub use link::{Link, Pauses, Role};
