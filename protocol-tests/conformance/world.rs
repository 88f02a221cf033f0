//! The whole way of a message: PostgreSQL, the built daemon, a Postfix that asks it, the stores behind it.

use std::path::Path;
use std::process::Command;

use crate::support::daemon::{Daemon, Setup, make_daemon_user};
use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;

use super::installation::Installation;
use super::lmtp::LmtpSink;
use super::postfix::{Jail, Postfix, RunningPostfix};
use super::sasl;
use super::server::Server;

/// How Postfix reaches the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A socket below the queue directory, which the chrooted daemons find.
    Near,
    /// Through proxymap(8), to a socket that lies elsewhere.
    Proxy,
}

/// Everything that runs; dropped in this order.
pub(crate) struct World {
    pub(crate) postfix: RunningPostfix,
    /// Answers for as long as the world is there.
    _daemon: Daemon,
    pub(crate) sinks: Vec<(&'static str, LmtpSink)>,
    _sasl: Server,
    url: String,
    _database: Option<TestDatabase<'static>>,
    _scratch: Scratch,
}

/// The LMTP servers below `private/`: of mailboxes, of transports of their own, of relay domains, and of the
/// rest of the world.
const SINKS: [&str; 4] = ["sink", "special", "relayed", "outside"];

/// What an administrator sets besides what `postcote config postfix` prints.
const MAIN_CF: &str = "
virtual_transport = lmtp:unix:private/sink
default_transport = lmtp:unix:private/outside
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_sender_restrictions = reject_sender_login_mismatch
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_authorized_xclient_hosts = 127.0.0.1
";

impl World {
    /// Starts everything on the data of `world.sql`, with main.cf as `postcote config postfix` prints it.
    pub(crate) fn start(installation: &Installation, way: Way) -> Self {
        let database = pg::database();
        let url = database.url.clone();
        Self::start_on(installation, way, &url, "", Some(database))
    }

    /// Starts everything on a migrated, empty database that belongs to the caller, with more data.
    pub(crate) fn start_with(installation: &Installation, way: Way, url: &str, more: &str) -> Self {
        Self::start_on(installation, way, url, more, None)
    }

    fn start_on(
        installation: &Installation,
        way: Way,
        url: &str,
        more: &str,
        database: Option<TestDatabase<'static>>,
    ) -> Self {
        execute(url, include_str!("world.sql"));
        execute(url, more);
        let scratch = Scratch::new();
        let postfix = Postfix::prepare(installation, &scratch);
        let sinks: Vec<_> =
            SINKS.iter().map(|name| (*name, LmtpSink::listen(&postfix.private(name)))).collect();
        let sasl = sasl::greeter(&postfix.private("auth"));
        let socket = match way {
            Way::Near => postfix.private("postcote"),
            Way::Proxy => scratch.join("postcote"),
        };
        let mut setup = Setup::new(url);
        setup.listen = listener("socketmap", &socket, &installation.group(&scratch));
        let daemon = setup.start();
        let lines = match way {
            // What counts is the path below the queue directory, wherever that is.
            Way::Near => Path::new("/var/spool/postfix/private/postcote"),
            Way::Proxy => &socket,
        };
        let listener = listener("socketmap", lines, "postfix");
        let main_cf = printed_main_cf(&scratch, &listener) + MAIN_CF;
        let running = postfix.start(&main_cf, Jail::LikeDebian);
        Self {
            postfix: running,
            _daemon: daemon,
            sinks,
            _sasl: sasl,
            url: url.to_owned(),
            _database: database,
            _scratch: scratch,
        }
    }

    /// Changes the data by SQL.
    pub(crate) fn change(&self, sql: &str) {
        execute(&self.url, sql);
    }

    /// The stores by their names.
    pub(crate) fn stores(&self) -> Vec<(&str, &LmtpSink)> {
        self.sinks.iter().map(|(name, sink)| (*name, sink)).collect()
    }

    /// The store of this name.
    pub(crate) fn store(&self, name: &str) -> &LmtpSink {
        self.stores().into_iter().find(|(known, _)| *known == name).unwrap().1
    }
}

/// Runs SQL as superuser, and makes the user of the daemon.
fn execute(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = pg::connect(url).await;
        make_daemon_user(&client).await;
        client.batch_execute(sql).await.unwrap();
    });
}

/// A socket that user postfix may open.
pub(super) fn listener(protocol: &str, path: &Path, group: &str) -> String {
    let path = path.display();
    format!(
        "\n[[listen]]\nprotocol = \"{protocol}\"\naddress = \"unix:{path}\"\n\
         mode = \"0660\"\ngroup = \"{group}\"\n"
    )
}

/// What `postcote config postfix` prints for listeners, as they stand in a configuration.
pub(super) fn printed_main_cf(scratch: &Scratch, listeners: &str) -> String {
    let file = scratch.join("printed.toml");
    std::fs::write(&file, listeners).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_postcote"));
    let output = command.arg("--config").arg(file).args(["config", "postfix"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
