//! What was decided already: a service that stands in several restriction lists is asked about each
//! recipient several times, and Postfix asks again when a connection was lost.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use tokio::sync::OnceCell;

use crate::policy::judge::Answer;
use crate::policy::{Question, Rules, Stage};

/// The answers of the last minutes. Cheap to clone.
#[derive(Clone)]
pub(super) struct Decided(Cache<Key, Arc<OnceCell<Answer>>>);

/// What makes two questions the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    rules: Box<str>,
    stage: Stage,
    /// Unique on one host; two hosts may ask one daemon.
    instance: Box<[u8]>,
    client: Option<IpAddr>,
    login: Option<Box<str>>,
    recipient: Option<Box<str>>,
}

/// A flood evicts answers, which are then found again.
const MOST: u64 = 100_000;
/// smtpd(8) asks the lists one after the other, and repeats after a second.
const REMEMBERED: Duration = Duration::from_mins(10);

impl Decided {
    /// The place of the answer to a question; `None` if nothing says which message it is about.
    pub(super) fn place(
        &self,
        question: &Question,
        rules: &Rules,
    ) -> Option<Arc<OnceCell<Answer>>> {
        if question.instance.is_empty() {
            return None;
        }
        let key = Key {
            rules: rules.name.clone(),
            stage: question.stage,
            instance: question.instance.clone(),
            client: question.client,
            login: question.login.clone(),
            recipient: question.recipient.clone(),
        };
        Some(self.0.get_with(key, Arc::default))
    }
}

impl Default for Decided {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(MOST).time_to_live(REMEMBERED).build())
    }
}
