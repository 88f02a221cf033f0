//! Whether a command works on one account or on all those of a file.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::admin::AdminError;
use crate::admin::account::bulk::{FileArgs, Task, Verb};

/// One account with its options, or a file of accounts; clap sees to it that it is not both.
#[derive(Clone, Debug)]
pub enum OneOrFile<T> {
    /// All accounts of a file.
    File(FileArgs),
    /// One account.
    One(T),
}

impl<T> OneOrFile<T> {
    /// The one account, if it is one.
    pub(in crate::admin) fn one(&self) -> Option<&T> {
        match self {
            Self::File(_) => None,
            Self::One(one) => Some(one),
        }
    }

    /// The one account where it must be one.
    pub(in crate::admin) fn only(&self) -> Result<&T, AdminError> {
        self.one().ok_or_else(|| AdminError::bad_data("a file is not one account"))
    }

    /// What is to be done with the file, if it is one.
    pub(in crate::admin) fn task(&self, verb: Verb) -> Option<Task<'_>> {
        match self {
            Self::File(file) => Some(Task { verb, file }),
            Self::One(_) => None,
        }
    }

    /// What it would fail to do, for a refusal.
    pub(in crate::admin) fn what(&self, verb: Verb, of_one: impl Fn(&T) -> String) -> String {
        match self {
            Self::File(file) => Task { verb, file }.what(),
            Self::One(one) => of_one(one),
        }
    }
}

impl<T: Args> Args for OneOrFile<T> {
    fn augment_args(command: Command) -> Command {
        T::augment_args(FileArgs::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        T::augment_args_for_update(FileArgs::augment_args_for_update(command))
    }
}

impl<T: Args> FromArgMatches for OneOrFile<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        if matches.contains_id("from") {
            FileArgs::from_arg_matches(matches).map(Self::File)
        } else {
            T::from_arg_matches(matches).map(Self::One)
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
