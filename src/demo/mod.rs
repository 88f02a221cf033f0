//! The embedded default: a private PostgreSQL, a sample data set, and the daemon before them.

pub mod cluster;
pub mod tour;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::config::{Config, Endpoint, FileMode, Listen, Protocol};
use crate::daemon::{self, ServeError};
use crate::store::migrate::{MigrateError, migrate};
use crate::store::{Link, OpenError, Role};
use cluster::{ClusterError, Durability, PrivateCluster};

/// Why the demo could not run.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// PostgreSQL is missing or does not start.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The database could not be filled.
    #[error("cannot load the sample data: {0}")]
    Load(String),
    /// The schema could not be made.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The daemon could not run.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The directory belongs to somebody else, who could read and replace what is in it.
    #[error("`{}` belongs to somebody else", .0.display())]
    NotOurs(PathBuf),
    /// A directory or a file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// Everything the demo needs, running but for the daemon. Dropping it ends the cluster.
#[derive(Debug)]
pub struct Demo {
    /// The directory of it all, absolute.
    pub directory: PathBuf,
    /// What the daemon is told.
    pub config: Config,
    /// The same as a file, for the other commands.
    pub config_file: PathBuf,
    /// Open from the beginning, so that nobody else takes the port that is printed.
    http: TcpListener,
    /// Ends last: fields are dropped in order.
    _cluster: PrivateCluster,
}

const DATABASE: &str = "postcote";

/// Where the demo lives unless it is told otherwise: `/var/lib/postcote-demo` for root, below the
/// home directory for everybody else. Never in `/tmp`, where somebody else could be first.
pub fn default_directory() -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/postcote-demo");
    }
    std::env::home_dir().unwrap_or_else(|| PathBuf::from(".")).join(".postcote-demo")
}

impl Demo {
    /// Starts the cluster in `directory`, and makes and fills the database if it is not there.
    ///
    /// # Errors
    /// Says what is missing; nothing is left running.
    pub async fn prepare(directory: &Path) -> Result<Self, DemoError> {
        let write = |path: &Path, source| DemoError::Write { path: path.to_owned(), source };
        claim(directory)?;
        let cluster = PrivateCluster::start(directory, Durability::Durable)?;
        let directory = cluster.directory().to_owned();
        cluster.create_database(DATABASE)?;
        let url = cluster.url(DATABASE);

        let run = directory.join("run");
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&run)
            .map_err(|e| write(&run, e))?;
        let http = http_listener().map_err(no_http)?;
        let config = config(&url, &run, http.local_addr().map_or(0, |address| address.port()));
        fill(&config).await?;
        let config_file = directory.join("postcote.toml");
        fs::write(&config_file, tour::config_text(&config, &url))
            .map_err(|e| write(&config_file, e))?;
        Ok(Self { directory, config, config_file, http, _cluster: cluster })
    }

    /// Serves until Ctrl-C or SIGTERM; calls `ready` when questions are answered.
    ///
    /// # Errors
    /// The daemon could not start, or had to stop.
    pub async fn serve(&self, ready: impl FnOnce()) -> Result<(), DemoError> {
        let http = self.http.try_clone().map_err(no_http)?;
        Ok(daemon::serve_until_stopped(&self.config, Some(http), ready).await?)
    }
}

/// Makes the directory, or finds that it is ours.
fn claim(directory: &Path) -> Result<(), DemoError> {
    let write = |source| DemoError::Write { path: directory.to_owned(), source };
    match fs::symlink_metadata(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            fs::DirBuilder::new().recursive(true).mode(0o755).create(directory).map_err(write)
        }
        Err(error) => Err(write(error)),
        Ok(found) if found.is_dir() && found.uid() == rustix::process::geteuid().as_raw() => Ok(()),
        Ok(_) => Err(DemoError::NotOurs(directory.to_owned())),
    }
}

fn config(url: &str, run: &Path, http_port: u16) -> Config {
    let mut config = Config::default();
    config.database.url = url.to_owned().into();
    // Anybody on this machine may ask the demo: `postmap -q` and `doveadm auth test` run as their
    // caller.
    let listen = |protocol, name: &str| Listen {
        mode: FileMode(0o666),
        ..Listen::new(protocol, Endpoint::Unix(run.join(name)), None)
    };
    config.listen = vec![
        listen(Protocol::Socketmap, "socketmap"),
        listen(Protocol::DovecotAuth, "login"),
        listen(Protocol::Policy, "policy"),
    ];
    config.journal.directory = run.join("journal");
    config.control.address = Endpoint::Unix(run.join("control"));
    config.control.mode = FileMode(0o666);
    config.http.address.port = http_port;
    config
}

/// Takes a port now and keeps it; the usual one may be a daemon's that works, or another demo's.
fn http_listener() -> std::io::Result<TcpListener> {
    let usual = crate::config::Http::default().address.port;
    TcpListener::bind((Ipv4Addr::LOCALHOST, usual))
        .or_else(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
}

fn no_http(source: std::io::Error) -> ServeError {
    ServeError::Os { what: "cannot listen on 127.0.0.1 for http".to_owned(), source }
}

/// Migrates, and loads the sample unless the database has domains already.
async fn fill(config: &Config) -> Result<(), DemoError> {
    let link: Link = daemon::link(config, Role::Admin).map_err(ServeError::from)?;
    let connected = link.connect().await.map_err(|e| ServeError::from(OpenError::from(e)))?;
    let (mut client, _messages) = connected;
    migrate(&mut client).await?;
    let load = |e: tokio_postgres::Error| DemoError::Load(crate::store::connect::chain(&e));
    let transaction = client.transaction().await.map_err(load)?;
    let empty = "SELECT NOT EXISTS (SELECT FROM postcote.domain)";
    if transaction.query_one(empty, &[]).await.map_err(load)?.get(0) {
        transaction.batch_execute(include_str!("sample.sql")).await.map_err(load)?;
    }
    transaction.commit().await.map_err(load)
}
