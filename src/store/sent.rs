//! What was sent, as all processes have written it back.

use tokio_postgres::{Client, Error, GenericClient, Row, Transaction};

use crate::mail::Timestamp;
use crate::mail::policy::{Sent, Span, Subject, Window};
use crate::store::sending::Holder;

/// Who has sent something, and where in the history of the database that was read.
#[derive(Debug)]
pub struct Changed {
    /// A snapshot: what it did not see comes next.
    pub position: String,
    /// Who, each once.
    pub subjects: Vec<Subject>,
}

/// What others have counted for somebody.
#[derive(Debug)]
pub struct Total {
    /// Who.
    pub subject: Subject,
    /// By hour and by day.
    pub windows: [Window; 2],
    /// The last minute that no longer counts; minutes since 1970-01-01 00:00 UTC.
    pub reset: Option<i64>,
}

/// Rows older than that are of no interest to anybody, in minutes.
const KEEP: i64 = 2 * 24 * 60;

/// Everybody for whom another writer has counted something since a moment.
///
/// # Errors
/// The database failed.
pub async fn subjects(client: &Client, writer: i64, since: Timestamp) -> Result<Changed, Error> {
    let query = include_str!("sql/sent_subjects.sql");
    read_changed(&client.query(query, &[&writer, &minute(since)]).await?)
}

/// Those of whom a position has not seen all.
///
/// # Errors
/// The database failed.
pub async fn changes(
    client: &Client,
    writer: i64,
    position: &str,
    since: Timestamp,
) -> Result<Changed, Error> {
    let query = include_str!("sql/sent_changes.sql");
    read_changed(&client.query(query, &[&position, &writer, &minute(since)]).await?)
}

fn read_changed(rows: &[Row]) -> Result<Changed, Error> {
    let mut changed = Changed { position: String::new(), subjects: Vec::with_capacity(rows.len()) };
    for row in rows {
        changed.position = row.try_get("position")?;
        changed.subjects.extend(subject(row)?);
    }
    Ok(changed)
}

fn subject(row: &Row) -> Result<Option<Subject>, Error> {
    let (kind, id): (Option<&str>, Option<i64>) = (row.try_get("kind")?, row.try_get("id")?);
    Ok(kind.zip(id).and_then(|(kind, id)| Subject::of_key(kind, id)))
}

/// What all but one writer have counted for some, since the moments at which the hour and the day begin.
///
/// # Errors
/// The database failed.
pub async fn totals(
    client: &impl GenericClient,
    but: Option<i64>,
    subjects: &[Subject],
    [hour, day]: [Timestamp; 2],
) -> Result<Vec<Total>, Error> {
    let kinds: Vec<&str> = subjects.iter().map(|subject| subject.key().0).collect();
    let ids: Vec<i64> = subjects.iter().map(|subject| subject.key().1).collect();
    // Of the first grain all of it counts.
    let day = Timestamp(day.0 - day.0.rem_euclid(Span::Day.grain()));
    let query = include_str!("sql/sent_totals.sql");
    let rows = client.query(query, &[&kinds, &ids, &but, &minute(hour), &minute(day)]).await?;
    let mut totals: Vec<Total> = Vec::with_capacity(subjects.len());
    for row in &rows {
        let Some(subject) = subject(row)? else { continue };
        if totals.last().is_none_or(|total| total.subject != subject) {
            let (windows, reset) = (Span::ALL.map(Window::new), row.try_get("reset")?);
            totals.push(Total { subject, windows, reset });
        }
        let (Some(total), Some(of_hour)) = (totals.last_mut(), row.try_get("of_hour")?) else {
            continue;
        };
        let minute: i64 = row.try_get("minute")?;
        let [hour, day] = &mut total.windows;
        let window = if of_hour { hour } else { day };
        window.add(Timestamp(minute.saturating_mul(60)), sent(row)?);
    }
    Ok(totals)
}

fn sent(row: &Row) -> Result<Sent, Error> {
    // The schema has no negative ones.
    let number = |column| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Sent {
        messages: number("messages")?,
        recipients: number("recipients")?,
        bytes: number("bytes")?,
        new_recipients: number("new_recipients")?,
    })
}

/// Removes some of what is too old to count, and says how much of it: none is left when that is
/// nothing.
///
/// # Errors
/// The database failed.
pub async fn prune(client: &Client, now: Timestamp) -> Result<u64, Error> {
    let statement = "DELETE FROM postcote.sent WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM postcote.sent WHERE minute < $1 LIMIT 5000))";
    client.execute(statement, &[&(minute(now) - KEEP)]).await
}

/// What is counted for what limits are said about; of each account of a domain those that have sent
/// something lately.
///
/// # Errors
/// The database failed.
pub async fn subjects_of(tx: &Transaction<'_>, holder: &Holder) -> Result<Vec<Subject>, Error> {
    let rows = match holder {
        Holder::Account(uid) => return Ok(vec![Subject::Account(*uid)]),
        Holder::Domain(gid) => return Ok(vec![Subject::Domain(*gid)]),
        Holder::AccountsOf(gid) => {
            let query = "SELECT 'account' AS kind, a.uid AS id FROM postcote.account a
                         WHERE a.gid = $1 AND EXISTS (SELECT FROM postcote.sent s
                             WHERE s.kind = 'account' AND s.id = a.uid) ORDER BY a.uid";
            tx.query(query, &[gid]).await?
        }
        Holder::AppPassword(uid, name) => {
            let query = "SELECT 'app_password' AS kind, id FROM postcote.app_password
                         WHERE uid = $1 AND name = $2";
            tx.query(query, &[uid, name]).await?
        }
    };
    rows.iter().filter_map(|row| subject(row).transpose()).collect()
}

/// Says that what some have sent until the end of this minute no longer counts.
///
/// # Errors
/// The database failed.
pub async fn reset(
    tx: &Transaction<'_>,
    subjects: &[Subject],
    now: Timestamp,
) -> Result<(), Error> {
    let kinds: Vec<&str> = subjects.iter().map(|subject| subject.key().0).collect();
    let ids: Vec<i64> = subjects.iter().map(|subject| subject.key().1).collect();
    let old = "DELETE FROM postcote.sent_reset WHERE minute < $1";
    tx.execute(old, &[&(minute(now) - KEEP)]).await?;
    let statement = include_str!("sql/reset_sent.sql");
    tx.execute(statement, &[&kinds, &ids, &minute(now)]).await.map(drop)
}

fn minute(at: Timestamp) -> i64 {
    at.0.div_euclid(60)
}
