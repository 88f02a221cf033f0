//! A private Dovecot that knows the accounts of a site, and its doveadm.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::site::Site;
use crate::command::{administrative, run};
use crate::support::peer::Peer;

/// A running Dovecot without any listener of its own; it ends with the value.
pub(super) struct Dovecot {
    directory: PathBuf,
    peer: Peer,
}

impl Dovecot {
    /// Starts it with the accounts that the site has now, and makes the site's `doveadm` its.
    pub(super) async fn start(site: &Site, mail_location: &str) -> Self {
        let directory = site.scratch.join("dovecot");
        fs::create_dir(&directory).unwrap();
        let users =
            "SELECT string_agg(format('%s@%s::%s:%s::%s::', localpart, name, uid, e.gid, home),
                                       chr(10)) || chr(10)
                     FROM postcote.directory_entry e JOIN postcote.domain_name USING (gid)
                     WHERE kind = 'account'";
        fs::write(directory.join("users"), site.ask(users).await).unwrap();
        let at = directory.display();
        let database =
            format!("{{\n  driver = passwd-file\n  args = username_format=%u {at}/users\n}}\n");
        let text = format!(
            "base_dir = {at}/run\nstate_dir = {at}/run\nlog_path = {at}/log\n\
             protocols =\nlisten = 127.0.0.1\nssl = no\n\
             first_valid_uid = 70000\nfirst_valid_gid = 70000\nmail_location = {mail_location}\n\
             namespace inbox {{\n  inbox = yes\n  separator = /\n}}\n\
             passdb {database}userdb {database}"
        );
        let config = directory.join("dovecot.conf");
        fs::write(&config, text).unwrap();
        let doveadm = site.scratch.join("doveadm");
        let script = format!("#!/bin/sh\nexec doveadm -c {} \"$@\"\n", config.display());
        fs::write(&doveadm, script).unwrap();
        fs::set_permissions(&doveadm, fs::Permissions::from_mode(0o755)).unwrap();

        let mut dovecot = administrative("dovecot");
        let peer = Peer::start(dovecot.arg("-F").arg("-c").arg(config));
        let mut dovecot = Self { directory, peer };
        dovecot.wait();
        dovecot
    }

    fn wait(&mut self) {
        let start = Instant::now();
        while !self.directory.join("run/auth-userdb").exists() {
            let ended = self.peer.ended();
            assert!(ended.is_none(), "Dovecot ended with {ended:?}: {}", self.log());
            assert!(start.elapsed() < Duration::from_secs(20), "Dovecot: {}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// The folders that a user has by `doveadm mailbox list`, or is subscribed to with `-s`.
    pub(super) fn folders(&self, login: &str, subscribed: &[&str]) -> Vec<String> {
        let said = self.doveadm("list", login, subscribed);
        let mut folders: Vec<_> = said.lines().map(str::to_owned).collect();
        folders.sort();
        folders
    }

    /// Runs one of the commands about mailboxes, which must succeed.
    pub(super) fn doveadm(&self, verb: &str, login: &str, arguments: &[&str]) -> String {
        let mut doveadm = administrative("doveadm");
        doveadm.arg("-c").arg(self.directory.join("dovecot.conf")).args(["mailbox", verb]);
        let said = run(doveadm.args(["-u", login]).args(arguments));
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{}", self.log());
        said.stdout
    }
}
