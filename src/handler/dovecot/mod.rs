//! What Dovecot and Postfix's SASL are answered: logins and users.

mod auth;
mod exchange;
mod handover;
mod master;
mod userdb;

pub use auth::{AuthService, AuthSession, mechanisms};
pub use handover::Handover;
pub use master::{AllUsers, MasterService, MasterSession, Pages};
pub use userdb::{Dialect, fields};
