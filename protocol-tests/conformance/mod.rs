//! Truths that only the real peers can tell: postcote's answers as Postfix understands them.
//!
//! Each truth is tested against the Postfix of this machine and, when `POSTCOTE_DEBIAN13_ROOT` names a
//! Debian 13 root (`make test DEBIAN=13`), against the one inside it. Cases are data: `smtp/*.case`.

mod courier;
mod delivery;
mod doveadm;
mod dovecot;
mod harness;
pub(crate) mod installation;
mod keys;
mod lmtp;
mod outage;
mod passwords;
mod policy;
mod postfix;
mod postmap;
mod sasl;
mod server;
mod smtp;
mod smtp_case;
mod socketmap_server;
mod world;
