//! Who may use an address as the sender: those it belongs to, and those it was granted to.

use futures_util::future::join_all;

use crate::directory::Directory;
use crate::lookup::expansion::Follow;
use crate::lookup::resolver::{LookupError, Resolver};
use crate::mail::policy::SenderGrant;
use crate::mail::{Address, Domain, Entry, Timestamp};

impl<D: Directory> Resolver<D> {
    /// The logins that may use an address as the sender, each once: first those of the accounts it
    /// belongs to, directly, by an alias, an alias domain, a catch-all or with an extension, nearest
    /// first; then those it was granted to. Only accounts that may send now are among them.
    ///
    /// This is the answer of `smtpd_sender_login_maps`. It is empty for an address that nobody here
    /// may use, be it one elsewhere.
    ///
    /// # Errors
    /// The facts cannot be had now: whoever is missing must not be refused for that. Or the address
    /// leads to more accounts than can be followed.
    pub async fn owners(
        &self,
        address: &Address,
        now: Timestamp,
    ) -> Result<Vec<Address>, LookupError> {
        let Some(located) = self.locate(address).await? else { return Ok(Vec::new()) };
        let mut granted = Vec::new();
        for (grant, may_send) in self.grantees(&located.domain, address, now).await? {
            if may_send {
                granted.push(grant.login.clone());
            }
        }
        let walk = self.walk(address, located, now, Follow::Owners).await?;
        let mut logins = Vec::new();
        for (address, node) in walk.in_order(address) {
            let Some(located) = &node.located else { continue };
            let Some(Entry::Account(account)) = located.entry.as_deref() else { continue };
            let login = located.login(address);
            if account.may_send(now) && !logins.contains(&login) {
                logins.push(login);
            }
        }
        for login in granted {
            if !logins.contains(&login) {
                logins.push(login);
            }
        }
        Ok(logins)
    }

    /// The grants that give an address away, each with whether its account may send now.
    pub(super) async fn grantees<'a>(
        &self,
        domain: &'a Domain,
        address: &Address,
        now: Timestamp,
    ) -> Result<Vec<(&'a SenderGrant, bool)>, LookupError> {
        let base = address.split(self.delimiters()).map(|(base, _)| base.localpart);
        let fits = |grant: &&SenderGrant| {
            grant.localpart.matches(&address.localpart)
                || base.as_ref().is_some_and(|base| grant.localpart.matches(base))
        };
        let grants: Vec<&SenderGrant> = domain.sending.grants.iter().filter(fits).collect();
        let may_send = grants.iter().map(|grant| self.login_may_send(&grant.login, now));
        let may_send: Result<Vec<bool>, _> = join_all(may_send).await.into_iter().collect();
        Ok(grants.into_iter().zip(may_send?).collect())
    }

    /// Whether a login is one of an account that may send now.
    async fn login_may_send(&self, login: &Address, now: Timestamp) -> Result<bool, LookupError> {
        let Some(located) = self.locate(login).await? else { return Ok(false) };
        let Some(Entry::Account(account)) = located.entry.as_deref() else { return Ok(false) };
        Ok(located.base.is_none() && account.may_send(now))
    }
}
