//! An account: a mailbox that people log in to.

use crate::mail::policy::SendingLimits;
use crate::mail::{
    DestinationTemplate, MailLocation, PasswordHash, QuotaLimit, ServiceSet, Timestamp, Transport,
    Uid,
};

/// A mailbox with everything the answers about it need. `None` for transport, services and quota
/// means that the domain decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The numeric user.
    pub uid: Uid,
    /// Home, format and directory of the mail.
    pub location: MailLocation,
    /// What is stored of its password; `None` if that is no hash, so that nobody can tell whether a
    /// password is right.
    pub password: Option<PasswordHash>,
    /// Further passwords, each for one program or device, in the order in which they were made.
    pub app_passwords: Box<[AppPassword]>,
    /// Its own transport.
    pub transport: Option<Transport>,
    /// Its own services.
    pub services: Option<ServiceSet>,
    /// Its own quota limit.
    pub quota: Option<QuotaLimit>,
    /// What it may do.
    pub switches: Switches,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Until when its mail waits because its mailbox is on its way to another place. Once that has
    /// passed it is delivered where the mailbox was: a move that nobody carries out must not defer
    /// mail for ever.
    pub moving_until: Option<Timestamp>,
    /// Where else its mail goes.
    pub forwards: Option<Forwards>,
    /// Its own limits of sending.
    pub sending: Option<Box<SendingLimits>>,
}

/// A password that was made up for one program or device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppPassword {
    /// Its number.
    pub id: i64,
    /// What is stored of it.
    pub hash: PasswordHash,
    /// What it lets in; `None` is whatever the account may use.
    pub services: Option<ServiceSet>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Its own limits of sending.
    pub sending: Option<Box<SendingLimits>>,
}

/// What an account may do, each on its own, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switches {
    /// May log in.
    pub login: bool,
    /// May receive mail.
    pub receive: bool,
    /// May send mail.
    pub send: bool,
    /// The reason senders are told.
    pub reason: Option<Box<str>>,
    /// When the switches that are off turn on again.
    pub until: Option<Timestamp>,
}

/// Further destinations of an account's mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwards {
    /// Where to.
    pub destinations: Vec<DestinationTemplate>,
    /// Whether the mailbox gets its copy, too.
    pub keep_copy: bool,
}

/// Whether an account takes mail now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability<'a> {
    /// It does.
    Open,
    /// It was switched off, or has ended, with the reason to give.
    Disabled(&'a str),
    /// Its mailbox is being moved: soon.
    Moving,
}

impl Account {
    /// One that has nothing of its own, may do everything, and lets nobody in yet.
    pub fn new(uid: Uid, location: MailLocation) -> Self {
        Self {
            uid,
            location,
            password: None,
            app_passwords: [].into(),
            transport: None,
            services: None,
            quota: None,
            switches: Switches::default(),
            expires: None,
            moving_until: None,
            forwards: None,
            sending: None,
        }
    }

    /// Whether mail for the account is taken now.
    pub fn receives(&self, now: Timestamp) -> Availability<'_> {
        if self.has_expired(now) {
            Availability::Disabled("Account has expired")
        } else if !self.switch(self.switches.receive, now) {
            let reason = self.switches.reason.as_deref();
            Availability::Disabled(reason.unwrap_or("Mailbox disabled, not accepting messages"))
        } else if self.moving_until.is_some_and(|end| now < end) {
            Availability::Moving
        } else {
            Availability::Open
        }
    }

    /// Whether the account may send mail now.
    pub fn may_send(&self, now: Timestamp) -> bool {
        !self.has_expired(now) && self.switch(self.switches.send, now)
    }

    /// Whether the account may log in now.
    pub fn may_login(&self, now: Timestamp) -> bool {
        !self.has_expired(now) && self.switch(self.switches.login, now)
    }

    /// Whether the account has ended.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }

    fn switch(&self, on: bool, now: Timestamp) -> bool {
        on || self.switches.until.is_some_and(|end| end <= now)
    }
}

impl Default for Switches {
    fn default() -> Self {
        Self { login: true, receive: true, send: true, reason: None, until: None }
    }
}
