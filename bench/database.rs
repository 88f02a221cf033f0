//! A private PostgreSQL with the data sets in it, each in a database of its own.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use postcote::demo::cluster::{Durability, PrivateCluster};
use postcote::store::migrate::migrate;
use tokio_postgres::NoTls;

use crate::data::DataSet;
use crate::process::Scratch;

/// The cluster; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Database {
    cluster: PrivateCluster,
}

impl Database {
    pub(crate) fn start(scratch: &Scratch) -> Self {
        let cluster = PrivateCluster::start(&scratch.join("db"), Durability::Fast).unwrap();
        Self { cluster }
    }

    /// Makes a database with the schema and the data.
    pub(crate) fn load(&self, name: &str, data: &DataSet) {
        self.cluster.create_database(name).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let url = self.cluster.url(name);
            let (mut client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            migrate(&mut client).await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
        });
        let mut psql = Command::new(self.cluster.binaries().program("psql"));
        psql.args(["-Xq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", name, "-h"]);
        psql.arg(self.socket_directory()).stdin(Stdio::piped());
        let mut psql = psql.spawn().unwrap();
        psql.stdin.take().unwrap().write_all(data.sql().as_bytes()).unwrap();
        assert!(psql.wait().unwrap().success(), "psql could not load the data");
    }

    /// The URL of a database.
    pub(crate) fn url(&self, name: &str) -> String {
        self.cluster.url(name)
    }

    pub(crate) fn socket_directory(&self) -> PathBuf {
        self.cluster.socket_directory()
    }

    /// The server's first process, the parent of all others.
    pub(crate) fn pid(&self) -> u32 {
        let file = self.cluster.directory().join("data/postmaster.pid");
        fs::read_to_string(file).unwrap().lines().next().unwrap().trim().parse().unwrap()
    }

    /// What the server calls itself.
    pub(crate) fn version(&self) -> String {
        let mut postgres = Command::new(self.cluster.binaries().program("postgres"));
        String::from_utf8(postgres.arg("--version").output().unwrap().stdout).unwrap()
    }
}
