//! What listens for logins: one set of services behind all sockets, so that a login made on one can
//! be fetched from another.

use std::io;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::config::{Config, Listen, Protocol};
use crate::directory::{Directory, DirectoryError};
use crate::handler::dovecot::{AuthService, DictService, Handover, MasterService, mechanisms};
use crate::handler::{AllUsers, CourierService, Notes, Pages, now};
use crate::journal::WriteBack;
use crate::login::{Logins, Rehash, Settings};
use crate::lookup::Resolver;
use crate::mail::Address;
use crate::store::Link;
use crate::store::accounts::AccountList;

/// The services behind the sockets of Courier and Dovecot, and what decides for all of them.
pub(super) struct LoginServices<D> {
    pub(super) logins: Logins<D>,
    pub(super) notes: Notes,
    pub(super) auth: Arc<AuthService<D>>,
    pub(super) courier: Arc<CourierService<D, ListedAccounts>>,
    pub(super) master: Arc<MasterService<D, ListedAccounts>>,
    /// If there is a journal, as there is with a listener for it.
    pub(super) dict: Option<Arc<DictService<D, ListedAccounts, WriteBack>>>,
}

impl<D: Directory + 'static> LoginServices<D> {
    /// Services over this directory; `link` is for lists of all users, `journal` for what is to be
    /// written down, `rehash` for hashes that are to be replaced.
    pub(super) fn new(
        config: &Config,
        resolver: Resolver<D>,
        link: Link,
        journal: Option<WriteBack>,
        rehash: Option<mpsc::Sender<Rehash>>,
    ) -> io::Result<Self> {
        let logins = Logins::new(resolver, Settings::new(config, now), rehash)?;
        // Dovecot believes in a restart if its two sockets name different processes.
        let pid = std::process::id();
        let handover = Arc::new(Handover::default());
        let mechanisms = mechanisms(config.accounts.password_scheme.scheme);
        let notes = Notes::new(journal.clone());
        let auth = AuthService::new(logins.clone(), Arc::clone(&handover), mechanisms, pid);
        let auth = auth.with_notes(notes.clone());
        let listed = ListedAccounts(link);
        let courier = CourierService::new(logins.clone(), listed.clone());
        let courier = courier.with_notes(notes.clone());
        let master = MasterService::new(logins.clone(), handover, listed.clone(), pid);
        let own = rustix::process::geteuid().as_raw();
        let dict =
            journal.map(|journal| DictService::new(logins.clone(), listed, journal, own).into());
        let (auth, courier, master) = (Arc::new(auth), Arc::new(courier), Arc::new(master));
        Ok(Self { logins, notes, auth, courier, master, dict })
    }
}

/// Opens the journal if a listener takes in what is to be written down.
pub(super) fn journal(config: &Config, link: Link) -> io::Result<Option<WriteBack>> {
    let takes = |listen: &Listen| match listen.protocol {
        Protocol::CourierAuth
        | Protocol::DovecotAuth
        | Protocol::DovecotDict
        | Protocol::Policy => true,
        Protocol::DovecotMaster | Protocol::Socketmap | Protocol::TcpTable => false,
    };
    if !config.listen.iter().any(takes) {
        return Ok(None);
    }
    WriteBack::open(&config.journal.directory, link).map(Some)
}

/// Every account, from the database.
#[derive(Clone)]
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
