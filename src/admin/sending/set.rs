//! Sets how much may be sent.

use crate::admin::report::{ChangeKind, Report};
use crate::admin::sending::show;
use crate::admin::sending::target::Whose;
use crate::admin::{AdminError, Desk};
use crate::mail::parse_size;
use crate::mail::policy::{Limit, SendingKey};
use crate::store::sending;

pub(super) const EXAMPLES: &str = "\
Examples:
  postcote admin limits set bob@example.org --messages-per-hour 50 --bytes-per-day 500m
  postcote admin limits set example.org --messages-per-day 2000
  postcote admin limits set example.org --accounts --new-recipients-per-day 100
  postcote admin limits set bob@example.org --messages-per-hour unlimited
  postcote admin limits set alice@example.org --app-password laptop --recipients-per-day 20
  postcote admin limits set bob@example.org --messages-per-hour inherit

A limit is a number, `unlimited`, which stands over what the domain says, or
`inherit`, which leaves it to the domain again, and to the configuration. A message
to ten people counts as ten recipients, and its bytes ten times.";

/// Sets limits.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("limits").required(true).multiple(true))]
pub struct Set {
    #[command(flatten)]
    pub(super) whose: Whose,
    /// Messages within an hour
    #[arg(long, value_name = "N", value_parser = count, group = "limits")]
    messages_per_hour: Option<Setting>,
    /// Recipients within an hour
    #[arg(long, value_name = "N", value_parser = count, group = "limits")]
    recipients_per_hour: Option<Setting>,
    /// What they hold within an hour: 50m, 2g
    #[arg(long, value_name = "SIZE", value_parser = size, group = "limits")]
    bytes_per_hour: Option<Setting>,
    /// Messages within a day
    #[arg(long, value_name = "N", value_parser = count, group = "limits")]
    messages_per_day: Option<Setting>,
    /// Recipients within a day
    #[arg(long, value_name = "N", value_parser = count, group = "limits")]
    recipients_per_day: Option<Setting>,
    /// What they hold within a day
    #[arg(long, value_name = "SIZE", value_parser = size, group = "limits")]
    bytes_per_day: Option<Setting>,
    /// Recipients within a day whom nothing was sent to before
    #[arg(long, value_name = "N", value_parser = count, group = "limits")]
    new_recipients_per_day: Option<Setting>,
}

/// What is said about a limit from now on; `None` is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting(Option<Limit>);

/// Why a text is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum SettingError {
    #[error("a limit is a whole number, `unlimited` or `inherit`")]
    Count,
    #[error(
        "a limit is a whole number with an optional unit b, k, m, g or t, `unlimited` or `inherit`"
    )]
    Size,
}

fn count(text: &str) -> Result<Setting, SettingError> {
    let number = || text.parse().ok().filter(|count: &u64| i64::try_from(*count).is_ok());
    setting(text, number).ok_or(SettingError::Count)
}

fn size(text: &str) -> Result<Setting, SettingError> {
    setting(text, || parse_size(text).ok()).ok_or(SettingError::Size)
}

fn setting(text: &str, number: impl Fn() -> Option<u64>) -> Option<Setting> {
    match text.to_ascii_lowercase().as_str() {
        "inherit" => Some(Setting(None)),
        "unlimited" => Some(Setting(Some(Limit::Unlimited))),
        _ => number().map(|number| Setting(Some(Limit::AtMost(number)))),
    }
}

impl Set {
    /// What was given.
    fn settings(&self) -> impl Iterator<Item = (SendingKey, Option<Limit>)> {
        SendingKey::ALL.into_iter().filter_map(|key| {
            let given = match key {
                SendingKey::MessagesPerHour => self.messages_per_hour,
                SendingKey::RecipientsPerHour => self.recipients_per_hour,
                SendingKey::BytesPerHour => self.bytes_per_hour,
                SendingKey::MessagesPerDay => self.messages_per_day,
                SendingKey::RecipientsPerDay => self.recipients_per_day,
                SendingKey::BytesPerDay => self.bytes_per_day,
                SendingKey::NewRecipientsPerDay => self.new_recipients_per_day,
            };
            given.map(|Setting(limit)| (key, limit))
        })
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        let mut report = Report::new("limits set");
        let found = self.whose.find(desk, what).await?;
        let before = sending::limits_of_holder(desk.tx, &found.holder).await?;
        let mut limits = before;
        for (key, limit) in self.settings() {
            limits.set(key, limit);
        }
        if limits == before {
            report.note("it is so already");
            return Ok(report);
        }
        sending::put(desk.tx, &found.holder, &limits).await?;
        report.change(ChangeKind::Changed, show::item(desk, &found).await?);
        Ok(report)
    }
}
