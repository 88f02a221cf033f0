//! Connects to a real PostgreSQL with every kind of setting, and asks `psql` whether it agrees.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod certificates;
mod cluster;
mod logins;
mod verdicts;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use postcote::store::connect::{ConnectError, connect};
use postcote::store::conninfo::ConnInfo;

/// Environment variables for postcote and psql alike.
type Environment<'a> = HashMap<&'a str, String>;

/// A directory of a test's own, with a path short enough for a socket in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = PathBuf::from(format!("/tmp/postcote-tls-{}-{count}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A home with nothing in it, so that no file of the user running the tests plays a part.
    fn environment(&self) -> Environment<'static> {
        let home = self.path("home");
        fs::create_dir_all(&home).unwrap();
        HashMap::from([("HOME", home.display().to_string())])
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Connects and asks one question.
async fn postcote(text: &str, environment: &Environment<'_>) -> Result<String, ConnectError> {
    let info = ConnInfo::parse_with(text, &|name| environment.get(name).cloned())
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let (client, _messages) = connect(&info, "postcote test", Duration::from_secs(20)).await?;
    let question = "SELECT COALESCE((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()), \
                    'plain')";
    Ok(client.query_one(question, &[]).await.unwrap().get(0))
}

/// What libpq makes of the same settings: standard error if it refuses.
fn psql(text: &str, environment: &Environment<'_>) -> Result<(), String> {
    let home = environment["HOME"].clone();
    let output = cluster::program("psql")
        .args(["-XAtqw", "-c", "SELECT 1", text])
        .env_clear()
        .envs(environment)
        .current_dir(Path::new(&home))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}
