//! What is known of messages under way: Postfix tells at the end how many recipients there are, and
//! who they are only one by one.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use crate::policy::Question;

/// Messages under way. Cheap to clone.
#[derive(Clone)]
pub(super) struct Messages(Cache<Key, Arc<Mutex<Recipients>>>);

/// Which message a question is about.
pub(super) type Key = (Box<[u8]>, Option<IpAddr>, Option<Box<str>>);

/// The recipients that were accepted here, and whether each is one whom nothing was sent to before.
pub(super) type Recipients = HashMap<Box<str>, bool>;

/// Messages at once; of one that is evicted, the recipients known are those that come then.
const MOST: u64 = 50_000;
/// smtpd(8) waits 300 seconds for the next command, by default.
const FORGOTTEN: Duration = Duration::from_mins(30);
/// Postfix's `smtpd_recipient_limit`.
const MOST_RECIPIENTS: usize = 1000;

impl Messages {
    /// The recipients of the message a question is about, with what is known of each.
    pub(super) fn recipients(&self, question: &Question) -> Recipients {
        match self.0.get(&key(question)) {
            Some(known) => known.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => Recipients::new(),
        }
    }

    /// A recipient was refused that another rule set had accepted.
    pub(super) fn refused(&self, question: &Question, recipient: &str) {
        if let Some(message) = self.0.get(&key(question)) {
            message.lock().unwrap_or_else(PoisonError::into_inner).remove(recipient);
        }
    }

    /// A recipient was accepted.
    pub(super) fn accepted(&self, question: &Question, recipient: &str, is_new: bool) {
        if question.instance.is_empty() {
            return;
        }
        let message = self.0.get_with(key(question), Arc::default);
        let mut recipients = message.lock().unwrap_or_else(PoisonError::into_inner);
        if recipients.len() < MOST_RECIPIENTS {
            recipients.insert(recipient.into(), is_new);
        }
    }
}

/// Which message a question is about; several if it says nothing of it.
pub(super) fn key(question: &Question) -> Key {
    (question.instance.clone(), question.client, question.login.clone())
}

impl Default for Messages {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_idle(FORGOTTEN).build())
    }
}
