//! The dict protocol: dialogs in memory, and Dovecot's own clients at the built daemon while
//! PostgreSQL is killed.

mod dialogs;
mod doveadm;
