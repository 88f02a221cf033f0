//! A daemon with sockets for Dovecot, a database that can be killed, and Dovecot's doveadm with the plugins
//! that tell of quota and last logins.

use std::io::Write as _;
use std::os::unix::fs::chown;
use std::process::{Output, Stdio};

use tokio_postgres::Client;

use crate::conformance::installation::Installation;
use crate::support::daemon::{Daemon, Setup};
use crate::support::pg::{self, DedicatedCluster};
use crate::support::scratch::Scratch;
use crate::support::site;

/// Everything that runs; `anna@shop.example` has a home.
pub(super) struct House {
    // Dropped first, before its database.
    pub(super) daemon: Daemon,
    pub(super) own: DedicatedCluster,
    pub(super) url: String,
    pub(super) scratch: Scratch,
}

/// A doveadm with a configuration below a house's directory.
pub(super) struct Doveadm<'a> {
    installation: &'a Installation,
    scratch: &'a Scratch,
    dict: String,
}

impl House {
    pub(super) async fn new() -> Self {
        let (own, scratch) = (pg::dedicated_cluster(), Scratch::new());
        let (url, path) = (own.database(), scratch.path().display().to_string());
        let client = site::fill(&url, "shop").await;
        let home = format!("UPDATE postcote.account SET home = '{path}/anna' WHERE uid = 70000");
        client.batch_execute(&home).await.unwrap();
        std::fs::create_dir(scratch.join("anna")).unwrap();
        chown(scratch.join("anna"), Some(70000), Some(70000)).unwrap();
        Self { daemon: daemon(&url, &scratch), own, url, scratch }
    }

    pub(super) async fn database(&self) -> Client {
        pg::connect(&self.url).await
    }

    /// doveadm of an installation, whose quota is told in the way of its version.
    pub(super) fn doveadm<'a>(&'a self, installation: &'a Installation) -> Doveadm<'a> {
        let path = self.scratch.path().display();
        let common = format!(
            "base_dir = {path}/base\nstate_dir = {path}\nssl = no\nauth_socket_path = {path}/master\n\
             first_valid_uid = 1000\nnamespace inbox {{\n  inbox = yes\n}}\n"
        );
        let is_23 = version(installation, &self.scratch).starts_with("2.3.");
        let (begins, plugins, dict) = if is_23 {
            ("", include_str!("plugins-2.3.conf"), format!("proxy:{path}/dict:postcote"))
        } else {
            // A dict has no address there; it is named by what it is configured for.
            let begins = "dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n";
            (begins, include_str!("plugins-2.4.conf"), "last_login".to_owned())
        };
        let plugins = plugins.replace("DICT", &format!("{path}/dict"));
        let text = [begins, &common, &plugins].concat();
        std::fs::write(self.scratch.join("dovecot.conf"), text).unwrap();
        Doveadm { installation, scratch: &self.scratch, dict }
    }
}

/// A daemon with a socket of each of Dovecot's protocols below a directory.
pub(super) fn daemon(url: &str, scratch: &Scratch) -> Daemon {
    let path = scratch.path().display();
    let mut setup = Setup::new(url);
    setup.listen = ["auth", "dict", "master"]
        .map(|name| {
            format!(
                "\n[[listen]]\nprotocol = \"dovecot-{name}\"\naddress = \"unix:{path}/{name}\"\nmode = \"0666\"\n"
            )
        })
        .concat();
    let journal = format!("\n[journal]\ndirectory = \"{path}/journal\"\n");
    setup.listen.push_str(&journal);
    setup.start()
}

/// What a Dovecot says of itself.
pub(super) fn version(installation: &Installation, scratch: &Scratch) -> String {
    let said = installation.command(scratch, "dovecot").arg("--version").output();
    String::from_utf8(said.expect("dovecot-core is installed").stdout).unwrap()
}

impl Doveadm<'_> {
    /// Runs it with these words, DICT standing for the dict.
    pub(super) fn run(&self, words: &str, input: &str) -> Output {
        let mut command = self.installation.command(self.scratch, "doveadm");
        command.arg("-c").arg(self.scratch.join("dovecot.conf"));
        command.args(words.split(' ').map(|word| if word == "DICT" { &self.dict } else { word }));
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Puts a message into anna's inbox; whether that was done.
    pub(super) fn save(&self, number: u32) -> bool {
        let message = format!("Subject: {number}\n\nHello.\n");
        self.run("save -u anna@shop.example", &message).status.success()
    }
}
