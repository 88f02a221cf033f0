//! What is said of limits: to whoever sends, and to whoever tries.

use crate::lookup::FoundAccount;
use crate::mail::policy::{Passed, Subject, Verdict};
use crate::policy::facts::Facts;
use crate::policy::opinions::Opinion;
use crate::policy::{Question, Room, Stage};

/// What an app password, an account or a domain is called.
pub(super) fn name(subject: Subject) -> &'static str {
    match subject {
        Subject::Account(_) => "account",
        Subject::Domain(_) => "domain",
        Subject::AppPassword(_) => "app-password",
    }
}

/// What comes of the room there is.
pub(super) fn verdict<D>(account: &FoundAccount, room: Room, facts: &Facts<'_, D>) -> Opinion {
    match room {
        Room::Unknown(reason) => Opinion::unknown(reason.to_string()),
        Room::Free { near } => match near.first() {
            Some((subject, passed)) => {
                let whose = name(*subject);
                Opinion::pass(format!("there is room, and {}", described(whose, passed)))
            }
            None => Opinion::pass("there is room"),
        },
        Room::Full { subject, passed, again } => {
            let domain = account.login.domain.to_unicode();
            let who = match subject {
                Subject::Account(_) => account.login.to_unicode(),
                Subject::Domain(_) => format!("{domain} as a whole"),
                Subject::AppPassword(_) => "this app password".to_owned(),
            };
            let Passed { span, what, limit, .. } = passed;
            // One of them is named as such.
            let what = if limit == 1 { what.trim_end_matches('s') } else { what };
            let may = format!("{who} may send {limit} {what} per {}", span.as_str());
            let later = |when: &str| Verdict::refuse(450, "4.7.1", format!("{may}; {when}"));
            let verdict = match again {
                Some(again) => {
                    let minutes = (again.0.saturating_sub(facts.now.0).max(1) + 59) / 60;
                    later(&format!("try again in {minutes} minutes"))
                }
                None if is_too_much(&passed, facts.question) => {
                    Verdict::refuse(550, "5.7.1", format!("{may}, and this is more at once"))
                }
                None => later("send to the others later"),
            };
            Opinion { verdict, why: described(name(subject), &passed) }
        }
    }
}

/// Whether a limit is passed by what is asked for however long one waits: a message that has arrived
/// cannot become smaller, while a recipient may be among those of the next one.
fn is_too_much(passed: &Passed, question: &Question) -> bool {
    let least = if passed.what == "bytes" { question.size } else { 1 };
    question.stage == Stage::EndOfMessage || least > passed.limit
}

fn described(whose: &str, passed: &Passed) -> String {
    let Passed { span, what, limit, used } = passed;
    format!("{used} of {limit} {what} per {} of the {whose} are used", span.as_str())
}
