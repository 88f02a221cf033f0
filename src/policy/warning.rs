//! Tells that somebody comes near a limit, or has reached it: a sign of a stolen account.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::mail::Uid;
use crate::mail::policy::Passed;
use crate::telemetry::{log, metrics};

/// What is told of whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The account that sends.
    pub uid: Uid,
    /// Its name.
    pub login: String,
    /// Whose limit it is: `account`, `domain` or `app-password`.
    pub subject: &'static str,
    /// The limit, and what was used of it.
    pub passed: Passed,
    /// Whether there is no more room; else it has only come near.
    pub is_reached: bool,
}

/// Writes warnings into the log, and runs a program if there is one. Cheap to clone.
#[derive(Clone)]
pub(super) struct Warner {
    program: Option<Arc<PathBuf>>,
    places: Arc<Semaphore>,
}

/// Programs at once; warnings beyond are in the log only.
const AT_ONCE: usize = 4;
/// A program that needs longer is ended.
const LONGEST: Duration = Duration::from_secs(30);

impl Warner {
    pub(super) fn new(program: Option<PathBuf>) -> Self {
        Self { program: program.map(Arc::new), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    pub(super) fn warn(&self, warning: &Warning) {
        let Warning { uid, login, subject, passed, is_reached } = warning;
        let span = passed.span.as_str();
        if *is_reached {
            metrics::sending_limits_reached_total().increment(1);
        } else {
            metrics::sending_limits_near_total().increment(1);
        }
        log::sending_limit(uid.0, login, subject, passed.what, passed.limit, span, *is_reached);
        let Some(program) = self.program.clone() else { return };
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { return };
        let mut command = Command::new(&*program);
        command
            .env("POSTCOTE_LOGIN", login)
            .env("POSTCOTE_UID", uid.0.to_string())
            .env("POSTCOTE_SUBJECT", subject)
            .env("POSTCOTE_WHAT", passed.what)
            .env("POSTCOTE_SPAN", span)
            .env("POSTCOTE_LIMIT", passed.limit.to_string())
            .env("POSTCOTE_USED", passed.used.to_string())
            .env("POSTCOTE_EVENT", if *is_reached { "reached" } else { "near" })
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        tokio::spawn(async move {
            let ended = timeout(LONGEST, command.status()).await;
            match ended {
                Ok(Ok(status)) if status.success() => {}
                Ok(Ok(status)) => log::warn_program_failed(&program, &status),
                Ok(Err(error)) => log::warn_program_failed(&program, &error),
                Err(_) => log::warn_program_failed(&program, &"it did not end in 30 seconds"),
            }
            drop(place);
        });
    }
}
