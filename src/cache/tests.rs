//! The cache against a directory that answers when it is told to: no clock, no luck.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;

use super::*;
use crate::mail::rules::fixtures;

type Answer = Result<Option<Arc<Domain>>, DirectoryError>;

/// Keeps each question until the test answers it.
#[derive(Default)]
struct Puppet {
    asked: Mutex<Vec<oneshot::Sender<Answer>>>,
    count: AtomicUsize,
}

impl Puppet {
    /// Answers the oldest open question.
    fn answer(&self, answer: Answer) {
        let question = self.asked.lock().unwrap().remove(0);
        question.send(answer).unwrap();
    }
}

impl Directory for Puppet {
    async fn domain(&self, _: &DomainName) -> Answer {
        let (sender, receiver) = oneshot::channel();
        self.asked.lock().unwrap().push(sender);
        self.count.fetch_add(1, Ordering::Relaxed);
        receiver.await.unwrap()
    }

    async fn wildcard(&self, _: &DomainName) -> Answer {
        Ok(None)
    }

    async fn entry(&self, _: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
        Ok(None)
    }
}

struct Stage {
    puppet: Arc<Puppet>,
    cache: Arc<CachedDirectory<Arc<Puppet>>>,
    name: DomainName,
}

impl Stage {
    fn new() -> Self {
        let puppet = Arc::new(Puppet::default());
        let capacity = Capacity { known: 100, unknown: 100 };
        Self {
            cache: Arc::new(CachedDirectory::new(Arc::clone(&puppet), capacity)),
            puppet,
            name: DomainName::parse("example.org").unwrap(),
        }
    }

    /// Asks in the background, and returns when the question is under way.
    async fn ask(&self) -> tokio::task::JoinHandle<Answer> {
        let (cache, name) = (Arc::clone(&self.cache), self.name.clone());
        let task = tokio::spawn(async move { cache.domain(&name).await });
        // On the current-thread runtime this runs the task up to its first wait.
        tokio::task::yield_now().await;
        task
    }

    async fn remember(&self, answer: Answer) {
        let task = self.ask().await;
        self.puppet.answer(answer);
        task.await.unwrap().unwrap();
    }

    fn loads(&self) -> usize {
        self.puppet.count.load(Ordering::Relaxed)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "one of several answers")]
fn found(transport: &str) -> Answer {
    let mut domain = fixtures::domain(&[]);
    domain.transport = Some(crate::mail::Transport::parse(transport).unwrap());
    Ok(Some(Arc::new(domain)))
}

fn lost() -> Answer {
    Err(DirectoryError::new("database unreachable"))
}

fn transport(answer: Result<Answer, tokio::task::JoinError>) -> String {
    answer.unwrap().unwrap().unwrap().transport.as_ref().unwrap().to_string()
}

#[tokio::test]
async fn concurrent_misses_share_one_load() {
    let stage = Stage::new();
    let tasks = [stage.ask().await, stage.ask().await, stage.ask().await];
    stage.puppet.answer(found("smtp:a"));
    for task in tasks {
        assert_eq!(transport(task.await), "smtp:a");
    }
    assert_eq!(transport(stage.ask().await.await), "smtp:a", "and it is remembered");
    assert_eq!(stage.loads(), 1);
}

#[tokio::test]
async fn a_load_overtaken_by_a_change_is_not_remembered() {
    let stage = Stage::new();
    let before = stage.ask().await;
    stage.cache.apply(&Change::Domain(stage.name.clone().into()));
    let after = stage.ask().await;
    assert_eq!(stage.loads(), 2, "who asks after the change does not join the old load");
    stage.puppet.answer(found("smtp:old"));
    assert_eq!(transport(before.await), "smtp:old");
    stage.puppet.answer(found("smtp:new"));
    assert_eq!(transport(after.await), "smtp:new");
    assert_eq!(transport(stage.ask().await.await), "smtp:new");
    assert_eq!(stage.loads(), 2);
}

#[tokio::test]
async fn an_old_load_that_lands_last_does_not_win() {
    let stage = Stage::new();
    let before = stage.ask().await;
    stage.cache.apply(&Change::Domain(stage.name.clone().into()));
    let after = stage.ask().await;
    let old = stage.puppet.asked.lock().unwrap().remove(0);
    stage.puppet.answer(found("smtp:new"));
    assert_eq!(transport(after.await), "smtp:new");
    old.send(found("smtp:old")).unwrap();
    before.await.unwrap().unwrap();
    assert_eq!(transport(stage.ask().await.await), "smtp:new");
}

#[tokio::test]
async fn what_has_changed_is_still_an_answer_until_it_can_be_loaded() {
    let stage = Stage::new();
    stage.remember(found("smtp:a")).await;
    stage.cache.apply(&Change::Domain(stage.name.clone().into()));
    let task = stage.ask().await;
    stage.puppet.answer(lost());
    assert_eq!(transport(task.await), "smtp:a", "the feed was back before lookups were");
    let task = stage.ask().await;
    stage.puppet.answer(Ok(None));
    assert_eq!(task.await.unwrap(), Ok(None), "gone, as soon as that is sure");
    stage.cache.apply(&Change::Domain(stage.name.clone().into()));
    let task = stage.ask().await;
    stage.puppet.answer(lost());
    assert_eq!(task.await.unwrap(), lost(), "and what was unknown is not served");
}

#[tokio::test]
async fn a_change_forgets_both_what_is_and_what_is_not() {
    let stage = Stage::new();
    for (remembered, then) in [(found("smtp:a"), Ok(None)), (Ok(None), found("smtp:b"))] {
        stage.cache.apply(&Change::Domain(stage.name.clone().into()));
        stage.remember(remembered).await;
        stage.cache.apply(&Change::Domain(stage.name.clone().into()));
        let task = stage.ask().await;
        stage.puppet.answer(then.clone());
        assert_eq!(task.await.unwrap(), then);
    }
}

#[tokio::test]
async fn what_is_known_outlives_the_database() {
    let stage = Stage::new();
    stage.remember(found("smtp:a")).await;
    stage.cache.distrust();
    let task = stage.ask().await;
    stage.puppet.answer(lost());
    assert_eq!(transport(task.await), "smtp:a", "unverified, and still an answer");
    let task = stage.ask().await;
    stage.puppet.answer(found("smtp:b"));
    assert_eq!(transport(task.await), "smtp:b", "verified as soon as that is possible");
    assert_eq!(transport(stage.ask().await.await), "smtp:b");
    assert_eq!(stage.loads(), 3);
}

#[tokio::test]
async fn unsure_is_never_no() {
    let stage = Stage::new();
    let task = stage.ask().await;
    stage.puppet.answer(lost());
    assert_eq!(task.await.unwrap(), lost(), "never asked before");

    stage.remember(Ok(None)).await;
    assert_eq!(stage.ask().await.await.unwrap(), Ok(None), "known not to exist");
    stage.cache.believe_unknown(false);
    let task = stage.ask().await;
    stage.puppet.answer(lost());
    assert_eq!(task.await.unwrap(), lost(), "the database was out of sight for too long");
    stage.cache.believe_unknown(true);
    assert_eq!(stage.ask().await.await.unwrap(), Ok(None));

    stage.cache.distrust();
    let task = stage.ask().await;
    stage.puppet.answer(lost());
    assert_eq!(task.await.unwrap(), lost(), "it may have been created meanwhile");
}

#[tokio::test]
async fn a_waiter_that_goes_away_does_not_spoil_the_load() {
    let stage = Stage::new();
    let first = stage.ask().await;
    let second = stage.ask().await;
    first.abort();
    stage.puppet.answer(found("smtp:a"));
    assert_eq!(transport(second.await), "smtp:a");
    assert_eq!(stage.loads(), 1);
}
