//! A private PostgreSQL cluster made from the installed server binaries, for the demo and tests.
//!
//! It listens on a unix socket only, in a directory that nobody but its owner and root can
//! enter, so `trust` is safe there. It never outlives the process that started it: the kernel
//! tells the server to shut down when that process is gone, however it went.

mod binaries;
mod error;
mod process;
mod user;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub use binaries::ServerBinaries;
pub use error::ClusterError;
use process::Process;
use user::ServerUser;

/// How long the server may take until it answers: it may have a crash to recover from.
const START_LIMIT: Duration = Duration::from_mins(2);

/// How long a polite shutdown may take before it becomes an impolite one.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// The kernel's limit of a unix socket's path, without the final zero byte.
const SOCKET_PATH_LIMIT: usize = 107;

/// Whether the cluster survives a crash of the machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// As PostgreSQL does it by default.
    Durable,
    /// Without `fsync`, for tests: survives a `kill -9` of the server, not of the machine.
    Fast,
}

/// A running (or deliberately killed) cluster; dropping it shuts the server down.
#[derive(Debug)]
pub struct PrivateCluster {
    binaries: ServerBinaries,
    directory: PathBuf,
    durability: Durability,
    user: ServerUser,
    process: Option<Process>,
}

impl PrivateCluster {
    /// Starts the cluster in `directory`, making it first if it is not there, and returns when it
    /// answers.
    ///
    /// The directory gets `data`, `pg` (the socket) and `postgres.log`. Run as root, the server
    /// runs as the owner of `data`, for a new cluster as `postgres` or else `nobody`.
    ///
    /// # Errors
    ///
    /// [`ClusterError::ServerMissing`] if there is nothing to start; the others name the
    /// directory or program and carry its words. Nothing is left running.
    pub fn start(directory: &Path, durability: Durability) -> Result<Self, ClusterError> {
        let binaries = ServerBinaries::find()?;
        make_directory(directory, 0o711)?;
        let directory = fs::canonicalize(directory)
            .map_err(|source| ClusterError::file("resolve", directory, source))?;
        let user = ServerUser::choose(&directory)?;
        let mut cluster = Self { binaries, directory, durability, user, process: None };
        cluster.check_socket_path()?;
        if !cluster.data().join("PG_VERSION").exists() {
            cluster.initialise()?;
        }
        cluster.launch()?;
        Ok(cluster)
    }

    /// Returns the directory the cluster was started in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the directory of the server's programs, where `psql` and `pg_dump` usually are.
    pub fn binaries(&self) -> &ServerBinaries {
        &self.binaries
    }

    /// Returns the directory of the unix socket, as libpq's `host`.
    pub fn socket_directory(&self) -> PathBuf {
        self.directory.join("pg")
    }

    /// Returns the libpq URL of a database, as the cluster's superuser.
    pub fn url(&self, database: &str) -> String {
        let host = percent_encode(self.socket_directory().as_os_str().as_encoded_bytes());
        format!("postgresql://postgres@{host}/{}", percent_encode(database.as_bytes()))
    }

    /// Creates a database unless it is there, and says whether it did.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Program`] with the words of `psql`.
    pub fn create_database(&self, name: &str) -> Result<bool, ClusterError> {
        let exists = format!("SELECT FROM pg_database WHERE datname = {}", quote(name, '\''));
        if self.execute(&format!("SELECT EXISTS ({exists})"))?.trim() == "t" {
            return Ok(false);
        }
        self.execute(&format!("CREATE DATABASE {}", quote(name, '"')))?;
        Ok(true)
    }

    /// Creates a database as a copy of another one that nobody is connected to.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Program`] with the words of `psql`.
    pub fn create_database_from(&self, template: &str, name: &str) -> Result<(), ClusterError> {
        // Copying files takes a third of the time of writing the copy to the log.
        let (name, template) = (quote(name, '"'), quote(template, '"'));
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        self.execute(&sql).map(drop)
    }

    /// Drops a database, ending the connections to it.
    ///
    /// # Errors
    ///
    /// [`ClusterError::Program`] with the words of `psql`.
    pub fn drop_database(&self, name: &str) -> Result<(), ClusterError> {
        self.execute(&format!("DROP DATABASE {} WITH (FORCE)", quote(name, '"'))).map(drop)
    }

    /// Runs a statement in database `postgres` through `psql` and returns its unaligned output.
    fn execute(&self, sql: &str) -> Result<String, ClusterError> {
        let mut command = Command::new(self.binaries.program("psql"));
        command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres"]);
        command.arg("-h").arg(self.socket_directory()).args(["-c", sql]);
        run(command)
    }

    /// Shuts the server down: no new connections, open transactions are rolled back.
    ///
    /// # Errors
    ///
    /// [`ClusterError::StillRunning`] if not even SIGKILL ended it in time.
    pub fn stop(&mut self) -> Result<(), ClusterError> {
        self.process.take().map_or(Ok(()), |process| process.stop(STOP_LIMIT))
    }

    /// Ends the server and all its children as a crash would, and waits until none is left.
    ///
    /// # Errors
    ///
    /// [`ClusterError::StillRunning`] if one of them did not end in time.
    pub fn kill(&mut self) -> Result<(), ClusterError> {
        self.process.take().map_or(Ok(()), |process| process.kill(STOP_LIMIT))
    }

    /// Starts the server again, after [`stop`](Self::stop) first if it runs.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        self.stop()?;
        self.launch()
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("postgres.log")
    }

    fn check_socket_path(&self) -> Result<(), ClusterError> {
        let path = self.socket_directory().join(".s.PGSQL.5432");
        if path.as_os_str().len() > SOCKET_PATH_LIMIT {
            return Err(ClusterError::SocketPathTooLong { path, limit: SOCKET_PATH_LIMIT });
        }
        Ok(())
    }

    /// Runs `initdb` beside the final place, so an interrupted one leaves nothing half made.
    fn initialise(&self) -> Result<(), ClusterError> {
        let fresh = self.directory.join("data.new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh)
                .map_err(|source| ClusterError::file("remove", &fresh, source))?;
        }
        make_directory(&fresh, 0o700)?;
        self.user.own(&fresh)?;
        let mut command = self.user.command(&self.binaries.program("initdb"));
        command.args(["-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=trust"]);
        command.arg("--wal-segsize=1").arg("-D").arg(&fresh);
        if self.durability == Durability::Fast {
            command.arg("--no-sync");
        }
        run(command)?;
        let data = self.data();
        fs::rename(&fresh, &data).map_err(|source| ClusterError::file("rename", &fresh, source))
    }

    fn launch(&mut self) -> Result<(), ClusterError> {
        let socket = self.socket_directory();
        make_directory(&socket, 0o700)?;
        self.user.own(&socket)?;
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(self.log())
            .map_err(|source| ClusterError::file("open", &self.log(), source))?;
        let said_before = log.seek(SeekFrom::End(0)).unwrap_or(0);
        let mut command = self.user.dying_command(&self.binaries.program("postgres"));
        command.arg("-D").arg(self.data()).args(["-c", "listen_addresses=", "-c", "port=5432"]);
        let sockets = format!("unix_socket_directories={}", quote(&socket.to_string_lossy(), '"'));
        command.args(["-c", &sockets, "-c", "logging_collector=off"]);
        if self.durability == Durability::Fast {
            let fast = ["fsync=off", "full_page_writes=off"];
            command.args(fast.iter().flat_map(|setting| ["-c", setting]));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let process = Process::spawn(command).map_err(|source| {
            ClusterError::file("start", &self.binaries.program("postgres"), source)
        })?;
        self.await_ready(process, said_before)
    }

    /// The server itself notes in its pid file when it accepts connections.
    fn await_ready(&mut self, mut process: Process, said_before: u64) -> Result<(), ClusterError> {
        let deadline = Instant::now() + START_LIMIT;
        let file = self.data().join("postmaster.pid");
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let of_this_process = text.lines().next() == Some(&process.id().to_string());
            let state = text.lines().nth(7).unwrap_or_default().trim();
            if of_this_process && state == "ready" {
                self.process = Some(process);
                return Ok(());
            }
            if process.has_ended(Duration::from_millis(4)) || Instant::now() > deadline {
                process.stop(STOP_LIMIT)?;
                let log = self.log();
                let said = read_from(&log, said_before).unwrap_or_default();
                return Err(ClusterError::NotStarted { log, said });
            }
        }
    }
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        // There is nobody left to tell; the kernel will tell the server once more when we are gone.
        let _ = self.stop();
    }
}

/// Makes a directory with its parents; an existing one keeps its mode.
fn make_directory(path: &Path, mode: u32) -> Result<(), ClusterError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(|source| ClusterError::file("create", path, source))
}

/// Runs a program to its end and returns what it said on stdout.
fn run(mut command: Command) -> Result<String, ClusterError> {
    let program = command.get_program().to_string_lossy().into_owned();
    for (name, _) in std::env::vars_os() {
        // PGHOST, PGOPTIONS and the like are meant for another server.
        if name.as_encoded_bytes().starts_with(b"PG") {
            command.env_remove(name);
        }
    }
    let output = command
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|source| ClusterError::file("run", Path::new(&program), source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ClusterError::Program { program, said })
}

fn read_from(path: &Path, offset: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

/// Quotes an SQL identifier (`"`) or literal (`'`) by doubling the mark.
fn quote(text: &str, mark: char) -> String {
    let doubled = text.replace(mark, &format!("{mark}{mark}"));
    format!("{mark}{doubled}{mark}")
}

/// Encodes all but the unreserved characters of RFC 3986, so a path can stand where a URL has a
/// host.
fn percent_encode(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', hex_digit(byte >> 4), hex_digit(byte & 15)]);
        }
    }
    encoded
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase()
}
