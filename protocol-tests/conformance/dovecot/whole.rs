//! A whole mail server: Postfix, Dovecot and the daemon, configured as conf-examples has them.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::super::postfix::{Jail, Postfix, RunningPostfix};
use super::super::smtp::SmtpSession;
use super::house::make_home;
use super::instance::{Dovecot, Installed, settle};
use crate::command::file;
use crate::support::daemon::{Daemon, Setup, free_port, make_daemon_user};
use crate::support::pg;
use crate::support::scratch::Scratch;

/// What is to run.
pub(super) struct Plan<'a> {
    pub(super) installed: &'a Installed,
    /// The URL of a migrated, empty database.
    pub(super) database: String,
    /// None runs without.
    pub(super) dovecot: Option<Settings>,
    /// Everything that is on disk.
    pub(super) scratch: Arc<Scratch>,
    /// Where the daemon listens besides, as protocol and path.
    pub(super) listen: Vec<(&'static str, PathBuf)>,
    /// Where Postfix has the socket of its SASL, for a submission port each.
    pub(super) sasl: Vec<String>,
    /// Further settings of the daemon.
    pub(super) settings: &'static str,
    /// What an administrator adds to the example's main.cf and master.cf.
    pub(super) main_cf: &'static str,
    pub(super) services: String,
}

/// Where Dovecot has postcote's part of its settings, and what it is.
pub(super) enum Settings {
    /// Behind those that Debian installs.
    Debian(String),
    /// In the whole configuration of conf-examples.
    Example(String),
}

/// Everything that runs; dropped in this order.
pub(super) struct Whole<'a> {
    pub(super) postfix: RunningPostfix,
    pub(super) dovecot: Option<Dovecot<'a>>,
    pub(super) daemon: Daemon,
    submission: Vec<SocketAddr>,
    pub(super) scratch: Arc<Scratch>,
}

/// What the example leaves to the administrator.
const MAIN_CF: &str = "
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_transport = lmtp:unix:private/dovecot-lmtp
";
/// postcote's own socket, as conf-examples/postfix/master.cf has it.
const SASL: &str = "postcote/auth";

impl<'a> Plan<'a> {
    /// Postfix and the daemon, without Dovecot; submission asks the daemon.
    pub(super) fn new(installed: &'a Installed, database: &str) -> Self {
        Self {
            installed,
            database: database.to_owned(),
            dovecot: None,
            scratch: Arc::new(Scratch::new()),
            listen: Vec::new(),
            sasl: vec![SASL.to_owned()],
            settings: "[logins]\nfailure-delay = \"50ms\"\n",
            main_cf: "",
            services: String::new(),
        }
    }

    /// Starts everything.
    pub(super) async fn start(self) -> Whole<'a> {
        let scratch = Arc::clone(&self.scratch);
        let postfix = Postfix::prepare(&self.installed.installation, &scratch);
        self.load(&scratch).await;
        let daemon = self.daemon(&scratch);
        let dovecot = self.dovecot.map(|settings| {
            let ports = match settings {
                Settings::Debian(login) => self.installed.configure_debian(&scratch, &login),
                Settings::Example(login) => self.installed.configure(&scratch, &login),
            };
            self.installed.start(Arc::clone(&scratch), ports)
        });
        let example = |name: &str| fs::read_to_string(file("conf-examples").join(name)).unwrap();
        let mut services = self.services;
        let mut submission = Vec::new();
        for sasl in self.sasl {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            submission.push(address);
            // Nothing is encrypted here: that is Postfix's business alone.
            services += &example("postfix/master.cf")
                .replace("\nsubmission inet", &format!("\n{address} inet"))
                .replace("security_level=encrypt", "security_level=none")
                .replace(SASL, &sasl);
        }
        let main_cf = example("postfix/main.cf") + MAIN_CF + self.main_cf;
        let services = settle(&scratch, &services);
        let postfix = postfix.start_with(&main_cf, &services, Jail::LikeDebian);
        Whole { postfix, dovecot, daemon, submission, scratch }
    }

    async fn load(&self, scratch: &Scratch) {
        let client = pg::connect(&self.database).await;
        make_daemon_user(&client).await;
        let mail = scratch.join("mail").display().to_string();
        for sql in [include_str!("accounts.sql"), include_str!("whole.sql")] {
            client.batch_execute(&sql.replace("MAIL", &mail)).await.unwrap();
        }
        let homes = "SELECT uid, home FROM postcote.directory_entry WHERE kind = 'account'";
        for row in client.query(homes, &[]).await.unwrap() {
            make_home(row.get(0), row.get(1));
        }
    }

    fn daemon(&self, scratch: &Scratch) -> Daemon {
        let queue = scratch.join("queue/postcote");
        fs::create_dir_all(&queue).unwrap();
        let group = self.installed.installation.group(scratch);
        let mut setup = Setup::new(&self.database);
        setup.listen = listener("socketmap", &queue.join("socketmap"), "0660", &group)
            + &listener("dovecot-auth", &queue.join("auth"), "0660", &group)
            + &listener("policy", &queue.join("policy"), "0660", &group)
            + &listener("dovecot-auth", &scratch.join("login"), "0666", "0")
            + &listener("dovecot-master", &scratch.join("auth-master"), "0600", "0")
            + &listener("dovecot-dict", &scratch.join("dict"), "0666", "0");
        for (protocol, path) in &self.listen {
            setup.listen += &listener(protocol, path, "0600", "0");
        }
        let journal = scratch.join("journal");
        write!(
            setup.listen,
            "\n{}\n[policy]\nanswer-within = \"10s\"\n\n[journal]\ndirectory = \"{}\"\n",
            self.settings,
            journal.display()
        )
        .unwrap();
        setup.start()
    }
}

impl Whole<'_> {
    /// A session on the submission port of this number, from an address of its own.
    pub(super) fn submission(&self, number: usize) -> SmtpSession {
        SmtpSession::open_from(somewhere(), self.submission[number])
    }

    /// Everything that may tell what went wrong.
    pub(super) fn log(&self) -> String {
        let dovecot = self.dovecot.as_ref().map(Dovecot::log).unwrap_or_default();
        format!("{}\n{dovecot}\n{}", self.postfix.log(), self.daemon.log())
    }
}

/// An address of this machine that nobody has come from.
fn somewhere() -> Ipv4Addr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ipv4Addr::new(127, 96 + high, low, 1)
}

fn listener(protocol: &str, path: &Path, mode: &str, group: &str) -> String {
    format!(
        "\n[[listen]]\nprotocol = \"{protocol}\"\naddress = \"unix:{}\"\nmode = \"{mode}\"\n\
         group = \"{group}\"\n",
        path.display()
    )
}
