//! Where the options of vmm.cfg are now.

use crate::config::closest;
use crate::config::edit::keys;
use crate::mail::Service;
use crate::vmm::{Code, Complaint};

/// What became of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is an option of postcote.toml.
    Key(&'static str),
    /// One of the services that accounts of new domains may use, a list in postcote.toml.
    Service(Service),
    /// It is not needed any more, or part of something else.
    Gone(&'static str),
}

/// The services of new domains.
pub(super) const SERVICES: &str = "vmm.domain-services";

const MODES: &str = "homes have mode 0700 and directories of domains 0750, always";
const LIMIT: &str = "postcote knows the limits of Postfix";
const FOLDERS: &str = "Dovecot makes and subscribes folders by `mailbox NAME { auto = subscribe }`";
const URL: &str =
    "it is part of `database.url`, as in postgresql://USER:PASS@HOST:PORT/NAME?sslmode=…";
const VERSION: &str = "every format and scheme is there; those that a version of Dovecot refuses are \
                       marked by `postcote admin password schemes`";

/// Every option of vmm.cfg, in vmm's order of sections, which is alphabetical. The last version of
/// a name counts.
pub const ALL: [(&str, Place); 37] = [
    ("account.delete_directory", Place::Key("vmm.delete-account-directory")),
    ("account.directory_mode", Place::Gone(MODES)),
    ("account.disk_usage", Place::Key("vmm.disk-usage")),
    ("account.password_length", Place::Key("accounts.random-password-length")),
    ("account.random_password", Place::Key("vmm.random-password")),
    ("bin.doveadm", Place::Gone("postcote hashes passwords itself")),
    ("bin.du", Place::Gone("postcote measures directories itself")),
    ("bin.postconf", Place::Gone(LIMIT)),
    ("database.host", Place::Gone(URL)),
    ("database.module", Place::Gone("postcote speaks to PostgreSQL itself")),
    ("database.name", Place::Gone(URL)),
    ("database.pass", Place::Gone(URL)),
    ("database.port", Place::Gone(URL)),
    ("database.sslmode", Place::Gone(URL)),
    ("database.url", Place::Key("database.url")),
    ("database.user", Place::Gone(URL)),
    ("domain.auto_postmaster", Place::Key("vmm.auto-postmaster")),
    ("domain.delete_directory", Place::Key("vmm.delete-domain-directory")),
    ("domain.directory_mode", Place::Gone(MODES)),
    ("domain.force_deletion", Place::Key("vmm.force-deletion")),
    ("domain.imap", Place::Service(Service::Imap)),
    ("domain.pop3", Place::Service(Service::Pop3)),
    ("domain.quota_bytes", Place::Key("vmm.domain-quota")),
    ("domain.quota_messages", Place::Key("vmm.domain-messages")),
    ("domain.sieve", Place::Service(Service::Sieve)),
    ("domain.smtp", Place::Service(Service::Smtp)),
    ("domain.transport", Place::Key("vmm.domain-transport")),
    ("mailbox.folders", Place::Gone(FOLDERS)),
    ("mailbox.format", Place::Key("accounts.mailbox-format")),
    ("mailbox.root", Place::Key("accounts.mailbox-root")),
    ("mailbox.subscribe", Place::Gone(FOLDERS)),
    ("misc.base_directory", Place::Key("accounts.base-directory")),
    ("misc.crypt_blowfish_rounds", Place::Gone("each scheme has the costs that Dovecot gives it")),
    ("misc.crypt_sha256_rounds", Place::Gone("each scheme has the costs that Dovecot gives it")),
    ("misc.crypt_sha512_rounds", Place::Gone("each scheme has the costs that Dovecot gives it")),
    ("misc.dovecot_version", Place::Gone(VERSION)),
    ("misc.password_scheme", Place::Key("accounts.password-scheme")),
];

/// The sections of vmm.cfg.
pub const SECTIONS: [&str; 6] = ["account", "bin", "database", "domain", "mailbox", "misc"];

/// An option that there still is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Its name in postcote.toml.
    pub(super) key: String,
    /// Which element of the list is meant, where vmm had a switch for each.
    pub(super) service: Option<Service>,
}

impl Place {
    /// The option of postcote.toml, if there is one.
    pub(super) fn setting(self) -> Result<Setting, &'static str> {
        match self {
            Self::Key(key) => Ok(Setting { key: key.to_owned(), service: None }),
            Self::Service(service) => {
                Ok(Setting { key: SERVICES.to_owned(), service: Some(service) })
            }
            Self::Gone(why) => Err(why),
        }
    }
}

/// Where an option is now. Options of postcote.toml may be named as they are.
///
/// # Errors
/// There was no such option, or it has gone; the message tells what took its place.
pub(super) fn find(name: &str) -> Result<Setting, Complaint> {
    let name = name.to_lowercase();
    let invalid = |why: String| Complaint::new(Code::InvalidArgument, why);
    let parts = name.split_once('.').filter(|(_, option)| !option.is_empty());
    let Some((section, option)) = parts else {
        return Err(invalid(format!("Bad format: '{name}' - expected: section.option")));
    };
    if let Some((_, place)) = ALL.iter().find(|(known, _)| *known == name) {
        let gone = |why| invalid(format!("There is no option '{name}' any more: {why}"));
        return place.setting().map_err(gone);
    }
    if keys().contains(&name) {
        return Ok(Setting { key: name, service: None });
    }
    let complaint = invalid(if SECTIONS.contains(&section) {
        format!("No option '{option}' in section: '{section}'")
    } else {
        format!("Unknown section: '{section}'")
    });
    Err(match closest(&name, ALL.iter().map(|(known, _)| *known)) {
        Some(close) => complaint.hint(format!("did you mean `{close}`?")),
        None => complaint.hint("`postcote config show` lists all options"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_somewhere() {
        let keys = keys();
        for (name, place) in ALL {
            let section = name.split('.').next().unwrap_or_default();
            assert!(SECTIONS.contains(&section), "{name}");
            match find(name) {
                Ok(setting) => assert!(keys.contains(&setting.key), "{name}: {}", setting.key),
                Err(complaint) => {
                    assert_eq!(complaint.code, Code::InvalidArgument);
                    assert!(matches!(place, Place::Gone(why) if !why.is_empty()), "{name}");
                }
            }
        }
        assert!(ALL.is_sorted_by_key(|(name, _)| *name), "as vmm asked for them");
    }

    #[test]
    fn names_are_read_as_vmm_read_them() {
        let table = [
            ("MISC.Password_Scheme", Ok("accounts.password-scheme")),
            ("domain.imap", Ok("vmm.domain-services")),
            ("log.level", Ok("log.level")),
            ("database.pass", Err("any more")),
            ("misc", Err("Bad format")),
            ("misc.", Err("Bad format")),
            ("misc.nothing", Err("No option 'nothing' in section: 'misc'")),
            ("some.thing", Err("Unknown section: 'some'")),
        ];
        for (name, expected) in table {
            let got = find(name).map(|setting| setting.key).map_err(|c| c.text);
            match expected {
                Ok(key) => assert_eq!(got.as_deref(), Ok(key), "{name}"),
                Err(part) => assert!(got.clone().unwrap_err().contains(part), "{name}: {got:?}"),
            }
        }
    }
}
