//! The addresses that an account may send as: the question that `smtpd_sender_login_maps` answers,
//! asked the other way round.

use std::collections::HashSet;

use crate::admin::item::Sender;
use crate::admin::references::{self, Reference};
use crate::admin::spellings::Spellings;
use crate::admin::{AdminError, Desk};
use crate::mail::{Address, Gid, Localpart};
use crate::store::details::AccountDetails;
use crate::store::facts::LeadingKind;
use crate::store::inventory::AccountRow;

/// Beyond this many entries nobody reads on, and a command has to end.
const MAX_ENTRIES: usize = 200;

/// The account's own addresses, those of the aliases that lead to it, one through another, and
/// those that its catch-alls take; and whether that is all. Forwards give no right to send.
pub(super) async fn senders(
    desk: Desk<'_, '_>,
    account: &AccountRow,
    details: &AccountDetails,
    spellings: &Spellings,
) -> Result<(Vec<Sender>, bool), AdminError> {
    if !may_send(desk, account, details) {
        return Ok((Vec::new(), true));
    }
    let own = spellings.of(&account.address.localpart);
    let mut senders: Vec<Sender> = own.into_iter().map(Sender::Address).collect();
    let start = (account.gid, account.address.localpart.clone());
    let mut seen: HashSet<(Gid, Localpart)> = HashSet::from([start.clone()]);
    let mut open = vec![start];
    while let Some((gid, localpart)) = open.pop() {
        for reference in references::to(desk, gid, &localpart).await? {
            if seen.len() > MAX_ENTRIES {
                return Ok((senders, false));
            }
            let leading = reference.leading();
            let mail = matches!(leading.kind, LeadingKind::Alias | LeadingKind::CatchAll);
            if !mail || !reference.is_active(desk.now) {
                continue;
            }
            let new = match &leading.localpart {
                Some(localpart) => seen.insert((leading.gid, localpart.clone())),
                None => true,
            };
            if new {
                for sender in spelled(desk, &reference, gid, &localpart).await? {
                    if !senders.contains(&sender) {
                        senders.push(sender);
                    }
                }
                open.extend(leading.localpart.clone().map(|localpart| (leading.gid, localpart)));
            }
        }
    }
    Ok((senders, true))
}

fn may_send(desk: Desk<'_, '_>, account: &AccountRow, details: &AccountDetails) -> bool {
    let [_, _, send] = account.may;
    let on = send || account.suspended_until.is_some_and(|until| until <= desk.now);
    on && details.domain_enabled && account.expires.is_none_or(|end| desk.now < end)
}

/// The addresses of what leads to an entry, by every name of its domain by which it does.
async fn spelled(
    desk: Desk<'_, '_>,
    reference: &Reference,
    gid: Gid,
    entry: &Localpart,
) -> Result<Vec<Sender>, AdminError> {
    let names = reference.names(desk, gid, entry).await?;
    let localpart = reference.leading().localpart.as_ref();
    let sender = |domain| match localpart {
        Some(localpart) => Sender::Address(Address { localpart: localpart.clone(), domain }),
        None => Sender::Strangers(domain),
    };
    Ok(names.into_iter().map(sender).collect())
}
