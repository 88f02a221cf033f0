//! Finds the account that has a number.

use crate::admin::item::Item;
use crate::admin::report::Report;
use crate::admin::{AdminError, Desk, account};
use crate::mail::{Refusal, Rule, Uid};
use crate::store::facts;

/// Finds the account that has a number.
#[derive(Clone, Debug, clap::Args)]
pub struct Find {
    /// The uid, as the owner of files
    #[arg(value_parser = uid)]
    uid: u32,
}

/// Why a text is no uid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a uid is a whole number")]
struct UidError;

fn uid(text: &str) -> Result<u32, UidError> {
    text.parse().map_err(|_| UidError)
}

impl Find {
    pub(super) fn what(&self) -> String {
        format!("cannot find uid `{}`", self.uid)
    }

    pub(super) async fn perform(
        &self,
        desk: Desk<'_, '_>,
        what: &str,
    ) -> Result<Report, AdminError> {
        if let Some((gid, localpart)) = facts::account_of(desk.tx, Uid(self.uid)).await?
            && let Some(row) = account::row(desk, gid, &localpart).await?
        {
            return Ok(Report::list("account find", vec![Item::account(&row, desk.now)]));
        }
        Err(Refusal::new(Rule::NoSuchAccount, what).because("no account has this uid").into())
    }
}
