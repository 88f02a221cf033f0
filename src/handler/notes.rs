//! What a login leaves behind: when an app password was used, and when somebody was there last.

use std::net::IpAddr;

use crate::handler::now;
use crate::journal::{Write, WriteBack};
use crate::login::User;
use crate::mail::{Channel, Service};
use crate::policy::AppLogins;

/// Writes it down, if there is a journal. Nobody waits for a disk to be let in, nor is kept out by
/// one. Cheap to clone.
#[derive(Clone, Default)]
pub struct Notes {
    journal: Option<WriteBack>,
    app_logins: AppLogins,
}

impl Notes {
    /// Writes into this journal.
    pub fn new(journal: Option<WriteBack>) -> Self {
        Self { journal, app_logins: AppLogins::default() }
    }

    /// Which app passwords people send with.
    pub fn app_logins(&self) -> &AppLogins {
        &self.app_logins
    }

    /// Somebody was let in by a server that tells of it itself.
    pub(super) fn let_in(&self, user: &User, service: &str, remote: Option<IpAddr>) {
        if let (Channel::Service(Service::Smtp), Some(remote)) = (Channel::of(service), remote) {
            self.app_logins.logged_in(user.uid, remote, user.app_password);
        }
        if let (Some(journal), Some(id)) = (&self.journal, user.app_password) {
            journal.note(Write::AppPasswordUsed { id, at: now() });
        }
    }

    /// Somebody was let in, and nobody else tells of it.
    pub(super) fn logged_in(&self, user: &User, service: &str, remote: Option<IpAddr>) {
        self.let_in(user, service, remote);
        let channel = Channel::of(service);
        if let (Some(journal), Channel::Service(_)) = (&self.journal, &channel) {
            let (uid, service, at) = (user.uid, channel.recorded(), now());
            journal.note(Write::LastLogin { uid, service, at, remote });
        }
    }
}
