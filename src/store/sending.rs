//! Limits of sending and sender grants as the database keeps them.

use std::collections::BTreeMap;

use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Error, Transaction};

use crate::mail::policy::{Limit, LocalpartPattern, SenderGrant, SendingKey, SendingLimits};
use crate::mail::{Address, DomainName, Gid, Localpart, Uid};
use crate::store::values::Failure;

/// Why stored limits cannot be understood.
#[derive(Debug, thiserror::Error)]
pub(super) enum LimitsError {
    /// They are no object of whole numbers and nulls.
    #[error("limits of sending are no object of whole numbers: {0}")]
    Shape(#[from] serde_json::Error),
    /// A key that nobody counts by.
    #[error("unknown limit `{0}`")]
    Key(String),
}

/// Reads limits; `None` if they say nothing.
///
/// # Errors
/// One of them cannot be understood: ignoring it would let through what it forbids.
pub(super) fn limits(text: &str) -> Result<Option<Box<SendingLimits>>, LimitsError> {
    limits_of(serde_json::from_str(text)?)
}

/// As [`limits`], of what was read as a part of something else.
///
/// # Errors
/// As of [`limits`].
pub(super) fn limits_of(
    stored: serde_json::Value,
) -> Result<Option<Box<SendingLimits>>, LimitsError> {
    let stored: BTreeMap<String, Option<u64>> = serde_json::from_value(stored)?;
    let mut limits = SendingLimits::default();
    for (name, amount) in stored {
        let key = SendingKey::parse(&name).ok_or(LimitsError::Key(name))?;
        limits.set(key, Some(amount.map_or(Limit::Unlimited, Limit::AtMost)));
    }
    Ok((!limits.is_empty()).then(|| Box::new(limits)))
}

/// The text of limits; `None` if they say nothing.
pub(super) fn text(limits: &SendingLimits) -> Option<String> {
    let said = SendingKey::ALL.into_iter().filter_map(|key| {
        let amount = limits.get(key)?.at_most();
        Some((key.as_str().to_owned(), amount.map_or(serde_json::Value::Null, Into::into)))
    });
    let stored: serde_json::Map<_, _> = said.collect();
    (!stored.is_empty()).then(|| serde_json::Value::Object(stored).to_string())
}

/// What limits of sending are said about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An account.
    Account(Uid),
    /// Each account of a domain that says nothing itself.
    AccountsOf(Gid),
    /// An app password of an account, by its name.
    AppPassword(Uid, String),
    /// All accounts of a domain together.
    Domain(Gid),
}

/// What is said about a holder itself; empty if it is nothing, or if there is no such holder.
///
/// # Errors
/// The database failed, or what it has cannot be understood.
pub async fn limits_of_holder(
    tx: &Transaction<'_>,
    holder: &Holder,
) -> Result<SendingLimits, Error> {
    let statement = match holder {
        Holder::Account(_) => "SELECT sending_limits::text FROM postcote.account WHERE uid = $1",
        Holder::AccountsOf(_) => {
            "SELECT account_sending_limits::text FROM postcote.domain WHERE gid = $1"
        }
        Holder::AppPassword(..) => {
            "SELECT sending_limits::text FROM postcote.app_password WHERE uid = $1 AND name = $2"
        }
        Holder::Domain(_) => "SELECT sending_limits::text FROM postcote.domain WHERE gid = $1",
    };
    let row = match holder {
        Holder::Account(uid) => tx.query_opt(statement, &[uid]).await?,
        Holder::AccountsOf(gid) | Holder::Domain(gid) => tx.query_opt(statement, &[gid]).await?,
        Holder::AppPassword(uid, name) => tx.query_opt(statement, &[uid, name]).await?,
    };
    let said = row.map(|row| row.try_get::<_, Option<SendingLimits>>(0)).transpose()?;
    Ok(said.flatten().unwrap_or_default())
}

/// Says something else about a holder.
///
/// # Errors
/// A constraint says no, or the database failed.
pub async fn put(
    tx: &Transaction<'_>,
    holder: &Holder,
    limits: &SendingLimits,
) -> Result<(), Error> {
    let to = text(limits);
    match holder {
        Holder::Account(uid) => {
            let statement =
                "UPDATE postcote.account SET sending_limits = $2::text::jsonb WHERE uid = $1";
            tx.execute(statement, &[uid, &to]).await
        }
        Holder::AccountsOf(gid) => {
            let statement =
                "UPDATE postcote.domain SET account_sending_limits = $2::text::jsonb WHERE gid = $1";
            tx.execute(statement, &[gid, &to]).await
        }
        Holder::AppPassword(uid, name) => {
            let statement = "UPDATE postcote.app_password SET sending_limits = $3::text::jsonb \
                             WHERE uid = $1 AND name = $2";
            tx.execute(statement, &[uid, name, &to]).await
        }
        Holder::Domain(gid) => {
            let statement =
                "UPDATE postcote.domain SET sending_limits = $2::text::jsonb WHERE gid = $1";
            tx.execute(statement, &[gid, &to]).await
        }
    }
    .map(drop)
}

impl<'a> FromSql<'a> for SendingLimits {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(limits(<&str>::from_sql(ty, raw)?)?.map_or_else(Self::default, |limits| *limits))
    }

    fn accepts(ty: &Type) -> bool {
        <&str as FromSql<'_>>::accepts(ty)
    }
}

/// A grant as the view shows it.
#[derive(serde::Deserialize)]
struct StoredGrant {
    localpart: String,
    login: String,
}

/// Reads grants, those that can be understood: one that cannot gives no right away.
///
/// # Errors
/// They are no list of grants.
pub(super) fn grants(text: &str) -> Result<Box<[SenderGrant]>, serde_json::Error> {
    let stored: Vec<StoredGrant> = serde_json::from_str(text)?;
    let read = stored.into_iter().filter_map(|stored| {
        // Without quotes, so that the last @ is the one.
        let (localpart, domain) = stored.login.rsplit_once('@')?;
        let login = Address {
            localpart: Localpart::from_internal(localpart).ok()?,
            domain: DomainName::parse(domain).ok()?,
        };
        Some(SenderGrant { localpart: LocalpartPattern::parse(&stored.localpart).ok()?, login })
    });
    Ok(read.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_were_written() {
        let rows = [
            "{\"bytes-per-day\":null}",
            "{\"messages-per-hour\":0,\"new-recipients-per-day\":9223372036854775807}",
        ];
        for row in rows {
            assert_eq!(text(&limits(row).unwrap().unwrap()).as_deref(), Some(row));
        }
        assert!(limits("{}").unwrap().is_none());
        assert_eq!(text(&SendingLimits::default()), None);
        let bad = [
            "[]",
            "null",
            "{\"per-hour\":1}",
            "{\"bytes-per-day\":-1}",
            "{\"bytes-per-day\":1.0}",
            "{\"bytes-per-day\":\"1\"}",
        ];
        for row in bad {
            assert!(limits(row).is_err(), "{row}");
        }
    }

    #[test]
    fn a_grant_that_cannot_be_read_is_left_out() {
        let text = r#"[{"localpart": "a b", "login": "c@d@e.example"}, {"localpart": "", "login": "a@b"},
                       {"localpart": "*", "login": "nobody"}, {"localpart": "a*", "login": "a@b.example"}]"#;
        let read = grants(text).unwrap();
        let shown: Vec<_> =
            read.iter().map(|one| format!("{} {}", one.localpart, one.login)).collect();
        assert_eq!(shown, ["a b \"c@d\"@e.example", "a* a@b.example"]);
        assert!(grants("{}").is_err());
    }
}
