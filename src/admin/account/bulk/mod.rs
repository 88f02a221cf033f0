//! All accounts of a file in one transaction: `account add --from`, `account password --from`.
//!
//! A file is read whole before anything is asked, and checked by a few statements whatever its
//! size. Every mistake is told with its line; one is enough to leave everything as it was.

mod adding;
mod check;
mod csv;
mod field;
mod hashing;
mod input;
mod json_lines;
mod lines;
mod mistakes;
mod passwords;
mod record;
mod row;
mod which;

use tokio_postgres::Client;

use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, Options, Settings};
use crate::mail::PasswordHash;
use crate::store::write;

use field::Field;
use row::{Given, Row};

pub use input::{FileArgs, Format, Input};
pub use mistakes::{Mistake, Mistakes};
pub use which::OneOrFile;

pub(in crate::admin) use csv::written as csv_value;

/// What is done with each account of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Verb {
    Add,
    Password,
}

/// What is to be done with which file.
#[derive(Clone, Copy)]
pub(in crate::admin) struct Task<'a> {
    verb: Verb,
    file: &'a FileArgs,
}

impl Task<'_> {
    /// What it would fail to do, for a refusal.
    fn what(self) -> String {
        let file = self.file.from.quoted();
        match self.verb {
            Verb::Add => format!("cannot add the accounts of {file}"),
            Verb::Password => format!("cannot change the passwords of {file}"),
        }
    }

    /// Does it.
    ///
    /// # Errors
    /// Nothing was changed.
    pub(in crate::admin) async fn run(
        self,
        client: &mut Client,
        settings: &Settings,
        options: Options<'_>,
    ) -> Result<Report, AdminError> {
        let Options { dry_run, now, input } = options;
        let columns = match self.verb {
            Verb::Add => Field::OF_ADD,
            Verb::Password => Field::OF_PASSWORD,
        };
        let mut found = self.nothing_found();
        let (rows, given) = self.file.read(columns, input, &mut found)?;
        let are_hashed = given.iter().all(|given| matches!(given, Given::Hash(_)));
        if !are_hashed || !found.is_empty() {
            // One run shows every mistake, and nobody waits for hashes to be refused then.
            let tx = client.transaction().await?;
            let desk = Desk { tx: &tx, settings, now };
            match self.verb {
                Verb::Add => adding::check(desk, &rows, &mut found).await.map(drop)?,
                Verb::Password => passwords::check(desk, &rows, &mut found).await.map(drop)?,
            }
            tx.rollback().await?;
            found.none()?;
        }
        let mut found = self.nothing_found();
        let hashed = hashing::hash(&rows, given, settings, dry_run, &mut found)?;
        found.none()?;

        let tx = client.transaction().await?;
        write::take_turn(&tx).await?;
        let desk = Desk { tx: &tx, settings, now };
        let mut report = self.write(desk, &rows, &hashed.hashes).await?;
        hashed.tell(&rows, &mut report);
        write::check_now(&tx).await?;
        if dry_run {
            report.undone();
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        Ok(report)
    }

    /// Checks and writes, in the transaction of the desk.
    async fn write(
        self,
        desk: Desk<'_, '_>,
        rows: &[Row],
        hashes: &[PasswordHash],
    ) -> Result<Report, AdminError> {
        let mut found = self.nothing_found();
        let mut report = Report::many(match self.verb {
            Verb::Add => "account add",
            Verb::Password => "account password",
        });
        if rows.is_empty() {
            report.note(format!("no account stands in {}", self.file.from.quoted()));
        }
        match self.verb {
            Verb::Add => {
                let homes = adding::check(desk, rows, &mut found).await?;
                found.none()?;
                adding::write(desk, rows, &homes, hashes, &mut report).await?;
            }
            Verb::Password => {
                let uids = passwords::check(desk, rows, &mut found).await?;
                found.none()?;
                passwords::write(desk, &uids, hashes, &mut report).await?;
            }
        }
        Ok(report)
    }

    fn nothing_found(self) -> Mistakes {
        Mistakes::new(self.what(), self.file.from.name())
    }
}
