//! `postcote checkpassword`, called as qmail-popup calls it: by a shell that has something on
//! descriptor 3.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::command::{Said, postcote};
use crate::support::pg::{self, TestDatabase};
use crate::support::scratch::Scratch;
use crate::support::site::{self, Site};
use crate::support::terms::runs_as_root;

/// What is written to descriptor 3, words before the program, and the exit code. The program
/// exits with 42.
const TABLE: &[(&str, &[&str], i32)] = &[
    ("anna@shop.example\\0account-password\\0Y\\0", &[], 42),
    ("ANNA@store.example\\0account-password\\0\\0and more", &[], 42),
    ("anna@shop.example\\0account-password\\0Y\\0", &["--service", "smtp"], 42),
    ("anna@shop.example\\0wrong\\0Y\\0", &[], 1),
    ("anna@shop.example\\0\\0Y\\0", &[], 1),
    ("stranger@shop.example\\0account-password\\0Y\\0", &[], 1),
    ("info@shop.example\\0account-password\\0Y\\0", &[], 1),
    // May not log in; may not send.
    ("lena@shop.example\\0account-password\\0Y\\0", &[], 1),
    ("sven@shop.example\\0account-password\\0Y\\0", &["--service", "smtp"], 1),
    ("\\0account-password\\0Y\\0", &[], 1),
    // Longer than 512 bytes: whoever logs in has chosen them.
    ("anna@shop.example\\0%600s\\0Y\\0", &[], 1),
    ("anna@shop.example\\0account-password\\0Y", &[], 2),
    ("", &[], 2),
    ("anna@shop.example\\0account-password\\0Y\\0", &["--service", "xmpp"], 2),
    ("anna@shop.example\\0account-password\\0Y\\0", &["--misspelt"], 2),
];

/// What the program says about itself.
const REPORT: &str = "id -u; id -g; id -G; pwd; \
                      echo \"$USER|$HOME|$SHELL|$MAILDIR|$POSTCOTE_DATABASE_URL\"; \
                      tr '\\0' ' ' </proc/self/environ | grep -c account-password; exit 42";

struct Server {
    site: Site,
    home: Scratch,
}

impl Server {
    /// The shop, in which everybody who logs in here has a home.
    async fn new() -> Self {
        let home = Scratch::new();
        let quick = "\n[logins]\nfailure-delay = \"50ms\"\n".to_owned();
        let site = Site::with("shop", |setup| setup.listen = quick).await;
        give_home(&site.database, &home).await;
        // A copy, since a clone may lie where other users cannot enter.
        std::fs::copy(postcote().get_program(), home.join("postcote")).unwrap();
        let control = site.daemon.control();
        std::fs::set_permissions(control, Permissions::from_mode(0o666)).unwrap();
        Self { site, home }
    }

    /// Runs the command with a pipe on descriptor 3, as the user that `before` says.
    fn run(&self, before: &[&str], written: &str, words: &[&str], program: &[&str]) -> Said {
        let mut line = before.to_vec();
        line.extend(["env", "POSTCOTE_DATABASE_URL=postgresql://x:y@z/", "TCPREMOTEIP=192.0.2.9"]);
        let postcote = self.home.join("postcote").display().to_string();
        let config = self.site.daemon.config().display().to_string();
        let config = format!("POSTCOTE_CONFIG={config}");
        line.extend([config.as_str(), &postcote, "checkpassword"]);
        line.extend(words);
        line.extend(program);
        piped(written, &line)
    }
}

async fn give_home(database: &TestDatabase<'_>, home: &Scratch) {
    let path = home.path().display();
    let update = format!("UPDATE postcote.account SET home = '{path}' WHERE uid = 70000");
    database.connect().await.batch_execute(&update).await.unwrap();
}

/// Runs a line whose descriptor 3 is a pipe with something in it.
fn piped(written: &str, line: &[&str]) -> Said {
    let script = "printf \"$0\" | \"$@\" 3<&0 </dev/null";
    let mut command = Command::new("bash");
    command.args(["-c", script, written]).args(line);
    command.output().unwrap().into()
}

const ASKED: &str = "anna@shop.example\\0account-password\\0Y\\0";

#[tokio::test]
async fn the_exit_code_is_what_the_interface_says() {
    if !runs_as_root("the_exit_code_is_what_the_interface_says") {
        return;
    }
    let server = Server::new().await;
    let mut differences = Vec::new();
    for (written, words, code) in TABLE {
        let said = server.run(&[], written, words, &["sh", "-c", "exit 42"]);
        if said.code != Some(*code) || said.stderr.contains("account-password") {
            differences.push(format!("{written} {words:?}: {:?} {}", said.code, said.stderr));
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    let said = server.run(&[], ASKED, &[], &[]);
    assert_eq!(said.code, Some(2), "without a program: {}", said.stderr);
    let said = server.run(&[], ASKED, &[], &["/nonexistent"]);
    assert_eq!(said.code, Some(111), "without such a program: {}", said.stderr);
    assert!(said.stderr.contains("`/nonexistent` cannot be run as uid 70000"), "{}", said.stderr);
    let said = server.run(&[], &ASKED.replace("anna", "bert"), &[], &["true"]);
    assert_eq!(said.code, Some(111), "without a home: {}", said.stderr);
    assert!(said.stderr.contains("cannot be entered"), "{}", said.stderr);
}

#[tokio::test]
async fn the_program_runs_as_the_user_and_knows_no_password() {
    if !runs_as_root("the_program_runs_as_the_user_and_knows_no_password") {
        return;
    }
    let server = Server::new().await;
    let home = server.home.path().display();
    let expected =
        format!("70000\nGID\nGID\n{home}\nanna@shop.example|{home}|/bin/sh|{home}/Maildir|\n0\n");
    // Groups of the caller are left behind; then somebody who is the user already.
    let groups: &[&str] = &["setpriv", "--groups=4,20", "--"];
    let gid = server.gid().await;
    let (user, group) = ("--reuid=70000", format!("--regid={gid}"));
    let own: &[&str] = &["setpriv", user, &group, "--clear-groups", "--"];
    let expected = expected.replace("GID", &gid);
    for before in [groups, own] {
        let said = server.run(before, ASKED, &[], &["sh", "-c", REPORT]);
        assert_eq!((said.code, &*said.stdout), (Some(42), &*expected), "{}", said.stderr);
    }
    let nobody: &[&str] = &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"];
    let said = server.run(nobody, ASKED, &[], &["sh", "-c", REPORT]);
    assert_eq!((said.code, &*said.stdout), (Some(111), ""));
    let why = format!("it belongs to uid 70000 and gid {gid}, and this process has uid 65534");
    assert!(said.stderr.contains(&why), "{}", said.stderr);
}

#[tokio::test]
async fn not_knowing_is_111() {
    let mut own = pg::dedicated_cluster();
    let url = own.database();
    site::fill(&url, "shop").await;
    let daemon = crate::support::daemon::Setup::new(&url).start();
    let config = format!("--config={}", daemon.config().display());
    let program = postcote().get_program().to_str().unwrap().to_owned();
    own.cluster.stop().unwrap();
    let ask = |written: &str| piped(written, &[&program, "checkpassword", &config, "true"]);
    for written in [ASKED, "anna@shop.example\\0wrong\\0\\0", "stranger@shop.example\\0x\\0\\0"] {
        let said = ask(written);
        assert_eq!(said.code, Some(111), "no database, {written}: {}", said.stderr);
    }
    drop(daemon);
    let said = ask(ASKED);
    assert_eq!(said.code, Some(111), "no daemon: {}", said.stderr);
}

#[test]
fn a_descriptor_that_nobody_opened_is_a_misuse() {
    let program = postcote().get_program().to_str().unwrap().to_owned();
    let script = "exec \"$0\" checkpassword true 3<&-";
    let said = Said::from(Command::new("sh").args(["-c", script, &program]).output().unwrap());
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("descriptor 3"), "{}", said.stderr);
}

impl Server {
    /// The group of the user's domain.
    async fn gid(&self) -> String {
        let query = "SELECT gid::bigint FROM postcote.account WHERE uid = 70000";
        let row = self.site.database.connect().await.query_one(query, &[]).await.unwrap();
        row.get::<_, i64>(0).to_string()
    }
}
