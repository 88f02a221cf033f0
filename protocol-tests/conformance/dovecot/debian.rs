//! Dovecot as Debian installs it, with postcote's settings as one more file behind Debian's.

use std::fs;
use std::path::Path;

use super::instance::{Installed, Ports, settle};
use crate::support::daemon::free_port;
use crate::support::scratch::Scratch;

impl Installed {
    /// Puts Debian's `/etc/dovecot` below `scratch`, with `login` as `conf.d/99-postcote.conf`, and makes it
    /// private.
    pub(super) fn configure_debian(&self, scratch: &Scratch, login: &str) -> Ports {
        for name in ["etc/conf.d", "etc/private", "queue/private", "state"] {
            fs::create_dir_all(scratch.join(name)).unwrap();
        }
        let debian = self.installation.path(Path::new("/etc/dovecot"));
        for directory in ["", "conf.d"] {
            for entry in fs::read_dir(debian.join(directory)).unwrap() {
                let from = entry.unwrap().path();
                if from.is_file() {
                    let to = scratch.join("etc").join(directory).join(from.file_name().unwrap());
                    // Users of the system have no mail here.
                    let text = fs::read_to_string(&from)
                        .unwrap()
                        .replace("\n!include auth-system.conf.ext", "\n");
                    fs::write(to, settle(scratch, &text)).unwrap();
                }
            }
        }
        for name in ["dovecot.pem", "dovecot.key"] {
            fs::write(scratch.join("etc/private").join(name), "").unwrap();
        }
        fs::write(scratch.join("etc/conf.d/99-postcote.conf"), settle(scratch, login)).unwrap();
        self.copy_beside(scratch);
        let ports = Ports { imap: free_port(), pop3: free_port(), sieve: free_port() };
        // Debian's LMTP is where Postfix cannot reach it.
        let lmtp = format!(
            "service lmtp {{\n  unix_listener {}/queue/private/dovecot-lmtp {{\n    user = postfix\n    \
             group = postfix\n    mode = 0600\n  }}\n}}\n",
            scratch.path().display()
        );
        let path = scratch.join("etc/dovecot.conf");
        let text = fs::read_to_string(&path).unwrap() + &self.private(scratch, ports) + &lmtp;
        fs::write(path, text).unwrap();
        ports
    }
}
