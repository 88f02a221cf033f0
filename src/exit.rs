//! How a command ends: the exit code, and what is said when it is not 0.

use std::fmt;
use std::process::ExitCode;

/// The exit codes of every command, in numerical order; those from 64 on are of `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Refused by a rule, or not found.
    Refused,
    /// The command line cannot be meant.
    Usage,
    /// The data given is wrong.
    BadData,
    /// The database or the daemon cannot be reached.
    Unavailable,
    /// Cannot be known or done now; try again.
    Temporary,
    /// A permission is missing.
    Permission,
    /// The configuration cannot be used.
    Configuration,
}

impl Exit {
    /// All of them, in numerical order.
    pub const ALL: [Self; 8] = [
        Self::Done,
        Self::Refused,
        Self::Usage,
        Self::BadData,
        Self::Unavailable,
        Self::Temporary,
        Self::Permission,
        Self::Configuration,
    ];

    /// The number that scripts see.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Usage => 64,
            Self::BadData => 65,
            Self::Unavailable => 69,
            Self::Temporary => 75,
            Self::Permission => 77,
            Self::Configuration => 78,
        }
    }

    /// What it means, as `--help` says it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused by a rule, or not found",
            Self::Usage => "wrong usage of a command",
            Self::BadData => "wrong data",
            Self::Unavailable => "database or daemon unavailable",
            Self::Temporary => "cannot be known or done now; try again",
            Self::Permission => "a permission is missing",
            Self::Configuration => "wrong configuration",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command was not done: what failed, what to do about it, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed, with the value in backticks, and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_rise_and_are_unique() {
        assert!(Exit::ALL.map(Exit::code).is_sorted_by(|a, b| a < b));
    }
}
