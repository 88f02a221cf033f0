//! What Dovecot and Postfix's SASL are answered: logins, users and quota.

mod auth;
mod dict;
mod exchange;
mod handover;
mod master;
mod userdb;

pub use auth::{AuthService, AuthSession, mechanisms};
pub use dict::{DictService, DictSession, Guard, Ledger};
pub use handover::Handover;
pub use master::{MasterService, MasterSession};
pub use userdb::{Dialect, fields};
