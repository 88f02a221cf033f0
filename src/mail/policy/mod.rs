//! What the policy service decides: each rule is a function of facts, counters and the time.
//!
//! A rule passes, refuses, or cannot know. What "cannot know" comes to is not the rule's matter but
//! that of what it protects: see [`PolicyRule::is_advisory`].

mod fullness;
mod greylisting;
mod network;
mod rights;
mod senders;
mod sending;
mod sending_key;
mod states;
mod subject;
mod verdict;
mod window;
mod windowing;

pub use fullness::{Filled, mailbox_full};
pub use greylisting::{Greylisted, Greylisting, Learnt, Proof, Seen, Triplet, hash};
pub use network::{Network, NetworkError};
pub use rights::{Shut, Writer, restricted_alias, sender_rights};
pub use senders::{
    AllowedSender, LocalpartPattern, SenderGrant, SenderPattern, SenderPatternError,
};
pub use sending::{Allowance, Limit, Passed, SendingLimits};
pub use sending_key::SendingKey;
pub use states::{receiving_state, sending_state};
pub use subject::Subject;
pub use verdict::{PolicyRule, Refused, Verdict};
pub use window::{Sent, Span, Window};
pub use windowing::Windowing;
