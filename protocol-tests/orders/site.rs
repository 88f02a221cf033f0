//! A database, a directory for homes, and a worker between them.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use postcote::config::Config;
use postcote::disk::{Unwatched, Watch};
use postcote::orders::{Ran, Worker};
use postcote::store::orders::Outcome;
use tokio_postgres::Client;

use crate::command::{Said, postcote, run};
use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;

/// What a test has to itself.
pub(super) struct Site {
    pub(super) scratch: Scratch,
    pub(super) database: TestDatabase<'static>,
}

impl Site {
    /// Nothing yet, not even the base directory. `accounts` stands in the `[accounts]` section.
    pub(super) fn new(accounts: &str) -> Self {
        let site = Self { scratch: Scratch::new(), database: pg::database() };
        site.configure(accounts);
        site
    }

    /// Writes the configuration, with other `accounts` perhaps.
    pub(super) fn configure(&self, accounts: &str) {
        let text = format!(
            "[database]\nurl = '{}'\n[accounts]\nbase-directory = '{}'\n{accounts}\n[orders]\n\
             doveadm = '{}'\n",
            self.database.url,
            self.base().display(),
            self.scratch.join("doveadm").display(),
        );
        fs::write(self.config_file(), text).unwrap();
    }

    /// One domain, gid 70000, with one account, uid 70000, whose order waits.
    pub(super) fn with_account(accounts: &str) -> Self {
        let site = Self::new(accounts);
        site.admin("domain add shop.example");
        site.admin("account add anna@shop.example --hash {PLAIN}x");
        site
    }

    pub(super) fn config_file(&self) -> PathBuf {
        self.scratch.join("postcote.toml")
    }

    pub(super) fn config(&self) -> Config {
        let file = self.config_file();
        Config::parse(&fs::read_to_string(&file).unwrap(), &file).unwrap()
    }

    pub(super) fn base(&self) -> PathBuf {
        self.scratch.join("mail")
    }

    /// The built program with the configuration of this site.
    pub(super) fn postcote(&self, line: &str) -> Said {
        let mut command = postcote();
        command.arg("--config").arg(self.config_file()).args(line.split_whitespace());
        run(&mut command)
    }

    /// A change that succeeds.
    pub(super) fn admin(&self, line: &str) {
        let said = self.postcote(&format!("admin {line}"));
        assert_eq!(said.code, Some(0), "{line}: {}", said.stderr);
    }

    pub(super) async fn client(&self) -> Client {
        self.database.connect().await
    }

    /// Runs statements.
    pub(super) async fn sql(&self, statements: &str) {
        self.client().await.batch_execute(statements).await.unwrap();
    }

    /// Asks for one text.
    pub(super) async fn ask(&self, query: &str) -> String {
        let row = self.client().await.query_one(query, &[]).await.unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    /// Carries out whatever is due.
    pub(super) async fn work(&self) -> Vec<Ran> {
        self.work_watched(Unwatched).await
    }

    pub(super) async fn work_watched(&self, watch: impl Watch + Send + 'static) -> Vec<Ran> {
        let worker = Worker::new(&self.config(), watch);
        let mut client = self.client().await;
        let mut all = Vec::new();
        while let Some(ran) = worker.run_one(&mut client).await.unwrap() {
            all.push(ran);
        }
        all
    }

    /// Carries out whatever is due, which must succeed.
    pub(super) async fn work_well(&self) {
        for ran in self.work().await {
            assert!(matches!(ran.outcome, Outcome::Done { .. }), "{ran:#?}");
        }
    }

    /// Where a domain has its homes.
    pub(super) async fn directory(&self, gid: u32) -> PathBuf {
        let query = format!("SELECT directory FROM postcote.domain WHERE gid = {gid}");
        PathBuf::from(self.ask(&query).await)
    }

    /// Where an account has its home, by the database.
    pub(super) async fn home(&self, uid: u32) -> PathBuf {
        let query = format!("SELECT home FROM postcote.directory_entry WHERE uid = {uid}");
        PathBuf::from(self.ask(&query).await)
    }

    /// What is below the base directory. The random character of each domain is shown as `?`.
    pub(super) fn tree(&self) -> String {
        let tree = listing(&self.base());
        let masked = tree.lines().map(|line| match line.split_once(' ') {
            Some((head, path)) if !path.starts_with('.') => {
                format!("{head} ?{}\n", &path[1..])
            }
            _ => format!("{line}\n"),
        });
        masked.collect()
    }
}

/// Everything below a directory, one a line: kind and mode, owner, path.
pub(super) fn listing(directory: &Path) -> String {
    let mut lines = Vec::new();
    list(directory, directory, &mut lines);
    lines.sort_by(|a: &(PathBuf, String), b| a.0.cmp(&b.0));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// What may not change: everything about a directory, with what stands in its files.
pub(super) fn photograph(directory: &Path) -> String {
    let list = listing(directory);
    // A link that is moved or copied as a link gives nothing away.
    let files = list.lines().filter(|line| line.starts_with('f'));
    let names = files.filter_map(|line| line.split_once(' '));
    let texts = names
        .map(|(_, name)| format!("{name}: {:?}\n", fs::read_to_string(directory.join(name)).ok()));
    texts.collect::<String>() + &list
}

fn list(top: &Path, path: &Path, lines: &mut Vec<(PathBuf, String)>) {
    let Ok(metadata) = fs::symlink_metadata(path) else { return };
    let below = path.strip_prefix(top).unwrap();
    let shown = if below.as_os_str().is_empty() { Path::new(".") } else { below };
    let line = format!("{} {}\n", described(path, &metadata), shown.display());
    lines.push((below.to_owned(), line));
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            list(top, &entry.unwrap().path(), lines);
        }
    }
}

fn described(path: &Path, metadata: &Metadata) -> String {
    let kind = match metadata.file_type() {
        kind if kind.is_dir() => "d".to_owned(),
        kind if kind.is_symlink() => format!("l->{}:", fs::read_link(path).unwrap().display()),
        kind if kind.is_file() => "f".to_owned(),
        _ => "?".to_owned(),
    };
    let mode = metadata.permissions().mode() & 0o7777;
    format!("{kind}{mode:04o}:{}:{}", metadata.uid(), metadata.gid())
}

/// Makes a directory with its parents.
pub(super) fn directory(path: &Path, mode: u32, uid: u32, gid: u32) {
    fs::create_dir_all(path).unwrap();
    chown(path, Some(uid), Some(gid)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Makes a file.
pub(super) fn file(path: &Path, text: &str, uid: u32, gid: u32) {
    fs::write(path, text).unwrap();
    chown(path, Some(uid), Some(gid)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Makes a home with some mail in it, as its owner might have it.
pub(super) fn used_home(home: &Path, uid: u32, gid: u32) {
    directory(home, 0o700, uid, gid);
    for part in ["", "cur", "new", "tmp"] {
        directory(&home.join("Maildir").join(part), 0o700, uid, gid);
    }
    let mail = home.join("Maildir/cur/1.a:2,S");
    file(&mail, "Subject: one\n\n", uid, gid);
    fs::hard_link(&mail, home.join("Maildir/cur/2.a:2,S")).unwrap();
    file(&home.join("Maildir/new/3.a"), "Subject: three\n\n", uid, gid);
    symlink("cur", home.join("Maildir/link")).unwrap();
    rustix::fs::chownat(
        rustix::fs::CWD,
        home.join("Maildir/link"),
        Some(rustix::fs::Uid::from_raw(uid)),
        Some(rustix::fs::Gid::from_raw(gid)),
        rustix::fs::AtFlags::SYMLINK_NOFOLLOW,
    )
    .unwrap();
}

/// The outcomes in short: `create done`, `delete failed: why`.
pub(super) fn told(all: &[Ran]) -> Vec<String> {
    all.iter()
        .map(|Ran { order, outcome, note }| {
            let kind = order.kind.as_str();
            match (outcome, note) {
                (Outcome::Done { .. }, None) => format!("{kind} done"),
                (Outcome::Done { .. }, Some(note)) => format!("{kind} done: {note}"),
                (Outcome::Later { error, .. }, _) => format!("{kind} later: {error}"),
                (Outcome::Failed { error }, _) => format!("{kind} failed: {error}"),
            }
        })
        .collect()
}
