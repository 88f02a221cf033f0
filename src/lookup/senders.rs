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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;

    use super::*;
    use crate::directory::{DirectoryError, EntryKey};
    use crate::mail::policy::LocalpartPattern;
    use crate::mail::rules::fixtures::{account, alias, domain};
    use crate::mail::{Delimiters, DomainName};

    const NOW: Timestamp = Timestamp(1000);

    /// `anna` and `bert` are accounts, `sven` may not send, of `dark` nothing can be known; `list`
    /// leads to anna, `some` to anna and dark.
    struct Facts(Arc<Domain>);

    impl Directory for Facts {
        async fn domain(&self, name: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
            Ok(self.0.name.is(name).then(|| Arc::clone(&self.0)))
        }

        async fn wildcard(&self, _: &DomainName) -> Result<Option<Arc<Domain>>, DirectoryError> {
            Ok(None)
        }

        async fn entry(&self, key: &EntryKey) -> Result<Option<Arc<Entry>>, DirectoryError> {
            Ok(Some(Arc::new(match key.localpart.as_str() {
                "anna" | "bert" => account(|_| ()),
                "sven" => account(|sven| sven.switches.send = false),
                "list" => alias(&["anna"], |_| ()),
                "some" => alias(&["anna", "dark"], |_| ()),
                "dark" => return Err(DirectoryError::new("cannot know now")),
                _ => return Ok(None),
            })))
        }
    }

    fn address(localpart: &str) -> Address {
        Address::parse(&format!("{localpart}@example.org")).unwrap()
    }

    #[test]
    fn who_cannot_be_known_makes_the_answer_unsure() {
        // The grants as `local part to login`, who is asked for, who may.
        let table = [
            ("", "list", Some("anna")),
            ("", "some", None),
            ("list bert", "list", Some("anna bert")),
            ("list anna,* anna,l*t bert", "list", Some("anna bert")),
            ("list sven,list list,list nobody,list anna+x", "list", Some("anna")),
            ("list dark", "list", None),
            ("other dark", "list", Some("anna")),
            ("list dark", "list+x", None),
            ("list+x bert", "list+x", Some("anna bert")),
            ("list+x bert", "list", Some("anna")),
            ("a bert", "a+b", Some("bert")),
            ("a+b bert", "a", Some("")),
        ];
        for (grants, asked, expected) in table {
            let mut domain = domain(&[]);
            let grant = |text: &str| {
                let (localpart, login) = text.split_once(' ')?;
                let localpart = LocalpartPattern::parse(localpart).ok()?;
                Some(SenderGrant { localpart, login: address(login) })
            };
            domain.sending.grants = grants.split(',').filter_map(grant).collect();
            let resolver = Resolver::new(Facts(Arc::new(domain)), Delimiters::default());
            let got = resolver.owners(&address(asked), NOW).now_or_never().unwrap().ok();
            let got = got.map(|logins| {
                let logins = logins.iter().map(|login| login.localpart.as_str().to_owned());
                logins.collect::<Vec<_>>().join(" ")
            });
            assert_eq!(got.as_deref(), expected, "{asked} with {grants}");
        }
    }
}
