//! Throw-away PostgreSQL: one private cluster for the test binary, one database for each test.
//!
//! `initdb` and the migrations run once and are kept in the target directory; a test binary starts
//! from a copy in some 100 ms, and a test copies the migrated database in some 20 ms. The cluster
//! ends with the process, however that ends; its directory is removed by the next run.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use postcote::demo::cluster::{Durability, PrivateCluster};
use postcote::store::migrate::migrate;
use tokio_postgres::{Client, NoTls};

/// The database in which the migrations have run, copied for each test.
const TEMPLATE: &str = "postcote_template";

/// A database that is dropped with the value.
pub(crate) struct TestDatabase<'a> {
    /// libpq URL, as superuser.
    pub(crate) url: String,
    name: String,
    cluster: &'a PrivateCluster,
}

impl TestDatabase<'_> {
    /// Opens a connection as superuser; it ends when the client is dropped.
    pub(crate) async fn connect(&self) -> Client {
        connect(&self.url).await
    }

    /// Opens a connection that acts as another role.
    pub(crate) async fn connect_as(&self, role: &str) -> Client {
        let client = self.connect().await;
        client.batch_execute(&format!("SET SESSION AUTHORIZATION {role}")).await.unwrap();
        client
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn cluster(&self) -> &PrivateCluster {
        self.cluster
    }
}

impl Drop for TestDatabase<'_> {
    fn drop(&mut self) {
        // A dedicated cluster may be dead on purpose, and it goes with its directory.
        let _ = self.cluster.drop_database(&self.name);
    }
}

/// A cluster of its own, for tests that kill it; its directory goes with it.
pub(crate) struct DedicatedCluster {
    pub(crate) cluster: PrivateCluster,
    directory: PathBuf,
}

impl DedicatedCluster {
    /// Makes a migrated database.
    pub(crate) fn database(&self) -> String {
        let name = next_name();
        self.cluster.create_database_from(TEMPLATE, &name).unwrap();
        self.cluster.url(&name)
    }
}

impl Drop for DedicatedCluster {
    fn drop(&mut self) {
        let _ = self.cluster.stop();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Returns the cluster of this test binary, started on first use.
pub(crate) fn cluster() -> &'static PrivateCluster {
    static CLUSTER: OnceLock<PrivateCluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        remove_leftovers();
        start(&scratch("shared"))
    })
}

/// Makes a database with the migrated, empty schema.
pub(crate) fn database() -> TestDatabase<'static> {
    let (cluster, name) = (cluster(), next_name());
    cluster.create_database_from(TEMPLATE, &name).unwrap();
    TestDatabase { url: cluster.url(&name), name, cluster }
}

/// Makes a database without the schema.
pub(crate) fn empty_database() -> TestDatabase<'static> {
    let (cluster, name) = (cluster(), next_name());
    cluster.create_database_from("template0", &name).unwrap();
    TestDatabase { url: cluster.url(&name), name, cluster }
}

/// Starts a cluster for one test alone.
pub(crate) fn dedicated_cluster() -> DedicatedCluster {
    let directory = scratch("own");
    DedicatedCluster { cluster: start(&directory), directory }
}

/// Opens a connection; it ends when the client is dropped.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// All tables by name, with whatever is in them.
pub(crate) async fn dump(superuser: &Client) -> Vec<(String, String)> {
    let tables = "SELECT relname::text FROM pg_class \
                  WHERE relnamespace = 'postcote'::regnamespace AND relkind = 'r' ORDER BY 1";
    let mut contents = Vec::new();
    for row in superuser.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let rows = format!(
            "SELECT coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '') \
             FROM postcote.{table} t"
        );
        let row = superuser.query_one(&rows, &[]).await.unwrap();
        contents.push((table, row.get(0)));
    }
    contents
}

/// Starts a cluster in a fresh directory from the copy kept in the target directory.
fn start(directory: &Path) -> PrivateCluster {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(kept).unwrap();
    let lock = File::create(kept.join("pg.lock")).unwrap();
    lock.lock().unwrap();
    let template = kept.join(format!("pg-{:016x}", fingerprint()));
    if !template.exists() {
        build(&template);
    }
    drop(lock);
    fs::create_dir_all(directory).unwrap();
    copy(&template, &directory.join("data"));
    PrivateCluster::start(directory, Durability::Fast).unwrap()
}

/// Makes the cluster all others are copied from: initialised, migrated, shut down.
fn build(template: &Path) {
    let directory = scratch("template");
    let mut cluster = PrivateCluster::start(&directory, Durability::Fast).unwrap();
    cluster.create_database(TEMPLATE).unwrap();
    let url = cluster.url(TEMPLATE);
    // The caller may be inside a runtime, and a runtime cannot be started in one.
    let migrated = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { migrate(&mut connect(&url).await).await.map(drop) })
    });
    migrated.join().unwrap().unwrap();
    cluster.stop().unwrap();
    let partial = template.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    copy(&directory.join("data"), &partial);
    fs::rename(&partial, template).unwrap();
    fs::remove_dir_all(&directory).unwrap();
}

/// What the copy was made from: another server or another migration makes another copy.
fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    let binaries = postcote::demo::cluster::ServerBinaries::find().unwrap();
    let version = Command::new(binaries.program("postgres")).arg("--version").output().unwrap();
    (binaries.program("postgres"), version.stdout).hash(&mut hasher);
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<_> =
        fs::read_dir(migrations).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        fs::read(&file).unwrap().hash(&mut hasher);
    }
    hasher.finish()
}

/// Copies a directory with its owner and modes, which std does not.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success(), "cp -a {} {}", from.display(), to.display());
}

/// A directory for this process, short enough for a socket and open to the server's user.
fn scratch(purpose: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("postcote-test-{}-{purpose}{number}", std::process::id());
    std::env::temp_dir().join(name)
}

/// Removes the directories of test processes that are gone.
fn remove_leftovers() {
    for entry in fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix("postcote-test-"));
        let pid = owner.and_then(|rest| rest.split('-').next()).and_then(|pid| pid.parse().ok());
        if pid.is_some_and(|pid: u32| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn next_name() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
