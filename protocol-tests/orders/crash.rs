//! `kill -9` before any step: the next run ends with the disk and the database as they should be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use postcote::config::Config;
use postcote::disk::{DiskError, Step, Watch};
use postcote::orders::Worker;
use rustix::process::{Signal, getpid, kill_process};

use super::dovecot::Dovecot;
use super::namespace::Namespace;
use super::relocate::{RENAME, contents};
use super::site::{Site, directory, listing, used_home};
use crate::command::run;
use crate::support::pg;
use crate::support::terms::runs_as_root;

/// Kills its own process before one of the steps.
struct Killer {
    step: AtomicUsize,
    at: usize,
}

impl Watch for Killer {
    fn before(&self, _: Step) -> Result<(), DiskError> {
        if self.step.fetch_add(1, Ordering::Relaxed) == self.at {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
        Ok(())
    }
}

/// What the tests run as a process of its own, to be killed; nothing by itself.
#[test]
fn worker() {
    let Some(file) = std::env::var_os("POSTCOTE_TEST_CRASH") else { return };
    let at = std::env::var("POSTCOTE_TEST_CRASH_AT").unwrap().parse().unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let config = Config::parse(&text, Path::new(&file)).unwrap();
    let url = std::env::var("POSTCOTE_TEST_CRASH_URL").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let worker = Worker::new(&config, Killer { step: AtomicUsize::new(0), at });
        let mut client = pg::connect(&url).await;
        while worker.run_one(&mut client).await.unwrap().is_some() {}
    });
}

/// A site whose disk and database can be put back to where an order is due.
struct Stage {
    site: Site,
    namespace: Option<Namespace>,
}

impl Stage {
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        match &self.namespace {
            Some(namespace) => namespace.command(program),
            None => Command::new(program),
        }
    }

    /// Runs a worker that is killed before a step; `false` if it had no such step.
    fn crash(&self, at: usize) -> bool {
        use std::os::unix::process::ExitStatusExt as _;
        let mut child = self.command(std::env::current_exe().unwrap());
        child.args(["--exact", "orders::crash::worker", "--nocapture"]);
        child.env("POSTCOTE_TEST_CRASH", self.site.config_file());
        child.env("POSTCOTE_TEST_CRASH_AT", at.to_string());
        child.env("POSTCOTE_TEST_CRASH_URL", &self.site.database.url);
        let output = child.output().unwrap();
        let killed = output.status.signal() == Some(9);
        assert!(killed || output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        killed
    }

    /// Runs the built program until everything is done.
    fn recover(&self, what: &str) {
        let start = Instant::now();
        loop {
            let mut command = self.command(env!("CARGO_BIN_EXE_postcote"));
            let said =
                run(command.arg("--config").arg(self.site.config_file()).args(["orders", "run"]));
            if said.code == Some(0) {
                break;
            }
            // The server may not have noticed yet that the worker is dead.
            let claimed = !said.stderr.contains("warning:") && !said.stderr.contains("error:");
            assert!(said.code == Some(75) && claimed, "{what}: {}", said.stderr);
            assert!(start.elapsed() < Duration::from_secs(20), "{what}: claimed for ever");
        }
    }

    /// How a path is seen from here.
    fn seen(&self, path: &Path) -> PathBuf {
        self.namespace.as_ref().map_or_else(|| path.to_owned(), |inside| inside.inside(path))
    }

    /// Lets orders of this kind be due again, and no others.
    async fn again(&self, kind: &str) {
        self.site
            .sql(&format!(
                "DELETE FROM postcote.mailbox_order WHERE kind <> '{kind}';
                 UPDATE postcote.mailbox_order SET state = 'pending', attempts = 0,
                     finished_at = NULL, last_error = NULL, next_attempt_at = now()"
            ))
            .await;
    }

    async fn states(&self) -> String {
        let query = "SELECT string_agg(DISTINCT state, ' ') FROM postcote.mailbox_order";
        self.site.ask(query).await
    }
}

fn clear(directory: &Path) {
    if let Ok(entries) = fs::read_dir(directory) {
        for entry in entries {
            let path = entry.unwrap().path();
            // A mount point stays, and is emptied.
            if fs::remove_dir_all(&path).is_err() {
                clear(&path);
            }
        }
    }
}

#[tokio::test]
async fn a_home_is_made_whole() {
    if !runs_as_root("a_home_is_made_whole") {
        return;
    }
    let stage = Stage { site: Site::with_account("folders = ['Sent']"), namespace: None };
    stage.recover("at first");
    let expected = stage.site.tree();
    for at in 0.. {
        fs::remove_dir_all(stage.site.base()).unwrap();
        stage.again("create").await;
        let killed = stage.crash(at);
        stage.recover(&format!("killed before step {at}"));
        assert_eq!(stage.site.tree(), expected, "killed before step {at}");
        assert_eq!(stage.states().await, "done", "killed before step {at}");
        if !killed {
            assert!(at > 15, "{at} steps only");
            break;
        }
    }
}

#[tokio::test]
async fn a_mailbox_that_dovecot_makes_is_made_whole() {
    if !runs_as_root("a_mailbox_that_dovecot_makes_is_made_whole") {
        return;
    }
    let accounts = "mailbox-format = 'sdbox'\nmailbox-root = 'dbox'\nfolders = ['Entwürfe', 'R&D']";
    let stage = Stage { site: Site::with_account(accounts), namespace: None };
    let dovecot = Dovecot::start(&stage.site, "sdbox:~/dbox").await;
    let login = "anna@shop.example";
    for at in 0.. {
        let _ = fs::remove_dir_all(stage.site.base());
        stage.again("create").await;
        let killed = stage.crash(at);
        let what = format!("killed before step {at}");
        stage.recover(&what);
        assert_eq!(dovecot.folders(login, &["-s"]), ["Entwürfe", "R&D"], "{what}");
        assert_eq!(dovecot.folders(login, &[]), ["Entwürfe", "INBOX", "R&D"], "{what}");
        assert_eq!(stage.states().await, "done", "{what}");
        if !killed {
            assert!(at > 12, "{at} steps only");
            break;
        }
    }
}

#[tokio::test]
async fn a_home_and_its_domain_go_whole() {
    if !runs_as_root("a_home_and_its_domain_go_whole") {
        return;
    }
    let stage = Stage { site: Site::with_account("folders = []"), namespace: None };
    stage.recover("at first");
    let (home, domain) = (stage.site.home(70000).await, stage.site.directory(70000).await);
    stage.site.admin("domain delete shop.example --force --delete-directory");
    for at in 0.. {
        clear(&stage.site.base());
        directory(domain.parent().unwrap(), 0o711, 0, 0);
        directory(&domain, 0o750, 0, 70000);
        used_home(&home, 70000, 70000);
        used_home(&domain.join("left over"), 70003, 70000);
        stage.again("delete' AND kind <> 'delete-domain").await;
        let killed = stage.crash(at);
        stage.recover(&format!("killed before step {at}"));
        assert_eq!(stage.site.tree(), "d0711:0:0 .\nd0711:0:0 ?\n", "killed before step {at}");
        assert_eq!(stage.states().await, "done", "killed before step {at}");
        if !killed {
            assert!(at > 20, "{at} steps only");
            break;
        }
    }
}

#[tokio::test]
async fn a_home_arrives_whole() {
    if !runs_as_root("a_home_arrives_whole") {
        return;
    }
    moves(false).await;
}

#[tokio::test]
async fn a_home_arrives_whole_on_another_file_system() {
    if !runs_as_root("a_home_arrives_whole_on_another_file_system") {
        return;
    }
    moves(true).await;
}

async fn moves(across: bool) {
    let site = super::relocate::site().await;
    let old = site.home(70000).await;
    let new = site.directory(70001).await.join("70000");
    let hash = new.parent().unwrap().parent().unwrap();
    let namespace = across.then(|| Namespace::with_tmpfs(hash));
    let stage = Stage { site, namespace };
    stage.site.admin(RENAME);
    let pin = format!("UPDATE postcote.account SET home = '{}'", old.display());
    let expected = contents(&old);
    for at in 0.. {
        clear(&stage.seen(&stage.site.base()));
        directory(&stage.seen(old.parent().unwrap().parent().unwrap()), 0o711, 0, 0);
        directory(&stage.seen(old.parent().unwrap()), 0o750, 0, 70000);
        used_home(&stage.seen(&old), 70000, 70000);
        stage.again("move").await;
        stage.site.sql(&pin).await;

        let killed = stage.crash(at);
        let what = format!("killed before step {at}");
        // Before anything is mended there is a whole copy, and the account's home is one, or on
        // its way to become one.
        let places = [&old, &new, &old.with_file_name(".70000.old")];
        let whole = places.iter().filter(|place| contents(&stage.seen(place)) == expected).count();
        assert!(whole >= 1, "{what}: no copy is whole");

        stage.recover(&what);
        assert_eq!(contents(&stage.seen(&new)), expected, "{what}");
        let names = |directory: &Path| listing(&stage.seen(directory)).lines().count();
        assert_eq!(names(old.parent().unwrap()), 1, "{what}: the old home is still there");
        let entries = fs::read_dir(stage.seen(new.parent().unwrap())).unwrap().count();
        assert_eq!(entries, 1, "{what}: something is left beside the new home");
        assert_eq!(stage.states().await, "done", "{what}");
        assert_eq!(stage.site.ask("SELECT home FROM postcote.account").await, "", "{what}");
        if !killed {
            assert!(at > 20, "{at} steps only");
            break;
        }
    }
}
