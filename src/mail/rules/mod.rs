//! The decisions: what follows from the facts about an address. Each rule is a decision table.
//!
//! The facts are the [`Domain`](super::Domain) an address lies in and the [`Entry`](super::Entry)
//! that stands at it (see [`Resolver`](crate::lookup::Resolver) for how they are found); the time
//! and the recipient delimiter are handed in. No rule looks anything up.

#[cfg(test)]
pub(crate) mod fixtures;
mod redirect;
mod standing;

pub use redirect::{Asked, Redirect, Standing, redirect};
pub use standing::{mailbox, recipient_access, relay_recipient, relocated, transport};
