//! The dict protocol: dialogs in memory, Dovecot's own clients at the built daemon, and crowds while PostgreSQL
//! or the daemon itself is killed.

mod crash;
mod crowd;
mod dialogs;
mod doveadm;
mod house;
