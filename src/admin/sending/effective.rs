//! Which limit of sending counts in the end, and who says so.

use crate::admin::{AdminError, Desk};
use crate::mail::Gid;
use crate::mail::policy::{Limit, SendingKey, SendingLimits};
use crate::store::sending::{self, Holder};

/// What the configuration says for those who say nothing themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defaults {
    /// Of each account.
    pub account: SendingLimits,
    /// Of each app password.
    pub app_password: SendingLimits,
    /// Of each domain, for all its accounts together.
    pub domain: SendingLimits,
}

/// Who says how much may be sent, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::admin) enum Origin {
    /// The thing that is asked about.
    Own,
    /// The domain of the account.
    Domain,
    /// The configuration.
    Default,
}

/// A limit that counts, and who says so.
pub(in crate::admin) type Effective = (SendingKey, Limit, Origin);

impl Origin {
    /// The word in JSON.
    pub(in crate::admin) fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Domain => "domain",
            Self::Default => "default",
        }
    }
}

/// The limits that count among these, each by the first that says something about it.
pub(super) fn effective(layers: &[(Origin, SendingLimits)]) -> Vec<Effective> {
    let first = |key: SendingKey| {
        layers.iter().find_map(|(origin, said)| said.get(key).map(|limit| (key, limit, *origin)))
    };
    SendingKey::ALL.into_iter().filter_map(first).collect()
}

/// The limits that count for a holder in a domain.
pub(in crate::admin) async fn counting(
    desk: Desk<'_, '_>,
    holder: &Holder,
    gid: Gid,
) -> Result<Vec<Effective>, AdminError> {
    Ok(effective(&layers(desk, holder, gid).await?))
}

/// All that say something about a holder in a domain, the nearest first.
pub(super) async fn layers(
    desk: Desk<'_, '_>,
    holder: &Holder,
    gid: Gid,
) -> Result<Vec<(Origin, SendingLimits)>, AdminError> {
    let mut layers = vec![(Origin::Own, sending::limits_of_holder(desk.tx, holder).await?)];
    let defaults = &desk.settings.sending;
    if let Holder::Account(_) = holder {
        let accounts = Holder::AccountsOf(gid);
        layers.push((Origin::Domain, sending::limits_of_holder(desk.tx, &accounts).await?));
    }
    let default = match holder {
        Holder::Account(_) | Holder::AccountsOf(_) => defaults.account,
        Holder::AppPassword(..) => defaults.app_password,
        Holder::Domain(_) => defaults.domain,
    };
    layers.push((Origin::Default, default));
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::Settings;
    use crate::config::Config;

    #[test]
    fn the_configuration_says_the_rest() {
        let mut config = Config::default();
        config.policy.account_limits.set(SendingKey::MessagesPerDay, Some(Limit::AtMost(1)));
        config.policy.app_password_limits.set(SendingKey::MessagesPerDay, Some(Limit::AtMost(2)));
        config.policy.domain_limits.set(SendingKey::MessagesPerDay, Some(Limit::AtMost(3)));
        let Defaults { account, app_password, domain } = Settings::from(&config).sending;
        let said = [account, app_password, domain].map(|one| one.day.messages);
        assert_eq!(said, [1, 2, 3].map(|limit| Some(Limit::AtMost(limit))));
    }

    #[test]
    fn the_nearest_says_how_much() {
        let said = |key, limit| {
            let mut limits = SendingLimits::default();
            limits.set(key, Some(limit));
            limits
        };
        let (hour, day) = (SendingKey::MessagesPerHour, SendingKey::MessagesPerDay);
        let layers = [
            (Origin::Own, said(hour, Limit::Unlimited)),
            (Origin::Domain, said(hour, Limit::AtMost(1))),
            (Origin::Default, said(day, Limit::AtMost(2))),
        ];
        let expected =
            [(hour, Limit::Unlimited, Origin::Own), (day, Limit::AtMost(2), Origin::Default)];
        assert_eq!(effective(&layers), expected);
    }
}
