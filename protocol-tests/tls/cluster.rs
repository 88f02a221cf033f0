//! A private PostgreSQL with TLS, on a free loopback port and a unix socket.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

pub(super) struct Cluster {
    directory: PathBuf,
    pub(super) port: u16,
    server: Option<Child>,
}

const CONFIGURATION: &str = "fsync = off\nlisten_addresses = '127.0.0.1'\nmax_connections = 20\n\
                             shared_buffers = '1MB'\npassword_encryption = 'scram-sha-256'\n\
                             include_if_exists = 'tls.conf'\n";

/// Who may enter from where; the tests use each line.
const ACCESS: &str = "\
local     all all                    trust
hostssl   all certified 127.0.0.1/32 cert
hostssl   all mail      127.0.0.1/32 scram-sha-256
hostnossl all colon     127.0.0.1/32 scram-sha-256
hostssl   all trusted   127.0.0.1/32 trust
hostnossl all plain     127.0.0.1/32 scram-sha-256
";

impl Cluster {
    /// Makes and starts a cluster below `directory`, with roles whose password is `s3cret word`.
    pub(super) fn start(directory: &Path) -> Self {
        let mut cluster = Self::prepare(directory);
        cluster.launch();
        for sql in [
            "CREATE ROLE certified LOGIN",
            "CREATE ROLE trusted LOGIN",
            "CREATE ROLE mail LOGIN PASSWORD 's3cret word'",
            "CREATE ROLE plain LOGIN PASSWORD 's3cret word'",
            r"CREATE ROLE colon LOGIN PASSWORD ':3\cret'",
            "CREATE DATABASE closed",
            "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
        ] {
            cluster.sql(sql);
        }
        cluster
    }

    /// Copies a stopped cluster into a standby that will never hear of its primary.
    pub(super) fn standby_of(primary: &mut Self, directory: &Path) -> Self {
        primary.stop();
        fs::create_dir_all(directory).unwrap();
        let data = primary.directory.join("data");
        let copied = Command::new("cp").arg("-a").arg(data).arg(directory).status().unwrap();
        assert!(copied.success());
        let mut standby = Self { directory: directory.to_owned(), port: free_port(), server: None };
        own(directory);
        fs::write(directory.join("data/standby.signal"), "").unwrap();
        own(&directory.join("data/standby.signal"));
        primary.launch();
        standby.launch();
        standby
    }

    fn prepare(directory: &Path) -> Self {
        fs::create_dir_all(directory).unwrap();
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
        own(directory);
        let data = directory.join("data");
        let made = unprivileged("initdb")
            .args(["--no-sync", "--locale=C", "--encoding=UTF8", "--wal-segsize=1", "-A", "trust"])
            .args(["-U", "postgres", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let file = data.join("postgresql.conf");
        fs::write(file, CONFIGURATION).unwrap();
        fs::write(data.join("pg_hba.conf"), ACCESS).unwrap();
        Self { directory: directory.to_owned(), port: free_port(), server: None }
    }

    fn launch(&mut self) {
        let server = unprivileged("postgres")
            .arg("-D")
            .arg(self.directory.join("data"))
            .arg("-k")
            .arg(&self.directory)
            .arg("-p")
            .arg(self.port.to_string())
            .stdout(Stdio::null())
            .stderr(fs::File::create(self.directory.join("log")).unwrap())
            .spawn()
            .unwrap();
        self.server = Some(server);
        self.wait("the server to start", |cluster| cluster.try_sql("SELECT 1").is_some());
    }

    /// Lets the server use another certificate from the next connection on.
    pub(super) fn certificate(&self, certificate: &Path, client_authority: &Path) {
        let data = self.directory.join("data");
        let (key, place) = (certificate.with_extension("key"), data.join("server"));
        let name = certificate.file_stem().unwrap().to_str().unwrap();
        for (from, suffix) in [(certificate, "crt"), (&*key, "key"), (client_authority, "ca")] {
            let to = place.with_file_name(format!("{name}.{suffix}"));
            fs::copy(from, &to).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
            own(&to);
        }
        let settings = format!(
            "ssl = on\nssl_cert_file = '{name}.crt'\nssl_key_file = '{name}.key'\n\
             ssl_ca_file = '{name}.ca'\n"
        );
        fs::write(data.join("tls.conf"), settings).unwrap();
        own(&data.join("tls.conf"));
        self.sql("SELECT pg_reload_conf()");
        let wanted = format!("{name}.crt");
        // A new session is forked after the server has read its settings and certificate.
        self.wait("the certificate", |cluster| {
            cluster.try_sql("SHOW ssl_cert_file").as_deref() == Some(&wanted)
        });
    }

    pub(super) fn socket_directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).unwrap_or_else(|| panic!("failed: {sql}\n{}", self.log()))
    }

    fn try_sql(&self, sql: &str) -> Option<String> {
        let text = format!("host={} port={} user=postgres", self.directory.display(), self.port);
        let output = program("psql")
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, &text])
            .stderr(Stdio::null())
            .output()
            .unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    fn wait(&self, what: &str, is_met: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_mins(1);
        while !is_met(self) {
            assert!(Instant::now() < deadline, "waited too long for {what}: {}", self.log());
            sleep(Duration::from_millis(20));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Ends the server at once, closing every session.
    pub(super) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = kill_process(Pid::from_child(&server), Signal::INT);
            let _ = server.wait();
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A client or server program of the newest PostgreSQL installed, past Debian's wrappers.
pub(super) fn program(name: &str) -> Command {
    let mut versions: Vec<_> = fs::read_dir("/usr/lib/postgresql")
        .expect("postgresql must be installed")
        .map(|entry| entry.unwrap().path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    versions.sort();
    Command::new(versions.pop().expect("postgresql must be installed"))
}

/// A server program, which refuses to run as root and must not outlive this test.
fn unprivileged(name: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "INT"]);
    if geteuid().is_root() {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command.arg("--").arg(program(name).get_program()).current_dir("/");
    command
}

fn own(path: &Path) {
    if geteuid().is_root() {
        let postgres = fs::read_to_string("/etc/passwd").unwrap();
        let entry = postgres.lines().find(|line| line.starts_with("postgres:")).unwrap();
        let ids: Vec<u32> = entry.split(':').filter_map(|field| field.parse().ok()).collect();
        chown(path, ids.first().copied(), ids.get(1).copied()).unwrap();
    }
}

/// Free a moment ago, which is as good as it gets with a server that takes a port by number.
pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
