//! Limits of sending: how much accounts, domains and app passwords may send.
//!
//! To add a verb, flatten [`Whose`] into its arguments: it names what the limits
//! hang on, and finds it.

mod effective;
mod reset;
mod set;
mod show;
mod target;

use crate::admin::report::Report;
use crate::admin::{AdminError, Desk};

pub use effective::Defaults;
pub use reset::Reset;
pub use set::Set;
pub use show::Show;
pub use target::{Target, TargetError, Whose};

pub(super) use effective::{Effective, Origin, counting};

/// What to do with limits of sending.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Lets what was sent until now no longer count
    #[command(after_long_help = reset::EXAMPLES)]
    Reset(Reset),
    /// Sets how much may be sent within an hour and within a day
    #[command(after_long_help = set::EXAMPLES)]
    Set(Box<Set>),
    /// Shows how much may be sent, and who says so
    #[command(after_long_help = show::EXAMPLES)]
    Show(Show),
}

impl Verb {
    pub(super) fn what(&self) -> String {
        match self {
            Self::Reset(reset) => format!("cannot reset limits of {}", reset.whose.shown()),
            Self::Set(set) => format!("cannot set limits of {}", set.whose.shown()),
            Self::Show(show) => format!("cannot show limits of {}", show.whose.shown()),
        }
    }

    /// Whether it may change something.
    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::Show(_))
    }

    pub(super) async fn perform(self, desk: Desk<'_, '_>) -> Result<Report, AdminError> {
        let what = self.what();
        match self {
            Self::Reset(reset) => reset.perform(desk, &what).await,
            Self::Set(set) => set.perform(desk, &what).await,
            Self::Show(show) => show.perform(desk, &what).await,
        }
    }
}
