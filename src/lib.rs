//! postcote answers every question Postfix and Dovecot ask about virtual mail, from memory, while
//! PostgreSQL owns the data. This page is the tour; ARCHITECTURE.md has the decisions.
//!
//! ```text
//!                 main.rs → cli                 argv to typed values, help, exit codes
//!                 ┌────────┴────────┐
//!          daemon, demo      vmm ► admin         wiring only; one transaction per command
//!     ┌──────────┼─────────┐        │
//!   server    handler    cache      │
//!     │       ┌──┴───┐     │        │
//!     └──►protocol lookup  │      store         PostgreSQL: the only SQL
//!                    │     │        │
//!                    └►directory◄───┘           two questions, below askers and answerers
//!                          │    password        hashes of every scheme; used by admin
//!                          │       │
//!                        mail ◄────┘            vocabulary and rules
//!
//!   protocol, password, mail: pure — no IO, no clock, no async.    beside all: config, telemetry
//! ```
//!
//! # Where the bytes of an answer come from
//!
//! Postfix writes `36:virtual_alias_maps info@shop.example,` to a socket.
//!
//! 1. [`server::connection::serve`] reads bytes and asks the codec. It knows sockets and limits.
//! 2. [`protocol::socketmap`] cuts one request out of them, or waits, or ends the connection.
//! 3. [`handler::SocketmapHandler`] finds the [`lookup::Table`] of that name, and the key: what cannot be an
//!    address does not exist, so the answer is "not found" at once.
//! 4. [`lookup::Resolver`] fetches the facts from a [`directory::Directory`] and applies the rule
//!    of the table, one of [`mail::rules`]. The directory is [`cache::CachedDirectory`]: what it
//!    does not know yet, [`store::PgDirectory`] loads, together with whatever else is missed at
//!    that moment.
//! 5. Back up: a value, a sure "no", or an error become a [`protocol::Reply`] in
//!    [`handler::TableAnswers`], the one place where lookups are counted; the codec writes it in
//!    one piece.
//!
//! An error can become "ask later" and nothing else: there is no way in the types from
//! [`directory::DirectoryError`] to "not found". *Unsure is never no.*
//!
//! # How a change arrives
//!
//! Any writer, [`admin`] or plain SQL, fires triggers (`migrations/`) that note the touched keys
//! and notify. [`store::Feed`] reads on from its position and the daemon tells
//! [`cache::CachedDirectory::apply`], which doubts these keys, loads under way included.
//!
//! # The rooms, in reading order
//!
//! | module | what is in it |
//! |---|---|
//! | [`mail`] | what an address, a domain, an entry is, and the rules that follow |
//! | [`password`] | stored passwords: made, verified, and what they cost |
//! | [`directory`] | the two questions everything is answered from |
//! | [`lookup`] | the tables, how they are resolved, and why (`explain`) |
//! | [`protocol`] | the wire formats |
//! | [`sasl`] | how a client proves who it is |
//! | [`login`] | who is let in: passwords verified, guessing slowed down |
//! | [`policy`] | what smtpd may do next: limits, rights, states, greylisting |
//! | [`handler`] | requests to replies |
//! | [`server`] | sockets, connections, the end |
//! | [`cache`] | what was asked once is known until a change says otherwise |
//! | [`store`] | PostgreSQL: connections, views, feed, migrations, writes |
//! | [`journal`] | what peers told, on the disk before it is acknowledged |
//! | [`admin`] | commands that change the data |
//! | [`vmm`] | the commands of vmm, said in those of `admin` |
//! | [`config`], [`telemetry`] | one file in, logs and metrics out |
//! | [`daemon`], [`demo`], [`cli`] | everything wired together |

pub mod admin;
pub mod cache;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod demo;
pub mod directory;
pub mod disk;
pub mod exit;
pub mod handler;
pub mod journal;
pub mod login;
pub mod lookup;
pub mod mail;
pub mod orders;
pub mod password;
pub mod policy;
pub mod protocol;
pub mod sasl;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod terminal;
pub mod vmm;
