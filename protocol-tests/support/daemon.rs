//! The daemon as it is installed: the built binary with a configuration file of its own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use postcote::lookup::Table;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use rustix::process::{Pid, Signal, kill_process};
use tokio_postgres::Client as Database;

use super::peer::Peer;
use super::scratch::Scratch;
use super::terms::wait_for;
use super::wire::Client;

/// How long the daemon may take for what it does at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);
/// Stands in the database URL; nobody may ever see it.
pub(crate) const DATABASE_PASSWORD: &str = "t0p-secret-of-the-tests";

/// What a daemon is to be like.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// URL of the database, for the user [`make_daemon_user`] makes.
    pub(crate) database: String,
    pub(crate) delimiters: String,
    pub(crate) max_connections: usize,
    pub(crate) query_timeout: Duration,
    /// How many keys that do not exist are remembered.
    pub(crate) cache_unknown: u32,
    /// Tables with a `tcp_table` port each.
    pub(crate) tcp_tables: Vec<Table>,
    /// Further `[[listen]]` sections, as they stand in a configuration.
    pub(crate) listen: String,
    pub(crate) log_level: &'static str,
    pub(crate) log_format: &'static str,
    /// Where the socketmap is, if not in the daemon's own directory.
    pub(crate) socket: Option<PathBuf>,
}

/// A running daemon; dropping it ends it, and fails if its log tells what it must not.
pub(crate) struct Daemon {
    peer: Option<Peer>,
    scratch: Scratch,
    http: u16,
    ports: BTreeMap<&'static str, u16>,
    setup: Setup,
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Setup {
    /// A daemon for the database of this URL, which is a superuser's.
    pub(crate) fn new(url: &str) -> Self {
        let login = format!("daemon:{DATABASE_PASSWORD}@");
        Self {
            database: url.replacen("postgres@", &login, 1),
            delimiters: "+".to_owned(),
            max_connections: 4096,
            query_timeout: Duration::from_secs(3),
            cache_unknown: 100_000,
            tcp_tables: Vec::new(),
            listen: String::new(),
            log_level: "info",
            log_format: "human",
            socket: None,
        }
    }

    /// Starts a daemon and waits until it is ready.
    pub(crate) fn start(self) -> Daemon {
        let daemon = self.launch();
        daemon.wait_until_ready();
        daemon
    }

    /// Starts a daemon and does not wait.
    pub(crate) fn launch(self) -> Daemon {
        let mut daemon = self.prepare();
        daemon.launch();
        daemon
    }

    /// Writes the configuration for a daemon that somebody else starts.
    pub(crate) fn prepare(self) -> Daemon {
        let ports = self.tcp_tables.iter().map(|table| (table.as_str(), free_port())).collect();
        let daemon =
            Daemon { peer: None, scratch: Scratch::new(), http: free_port(), ports, setup: self };
        std::fs::write(daemon.config(), daemon.configuration()).unwrap();
        daemon
    }
}

impl Daemon {
    /// The path of the socketmap socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.setup.socket.clone().unwrap_or_else(|| self.scratch.join("socketmap"))
    }

    /// The port of a table.
    pub(crate) fn port(&self, table: &str) -> u16 {
        self.ports[table]
    }

    /// The port of the pages.
    pub(crate) fn http(&self) -> u16 {
        self.http
    }

    /// The path of the daemon's own socket.
    pub(crate) fn control(&self) -> PathBuf {
        self.scratch.join("control")
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.scratch.join("postcote.toml")
    }

    /// A new connection to the socketmap.
    pub(crate) async fn client(&self) -> Client {
        Client::socketmap(&self.socket()).await.unwrap()
    }

    /// Starts the daemon (again) on the same configuration and log.
    pub(crate) fn launch(&mut self) {
        // `exec` keeps the process id, so a signal reaches the daemon itself. It must get along
        // with the few files that a shell allows.
        let script = "ulimit -Sn 256; log=$1; shift; exec \"$@\" 2>>\"$log\"";
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).arg(self.log_path());
        command.arg(env!("CARGO_BIN_EXE_postcote")).args(["serve", "--config"]).arg(self.config());
        for (name, _) in std::env::vars_os() {
            // libpq's own variables change which database is meant.
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        self.peer = Some(Peer::start(&command));
    }

    /// Waits until `/readyz` says so.
    pub(crate) fn wait_until_ready(&self) {
        wait_for("the daemon to be ready", SOON, || {
            let ended = self.peer.as_ref().unwrap().has_ended();
            assert!(!ended, "the daemon ended; its log:\n{}", self.log());
            self.page("/readyz").filter(|page| page.status == 200)
        });
    }

    /// Sends a signal to the process.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end of a process that was told to, or that cannot start.
    pub(crate) fn wait_for_end(&mut self) -> ExitStatus {
        let mut peer = self.peer.take().unwrap();
        wait_for("the daemon to end", SOON, || peer.ended())
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.peer.as_ref().unwrap().pid()).unwrap()
    }

    /// A page over HTTP; `None` while nobody listens.
    pub(crate) fn page(&self, path: &str) -> Option<Page> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).ok()?;
        stream.set_read_timeout(Some(SOON)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            .ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        Some(Page { status, body: body.to_owned() })
    }

    /// The count of one series of `/metrics`, named as it stands there; 0 if it is not there.
    pub(crate) fn metric(&self, series: &str) -> u64 {
        let page = self.page("/metrics").expect("/metrics is served");
        let line = page.body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// Waits until a series has a value: what is counted at the end of something comes after it.
    pub(crate) fn wait_for_metric(&self, series: &str, expected: u64) {
        let mut last = 0;
        wait_for(&format!("{series} to become {expected}"), SOON, || {
            last = self.metric(series);
            assert!(last <= expected, "{series} is {last}, not {expected}");
            (last == expected).then_some(())
        });
    }

    /// What was logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// Where the log is written.
    pub(crate) fn log_path(&self) -> PathBuf {
        self.scratch.join("log")
    }

    fn configuration(&self) -> String {
        let path = |name: &str| self.scratch.join(name).display().to_string();
        let Setup { database, delimiters, max_connections, query_timeout, .. } = &self.setup;
        let mut text = format!(
            "[database]\nurl = \"{database}\"\nquery-timeout = \"{}ms\"\n\n\
             [addresses]\nrecipient-delimiter = \"{delimiters}\"\n\n\
             [http]\naddress = \"127.0.0.1:{}\"\n\n\
             [control]\naddress = \"unix:{}\"\n\n\
             [cache]\nunknown = {}\n\n\
             [log]\nlevel = \"{}\"\nformat = \"{}\"\n\n\
             [[listen]]\nprotocol = \"socketmap\"\naddress = \"unix:{}\"\n\
             max-connections = {max_connections}\n",
            query_timeout.as_millis(),
            self.http,
            path("control"),
            self.setup.cache_unknown,
            self.setup.log_level,
            self.setup.log_format,
            self.socket().display(),
        );
        for (table, port) in &self.ports {
            let listen = format!(
                "\n[[listen]]\nprotocol = \"tcp-table\"\naddress = \"inet:127.0.0.1:{port}\"\n\
                 table = \"{table}\"\n"
            );
            text.write_str(&listen).unwrap();
        }
        if !self.setup.listen.contains("[journal]") {
            writeln!(text, "\n[journal]\ndirectory = \"{}\"", path("journal")).unwrap();
        }
        text + &self.setup.listen
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.peer.take());
        let log = self.log();
        if std::thread::panicking() {
            // The handle itself, since cargo hides what is printed with the macros in a thread.
            let _ = writeln!(std::io::stderr(), "--- log of the daemon ---\n{log}---");
            return;
        }
        for password in [DATABASE_PASSWORD, "account-password"] {
            assert!(!log.contains(password), "the log shows a password:\n{log}");
        }
        let address = log.lines().find(|line| line.contains('@'));
        if self.setup.log_level == "info" {
            assert_eq!(address, None, "the log shows an address");
        }
    }
}

/// Makes the user the daemon logs in as, who may do what `postcote_reader` may and nothing else.
pub(crate) async fn make_daemon_user(client: &Database) {
    // Tests share the cluster and make the user at the same time.
    let sql = "DO $$ BEGIN
                   CREATE ROLE daemon LOGIN IN ROLE postcote_reader;
               EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
               END $$";
    client.batch_execute(sql).await.unwrap();
}

/// A port that nobody listens on and that nobody else is given while this process runs.
///
/// It is bound by a socket that does not listen: a server that reuses addresses, as all of ours do, may have
/// it; the kernel, which chooses ports for everybody else, may not.
pub(crate) fn free_port() -> u16 {
    static HELD: Mutex<Vec<OwnedFd>> = Mutex::new(Vec::new());
    let flags = SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    net::sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = SocketAddrV4::try_from(net::getsockname(&socket).unwrap()).unwrap();
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(socket);
    address.port()
}

/// Whether something is at a path, be it a socket that nobody serves.
pub(crate) fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}
