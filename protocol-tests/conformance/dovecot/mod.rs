//! What real Dovecots make of postcote: 2.3 on Debian 12, 2.4 on Debian 13.
//!
//! Each runs with the configuration of `conf-examples/dovecot`, whose snippets are what `postcote config dovecot`
//! prints, on sockets, ports and mail of its own.

mod accounting;
mod challenges;
mod clients;
mod configuration;
mod crowd;
mod debian;
mod deliveries;
mod full;
mod house;
mod instance;
mod journey;
mod logins;
mod native;
mod own_auth;
mod pipe;
mod restart;
mod submission;
mod trouble;
mod whole;
