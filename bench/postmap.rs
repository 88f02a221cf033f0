//! Postfix's own client: `postmap -q -` reads keys from standard input and asks for one after the
//! other over one connection.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, Instant, SystemTime};

use crate::data::{Question, Table};
use crate::database::Database;
use crate::process::Scratch;

/// `pgsql_table(5)` queries that give the same answers with as little work as the tables allow.
/// They know of no extension, catch-all or forward: that favours them.
const QUERIES: [(Table, &str); 2] = [
    (
        Table::VirtualAliasMaps,
        "SELECT array_to_string(a.destinations, ',') \
         FROM postcote.domain_name n JOIN postcote.domain d USING (gid) \
         JOIN postcote.alias a USING (gid) \
         WHERE n.name = '%d' AND a.localpart = '%u' AND a.enabled AND d.enabled",
    ),
    (
        Table::VirtualMailboxMaps,
        "SELECT coalesce(a.home, d.directory || '/' || a.uid) || '/' || a.mailbox_root || '/' \
         FROM postcote.domain_name n JOIN postcote.domain d USING (gid) \
         JOIN postcote.account a USING (gid) \
         WHERE n.name = '%d' AND a.localpart = '%u' AND d.enabled",
    ),
];

/// Keys in files and a configuration of its own.
#[derive(Debug)]
pub(crate) struct Postmap {
    configuration: PathBuf,
    directory: PathBuf,
    /// Files of keys by table, and how many of them have a value.
    batches: Vec<(Table, PathBuf, usize)>,
    /// Keys in all files.
    pub(crate) keys: usize,
}

impl Postmap {
    /// Prepares `processes` processes with `keys` keys each, half of them for each table.
    pub(crate) fn new(
        scratch: &Scratch,
        name: &str,
        questions: &[Question],
        processes: usize,
        keys: usize,
    ) -> Self {
        let directory = scratch.join(format!("postmap-{name}-{processes}-{keys}"));
        let configuration = directory.join("etc");
        fs::create_dir_all(&configuration).unwrap();
        settled(&configuration.join("main.cf"), "compatibility_level = 3.6\n");
        // One process asks one table, so a single one is two that run one after the other.
        let (batches, each) = if processes == 1 { (1, keys / 2) } else { (processes / 2, keys) };
        let mut all = Self { configuration, directory, batches: vec![], keys: batches * each * 2 };
        for table in Table::ALL {
            let mut asked = questions.iter().filter(|q| q.table == table).cycle();
            for number in 0..batches {
                let file = all.directory.join(format!("{}-{number}.keys", table.as_str()));
                let batch: Vec<_> = asked.by_ref().take(each).collect();
                let lines: String = batch.iter().flat_map(|one| [one.key.as_str(), "\n"]).collect();
                fs::write(&file, lines).unwrap();
                let found = batch.iter().filter(|one| one.value.is_some()).count();
                all.batches.push((table, file, found));
            }
        }
        all
    }

    /// Asks `pgsql:` tables of a database.
    pub(crate) fn ask_database(&self, database: &Database, name: &str) -> Duration {
        let host = database.socket_directory();
        for (table, query) in QUERIES {
            let text = format!(
                "hosts = unix:{}\nuser = postgres\npassword = none\ndbname = {name}\nquery = {query}\n",
                host.display()
            );
            settled(&self.directory.join(table.as_str()).with_extension("cf"), &text);
        }
        self.ask(|table| {
            let file = self.directory.join(table.as_str()).with_extension("cf");
            format!("pgsql:{}", file.display())
        })
    }

    /// Asks a socketmap server.
    pub(crate) fn ask_socket(&self, socket: &Path) -> Duration {
        self.ask(|table| format!("socketmap:unix:{}:{}", socket.display(), table.as_str()))
    }

    fn ask(&self, name: impl Fn(Table) -> String) -> Duration {
        let started = Instant::now();
        let together = self.batches.len() > Table::ALL.len();
        let mut running = Vec::new();
        for (table, file, _) in &self.batches {
            running.push(self.start(&name(*table), file));
            if !together {
                finish(&mut running);
            }
        }
        finish(&mut running);
        let elapsed = started.elapsed();
        for (_, file, found) in &self.batches {
            let answers = fs::read_to_string(file.with_extension("answers")).unwrap();
            let said = fs::read_to_string(file.with_extension("errors")).unwrap();
            assert!(said.is_empty(), "postmap: {said}");
            assert_eq!(answers.lines().count(), *found, "values found, {}", file.display());
        }
        elapsed
    }

    fn start(&self, table: &str, keys: &Path) -> Child {
        let file = |kind| File::create(keys.with_extension(kind)).unwrap();
        let mut postmap = Command::new(program("postmap"));
        postmap.arg("-c").arg(&self.configuration).args(["-q", "-", table]);
        postmap.stdout(file("answers")).stderr(file("errors"));
        postmap.stdin(File::open(keys).unwrap()).spawn().unwrap()
    }
}

/// What Postfix calls itself.
pub(crate) fn version() -> String {
    let mut postconf = Command::new(program("postconf"));
    let output = postconf.args(["-dh", "mail_version"]).output().unwrap();
    format!("Postfix {}", String::from_utf8(output.stdout).unwrap())
}

fn finish(running: &mut Vec<Child>) {
    for mut child in running.drain(..) {
        // Its exit code says only whether anything was found.
        child.wait().unwrap();
    }
}

/// A command of Postfix, which an ordinary user's PATH may lack.
fn program(name: &str) -> PathBuf {
    let path = Path::new("/usr/sbin").join(name);
    if path.exists() { path } else { name.into() }
}

/// Writes a file that looks old, because Postfix waits until a file has been quiet for a second.
fn settled(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_mins(1)).unwrap();
}
