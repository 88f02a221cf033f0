//! Turns the passwords of a file into what is stored of them, on every processor at once.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use secrecy::{ExposeSecret, SecretString};

use crate::admin::account::bulk::field::Field;
use crate::admin::account::bulk::mistakes::{Mistake, Mistakes};
use crate::admin::account::bulk::row::{Given, Row};
use crate::admin::password::doubts;
use crate::admin::report::Report;
use crate::admin::{AdminError, Settings};
use crate::mail::{HashForm, PasswordHash};
use crate::password;
use crate::telemetry::progress::Progress;

/// What is stored of the passwords of a file.
pub(super) struct Hashed {
    /// One for each row.
    pub(super) hashes: Vec<PasswordHash>,
    /// Passwords that were made up, with the position of their row.
    made_up: Vec<(usize, SecretString)>,
}

/// A password that is to be hashed, with the position of its row.
struct Job {
    position: usize,
    password: SecretString,
}

/// Hashes what is not hashed yet. A dry run, whose hashes nobody will see, hashes one password
/// and takes it for all.
pub(super) fn hash(
    rows: &[Row],
    given: Vec<Given>,
    settings: &Settings,
    dry_run: bool,
    mistakes: &mut Mistakes,
) -> Result<Hashed, AdminError> {
    let mut hashes = Vec::with_capacity(given.len());
    let (mut jobs, mut made_up) = (Vec::new(), Vec::new());
    for (position, given) in given.into_iter().enumerate() {
        let (hash, password) = match given {
            Given::Hash(hash) => (Some(hash), None),
            Given::Plain(password) => (None, Some(password)),
            Given::MadeUp => {
                let length = settings.accounts.random_password_length;
                let password = password::random::password(length).map_err(|reason| {
                    AdminError::bad_data(format!("no password can be made up: {reason}"))
                })?;
                made_up.push((position, password.clone()));
                (None, Some(password))
            }
        };
        hashes.push(hash);
        jobs.extend(password.map(|password| Job { position, password }));
    }
    let form = settings.accounts.password_scheme;
    let done = if dry_run { jobs.get(..1).unwrap_or_default() } else { &jobs };
    for (position, outcome) in all(rows, done, form) {
        match (outcome, hashes.get_mut(position), rows.get(position)) {
            (Ok(hash), Some(slot), _) => *slot = Some(hash),
            (Err(reason), _, Some(row)) => {
                let mistake = Mistake::new(row.line, reason.to_string());
                mistakes.push(mistake.about(Field::Password.with("")));
            }
            _ => {}
        }
    }
    let example = jobs.first().and_then(|job| hashes.get(job.position)).cloned().flatten();
    // None is missing unless there is a mistake.
    let hashes = hashes.into_iter().filter_map(|hash| hash.or_else(|| example.clone())).collect();
    Ok(Hashed { hashes, made_up })
}

/// Hashes every password, in no order.
fn all(
    rows: &[Row],
    jobs: &[Job],
    form: HashForm,
) -> Vec<(usize, Result<PasswordHash, password::HashError>)> {
    let progress = Progress::begin("hashing passwords", jobs.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let login = rows.get(job.position).map(|row| row.address.to_string());
            let octets = job.password.expose_secret().as_bytes();
            let hash = password::hash(form, &login.unwrap_or_default(), octets, None);
            done.push((job.position, hash));
            progress.advance(1);
        }
        done
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get).min(jobs.len());
    thread::scope(|scope| {
        let threads: Vec<_> = (1..processors).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for thread in threads {
            // A thread that panics has told of it already.
            done.extend(thread.join().unwrap_or_default());
        }
        done
    })
}

impl Hashed {
    /// Puts into a report what there is to say about the passwords.
    pub(super) fn tell(self, rows: &[Row], report: &mut Report) {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for hash in &self.hashes {
            let mut found = doubts(hash, None);
            if let Err(reason) = password::cost(hash) {
                found.push(format!("nobody is let in by such a hash here: {reason}"));
            }
            for doubt in found {
                *counts.entry(doubt).or_default() += 1;
            }
        }
        let all = self.hashes.len();
        for (doubt, count) in counts {
            report.warn(format!("{doubt} ({count} of {all} passwords)"));
        }
        for (position, password) in self.made_up {
            if let Some(row) = rows.get(position) {
                report.password(row.address.clone(), password);
            }
        }
    }
}
