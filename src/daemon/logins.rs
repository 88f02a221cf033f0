//! What listens for logins: one set of services behind all sockets, so that a login made on one can
//! be fetched from another.

use std::sync::Arc;

use crate::config::Config;
use crate::directory::{Directory, DirectoryError};
use crate::handler::dovecot::{AllUsers, AuthService, Handover, MasterService, Pages, mechanisms};
use crate::handler::{CourierService, now};
use crate::login::{Logins, Settings};
use crate::lookup::Resolver;
use crate::mail::Address;
use crate::password::HashError;
use crate::store::Link;
use crate::store::accounts::AccountList;

/// The services behind the sockets of Courier and Dovecot, and what decides for all of them.
pub(super) struct LoginServices<D> {
    pub(super) logins: Logins<D>,
    pub(super) auth: Arc<AuthService<D>>,
    pub(super) courier: Arc<CourierService<D, ListedAccounts>>,
    pub(super) master: Arc<MasterService<D, ListedAccounts>>,
}

impl<D: Directory + 'static> LoginServices<D> {
    /// Services over this directory; `link` is for lists of all users.
    pub(super) fn new(
        config: &Config,
        resolver: Resolver<D>,
        link: Link,
    ) -> Result<Self, HashError> {
        let logins = Logins::new(resolver, Settings::new(config, now), None)?;
        // Dovecot believes in a restart if its two sockets name different processes.
        let pid = std::process::id();
        let handover = Arc::new(Handover::default());
        let mechanisms = mechanisms(config.accounts.password_scheme.scheme);
        let auth = AuthService::new(logins.clone(), Arc::clone(&handover), mechanisms, pid);
        let courier = CourierService::new(logins.clone(), ListedAccounts(link.clone()));
        let master = MasterService::new(logins.clone(), handover, ListedAccounts(link), pid);
        let (auth, courier, master) = (Arc::new(auth), Arc::new(courier), Arc::new(master));
        Ok(Self { logins, auth, courier, master })
    }
}

/// Every account, from the database.
pub(super) struct ListedAccounts(Link);

impl AllUsers for ListedAccounts {
    type Pages = AccountPages;

    fn all(&self, mask: Option<&str>) -> AccountPages {
        AccountPages(AccountList::new(self.0.clone(), mask))
    }
}

/// A walk over them.
pub(super) struct AccountPages(AccountList);

impl Pages for AccountPages {
    async fn next(&mut self) -> Result<Option<Vec<Address>>, DirectoryError> {
        self.0.next().await
    }
}
