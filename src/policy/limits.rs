//! The rule of sending limits: who is counted, what would be sent, and what becomes of it.

use std::time::Duration;

use moka::sync::Cache;

use crate::config::Config;
use crate::directory::Directory;
use crate::lookup::FoundAccount;
use crate::mail::Timestamp;
use crate::mail::policy::{Limit, Passed, SendingKey, SendingLimits, Sent, Span, Subject};
use crate::policy::facts::{Facts, Unknown};
use crate::policy::limit_words::{name, verdict};
use crate::policy::messages::{self, Key, Messages, Recipients};
use crate::policy::opinions::Opinion;
use crate::policy::warning::Warner;
use crate::policy::{Acquaintances, AppLogins, Ledger, Question, Remembers, Room, Stage, Warning};

/// What is asked of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To decide.
    Deciding,
    /// To tell what it would decide; the mail goes out whatever it says.
    Monitoring,
    /// To show what it would decide, and leave no trace.
    Showing,
}

/// Counts what is sent, and knows what may be.
pub(super) struct Limits {
    ledger: Ledger,
    acquaintances: Acquaintances,
    app_logins: AppLogins,
    messages: Messages,
    warner: Warner,
    /// The messages that were counted: several rule sets may be asked about one.
    counted: Cache<Key, ()>,
    /// Who was told of lately as having reached a limit.
    told: Cache<(Subject, &'static str, Span), ()>,
    accounts: SendingLimits,
    domains: SendingLimits,
    app_passwords: SendingLimits,
}

/// smtpd(8) asks its restriction lists one after the other.
const ASKED_AGAIN: Duration = Duration::from_mins(10);
/// As much as a thief can do within the shorter span.
const TOLD_AGAIN: Duration = Duration::from_hours(1);

impl Limits {
    pub(super) fn new(config: &Config, remembers: &Remembers, app_logins: AppLogins) -> Self {
        let policy = &config.policy;
        Self {
            ledger: remembers.ledger.clone(),
            acquaintances: remembers.acquaintances.clone(),
            app_logins,
            messages: Messages::default(),
            warner: Warner::new(policy.warn_program.clone()),
            counted: Cache::builder().max_capacity(100_000).time_to_live(ASKED_AGAIN).build(),
            told: Cache::builder().max_capacity(10_000).time_to_live(TOLD_AGAIN).build(),
            accounts: policy.account_limits,
            domains: policy.domain_limits,
            app_passwords: policy.app_password_limits,
        }
    }

    /// The rule. Whoever has not logged in with an account of ours is not counted.
    pub(super) async fn opinion<D: Directory>(
        &self,
        facts: &Facts<'_, D>,
        purpose: Purpose,
    ) -> Opinion {
        let question = facts.question;
        if question.stage == Stage::Elsewhere {
            return Opinion::pass("nothing is sent yet");
        }
        let account = match facts.login().await {
            Err(unknown) => return Opinion::unknown(unknown),
            Ok(None) => return Opinion::pass("nobody of ours has logged in"),
            Ok(Some(account)) => account,
        };
        // Who has no room left may still ask the postmaster why; it counts, and is not refused.
        let to_role = question.is_to_role() && matches!(facts.recipient().await, Ok(Some(_)));
        let deciding = purpose == Purpose::Deciding;
        let purpose = if to_role && deciding { Purpose::Monitoring } else { purpose };
        let subjects = self.subjects(account, question);
        let (more, recipients) = match self.more(facts, account, &subjects).await {
            Err(unknown) => return Opinion::unknown(unknown),
            Ok(more) => more,
        };
        let counts = question.stage == Stage::EndOfMessage && purpose != Purpose::Showing;
        if counts && !question.instance.is_empty() {
            let key = messages::key(question);
            if !self.counted.entry(key).or_insert(()).is_fresh() {
                return Opinion::pass("this message was counted before");
            }
        }
        let room = if counts {
            self.count(&subjects, more, facts.now, purpose).await
        } else {
            self.ledger.check(&subjects, more, facts.now)
        };
        // What smtpd(8) refuses at its end it keeps: the client may send it again, to more.
        if counts && purpose == Purpose::Deciding && matches!(room, Room::Full { .. }) {
            self.counted.invalidate(&messages::key(question));
        }
        if counts && (purpose == Purpose::Monitoring || !matches!(room, Room::Full { .. })) {
            self.wrote_to(account, &recipients, &subjects, facts.now);
        }
        if purpose != Purpose::Showing {
            self.warn(account, &room);
        }
        if to_role {
            return Opinion::pass("postmaster and abuse are for everybody");
        }
        let free = matches!(room, Room::Free { .. });
        let opinion = verdict(account, room, facts);
        if free && purpose == Purpose::Showing {
            return Opinion { why: self.used(&subjects, facts.now), ..opinion };
        }
        opinion
    }

    /// How much of each limit is used.
    fn used(&self, subjects: &[(Subject, SendingLimits)], now: Timestamp) -> String {
        let mut parts = Vec::new();
        for (subject, limits) in subjects {
            let [hour, day] = self.ledger.used(*subject, now).unwrap_or_default();
            for key in SendingKey::ALL {
                let Some(Limit::AtMost(limit)) = limits.get(key) else { continue };
                let used = key.of(hour, day);
                parts.push(format!("{}: {used} of {limit} {key}", name(*subject)));
            }
        }
        if parts.is_empty() { "nothing is limited".to_owned() } else { parts.join(", ") }
    }

    /// Counts a message; one that is only told of goes out, so it counts in any case.
    async fn count(
        &self,
        subjects: &[(Subject, SendingLimits)],
        more: Sent,
        now: Timestamp,
        purpose: Purpose,
    ) -> Room {
        let room = self.ledger.count(subjects, more, now).await;
        if purpose == Purpose::Monitoring && matches!(room, Room::Full { .. }) {
            let anything: Vec<_> =
                subjects.iter().map(|(subject, _)| (*subject, SendingLimits::default())).collect();
            self.ledger.count(&anything, more, now).await;
        }
        room
    }

    /// A recipient was accepted, so it is one of the message's.
    pub(super) async fn accepted<D: Directory>(&self, facts: &Facts<'_, D>) {
        let Some(recipient) = recipient(facts.question) else { return };
        let Ok(Some(account)) = facts.login().await else { return };
        let subjects = self.subjects(account, facts.question);
        let is_new = self.is_stranger(facts, account, &recipient, &subjects).await;
        self.messages.accepted(facts.question, &recipient, is_new.unwrap_or(false));
    }

    /// A recipient was refused, so it is none of the message's, whatever other rules have said.
    pub(super) fn refused(&self, question: &Question) {
        if let Some(recipient) = recipient(question) {
            self.messages.refused(question, &recipient);
        }
    }

    /// Who is counted, and what each may send.
    fn subjects(
        &self,
        account: &FoundAccount,
        question: &Question,
    ) -> Vec<(Subject, SendingLimits)> {
        let uid = account.account.uid;
        let mut subjects = vec![
            (Subject::Account(uid), account.sending.over(self.accounts)),
            (Subject::Domain(account.gid), account.domain_sending.over(self.domains)),
        ];
        if let Some(id) = self.app_logins.of(uid, question.client) {
            let known = account.account.app_passwords.iter().find(|one| one.id == id);
            let own = known.and_then(|known| known.sending.as_deref().copied());
            let limits = own.unwrap_or_default().over(self.app_passwords);
            subjects.push((Subject::AppPassword(id), limits));
        }
        subjects
    }

    /// What would be sent with this, and to whom as far as it is known.
    async fn more<D: Directory>(
        &self,
        facts: &Facts<'_, D>,
        account: &FoundAccount,
        subjects: &[(Subject, SendingLimits)],
    ) -> Result<(Sent, Recipients), Unknown> {
        let question = facts.question;
        let mut known = self.messages.recipients(question);
        if let Some(recipient) = recipient(question)
            && !known.contains_key(&recipient)
        {
            let is_new = match self.is_stranger(facts, account, &recipient, subjects).await {
                // What has arrived counts, whether or not that is known.
                Err(_) if question.stage == Stage::EndOfMessage => false,
                is_new => is_new?,
            };
            known.insert(recipient, is_new);
        }
        let named = u64::try_from(known.len()).unwrap_or(u64::MAX);
        let recipients = match question.stage {
            Stage::EndOfMessage | Stage::Data => u64::from(question.recipients),
            Stage::Elsewhere | Stage::Mail | Stage::Recipient => named,
        };
        let recipients = recipients.max(1);
        let new = known.values().filter(|is_new| **is_new).count();
        let sent = Sent {
            messages: 1,
            recipients,
            bytes: question.size.saturating_mul(recipients),
            new_recipients: u64::try_from(new).unwrap_or(u64::MAX),
        };
        Ok((sent, known))
    }

    /// Whether nothing was sent to a recipient before; nobody is a stranger where that does not matter.
    async fn is_stranger<D: Directory>(
        &self,
        facts: &Facts<'_, D>,
        account: &FoundAccount,
        recipient: &str,
        subjects: &[(Subject, SendingLimits)],
    ) -> Result<bool, Unknown> {
        if !limits_strangers(subjects) {
            return Ok(false);
        }
        let asked = [recipient];
        let uid = account.account.uid;
        let strangers = self.acquaintances.strangers(uid, &asked, facts.now);
        Ok(facts.in_time(strangers).await?.first().copied().unwrap_or(false))
    }

    fn wrote_to(
        &self,
        account: &FoundAccount,
        recipients: &Recipients,
        subjects: &[(Subject, SendingLimits)],
        now: Timestamp,
    ) {
        if limits_strangers(subjects) {
            let known: Vec<&str> = recipients.keys().map(AsRef::as_ref).collect();
            self.acquaintances.wrote_to(account.account.uid, &known, now);
        }
    }

    fn warn(&self, account: &FoundAccount, room: &Room) {
        let warning = |subject: Subject, passed: Passed, is_reached| Warning {
            uid: account.account.uid,
            login: account.login.to_string(),
            subject: name(subject),
            passed,
            is_reached,
        };
        match room {
            Room::Free { near } => {
                for (subject, passed) in near {
                    self.warner.warn(&warning(*subject, *passed, false));
                }
            }
            Room::Full { subject, passed, .. } => {
                let key = (*subject, passed.what, passed.span);
                if self.told.entry(key).or_insert(()).is_fresh() {
                    self.warner.warn(&warning(*subject, *passed, true));
                }
            }
            Room::Unknown(_) => {}
        }
    }
}

/// The recipient in its canonical form, if there is exactly one.
fn recipient(question: &Question) -> Option<Box<str>> {
    let written = question.recipient.as_deref()?;
    Some(match question.recipient_address() {
        Some(address) => address.to_string().into(),
        None => written.into(),
    })
}

/// Whether it matters who was written to before.
fn limits_strangers(subjects: &[(Subject, SendingLimits)]) -> bool {
    subjects.iter().any(|(_, limits)| matches!(limits.new_recipients, Some(Limit::AtMost(_))))
}
