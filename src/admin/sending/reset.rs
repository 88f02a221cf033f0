//! Lets what was sent no longer count.

use crate::admin::report::{ChangeKind, Report};
use crate::admin::sending::show;
use crate::admin::sending::target::Whose;
use crate::admin::{AdminError, Desk};
use crate::store::sent;

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin limits reset bob@example.org
  postcote admin limits reset example.org
  postcote admin limits reset example.org --accounts
  postcote admin limits reset alice@example.org --app-password laptop

All daemons hear of it within seconds, and begin to count anew. Each limit is counted
for itself: what an account has sent still counts for its domain, unless that is
reset, too.";

/// Lets what was sent no longer count.
#[derive(Clone, Debug, clap::Args)]
pub struct Reset {
    #[command(flatten)]
    pub(super) whose: Whose,
}

impl Reset {
    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("limits reset");
        let found = self.whose.find(desk, what).await?;
        let subjects = sent::subjects_of(desk.tx, &found.holder).await?;
        if subjects.is_empty() {
            report.note("nobody has sent anything lately");
            return Ok(report);
        }
        let before = show::item(desk, &found).await?;
        sent::reset(desk.tx, &subjects, desk.now).await?;
        report.change(ChangeKind::Reset, before);
        Ok(report)
    }
}
