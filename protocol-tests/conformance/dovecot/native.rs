//! A Dovecot that does without postcote: its own auth process reads files. What it says is the measure.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::chown;
use std::sync::Arc;

use super::house::PASSWORD;
use super::instance::{Dovecot, Installed, Version, printed};
use crate::support::daemon::free_port;
use crate::support::scratch::Scratch;

/// Everybody in its files, with whom accounts.sql and whole.sql have, by the names without domain.
const USERS: [&str; 7] = ["anna", "pop", "shut", "held", "over", "letters", "mute"];
/// Whom it refuses, at which services, and why. A reason has `_` for its spaces: a passwd-file ends it there.
const DENIED: &[(&str, &[&str], &str)] = &[
    ("pop", &["imap"], "IMAP_is_not_enabled_for_this_account"),
    ("pop", &["sieve"], "ManageSieve_is_not_enabled_for_this_account"),
    ("pop", &["smtp"], "SMTP_is_not_enabled_for_this_account"),
    ("letters", &["smtp"], "SMTP_is_not_enabled_for_this_account"),
    ("mute", &["smtp"], "Account_may_not_send_mail"),
    ("shut", &SERVICES, "Account_is_disabled"),
    ("held", &SERVICES, "Ask_the_office"),
    ("over", &SERVICES, "Account_has_expired"),
];
const SERVICES: [&str; 4] = ["imap", "pop3", "sieve", "smtp"];

/// Dovecot's way to refuse users who exist, by service and with a reason.
const LOGIN_23: &str = "
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
passdb {
  driver = passwd-file
  deny = yes
  args = @/denied-%s
}
passdb {
  driver = passwd-file
  args = @/users
}
userdb {
  driver = passwd-file
  args = @/users
}
";
const LOGIN_24: &str = "
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
passdb denied {
  driver = passwd-file
  deny = yes
  passwd_file_path = @/denied-%{protocol}
}
passdb passwd-file {
  passwd_file_path = @/users
}
userdb passwd-file {
  passwd_file_path = @/users
}
";

/// It runs until dropped.
pub(super) struct Native<'a> {
    pub(super) dovecot: Dovecot<'a>,
    /// The port of its auth process, for Postfix.
    pub(super) auth: u16,
    _scratch: Arc<Scratch>,
}

impl<'a> Native<'a> {
    pub(super) fn start(installed: &'a Installed) -> Self {
        let scratch = Arc::new(Scratch::new());
        let at = scratch.path().display().to_string();
        let mut users = String::new();
        for name in USERS {
            let home = format!("{at}/home/{name}");
            fs::create_dir_all(&home).unwrap();
            chown(&home, Some(70000), Some(70000)).unwrap();
            writeln!(users, "{name}@shop.example:{{PLAIN}}{PASSWORD}:70000:70000::{home}::")
                .unwrap();
        }
        fs::write(scratch.join("users"), users).unwrap();
        for service in SERVICES {
            let denied = DENIED.iter().filter(|(_, services, _)| services.contains(&service));
            let lines =
                denied.map(|(name, _, why)| format!("{name}@shop.example:::::::reason={why}\n"));
            let path = scratch.join(&format!("denied-{service}"));
            fs::write(path, lines.collect::<String>()).unwrap();
        }
        let login = match installed.version {
            Version::V23 => LOGIN_23,
            Version::V24 => LOGIN_24,
        };
        let auth = free_port();
        let login =
            printed(installed.version, "mail") + &login.replace('@', &at) + &auth_port(auth);
        let ports = installed.configure(&scratch, &login);
        let dovecot = installed.start(Arc::clone(&scratch), ports);
        Self { dovecot, auth, _scratch: scratch }
    }
}

/// Lets Dovecot's auth process answer Postfix on a port.
pub(super) fn auth_port(port: u16) -> String {
    format!("service auth {{\n  inet_listener postfix {{\n    port = {port}\n  }}\n}}\n")
}

/// What was said, with a reason as people read it.
pub(super) fn readable(said: &str) -> String {
    said.replace('_', " ")
}
