//! What the policy service decides: each rule is a function of facts, counters and the time.
//!
//! A rule passes, refuses, or cannot know. What "cannot know" comes to is not the rule's matter but
//! that of what it protects: see [`PolicyRule::is_advisory`].

mod greylisting;
mod senders;
mod sending;
mod sending_key;
mod subject;
mod verdict;
mod window;

pub use greylisting::{
    Greylisted, Greylisting, Learnt, Network, NetworkError, Proof, Seen, Triplet, hash,
};
pub use senders::{
    AllowedSender, LocalpartPattern, SenderGrant, SenderPattern, SenderPatternError,
};
pub use sending::{Allowance, Limit, Passed, SendingLimits};
pub use sending_key::SendingKey;
pub use subject::Subject;
pub use verdict::{PolicyRule, Severity, Verdict};
pub use window::{Sent, Span, Window};
