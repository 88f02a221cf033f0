//! Why a command did not do what it was told. Nothing has changed then.

use std::io::ErrorKind;

use tokio_postgres::error::SqlState;

use crate::admin::account::bulk::Mistakes;
use crate::exit::Exit;
use crate::mail::{Refusal, Rule};
use crate::store::connect::chain;
use crate::store::constraint;

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// What was typed or piped is not what it should be.
    #[error("{why}")]
    BadData {
        /// What is wrong with it; never shows a password.
        why: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Lines of a file are not what they should be, or rules say no to them.
    #[error(transparent)]
    Mistakes(#[from] Box<Mistakes>),
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The database failed.
    #[error("the database failed: {}", chain(.0))]
    Database(#[from] tokio_postgres::Error),
    /// A file cannot be read.
    #[error("cannot read {what}: {reason}")]
    Unreadable {
        /// The file, in backticks.
        what: String,
        /// Why.
        reason: std::io::Error,
    },
}

impl AdminError {
    pub(super) fn bad_data(why: impl Into<String>) -> Self {
        Self::BadData { why: why.into(), hint: None }
    }

    pub(super) fn hint(self, hint: &str) -> Self {
        match self {
            Self::BadData { why, .. } => Self::BadData { why, hint: Some(hint.to_owned()) },
            other => other,
        }
    }

    /// Knows a constraint's refusal from a failure of the database.
    pub(super) fn about(self, what: &str) -> Self {
        if let Self::Database(error) = &self
            && let Some(refusal) = constraint::refusal(error, what)
        {
            return Self::Refused(refusal);
        }
        self
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        match self {
            Self::BadData { hint, .. } => hint.as_deref(),
            Self::Mistakes(_) => Some("nothing was changed: correct the file and run it again"),
            Self::Refused(refusal) => refusal.hint.as_deref(),
            Self::Unreadable { .. } => None,
            Self::Database(error) => match error.code() {
                Some(code) if is_missing(code) => {
                    Some("make the schema with `postcote db migrate`")
                }
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                    Some("use a database user with the role `postcote_admin`")
                }
                Some(code) if is_temporary(code) => Some("run the command again"),
                _ => None,
            },
        }
    }

    /// The exit code that says it.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Mistakes(mistakes) if !mistakes.are_bad_data() => Exit::Refused,
            Self::Unreadable { reason, .. } if reason.kind() == ErrorKind::PermissionDenied => {
                Exit::Permission
            }
            Self::BadData { .. } | Self::Mistakes(_) | Self::Unreadable { .. } => Exit::BadData,
            Self::Refused(refusal) if refusal.rule == Rule::BadValue => Exit::BadData,
            Self::Refused(_) => Exit::Refused,
            Self::Database(error) => match error.code() {
                Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Exit::Permission,
                Some(code) if is_temporary(code) => Exit::Temporary,
                _ => Exit::Unavailable,
            },
        }
    }
}

fn is_missing(code: &SqlState) -> bool {
    [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_FUNCTION,
        SqlState::UNDEFINED_COLUMN,
        SqlState::INVALID_SCHEMA_NAME,
    ]
    .contains(code)
}

/// Somebody else was in the way; the same command may succeed in a moment.
fn is_temporary(code: &SqlState) -> bool {
    [
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::QUERY_CANCELED,
    ]
    .contains(code)
}
