//! Dovecot 2.3's own clients: doveadm as root, and its quota and `last_login` plugins, which connect
//! as the user whose mail they handle.

use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::chown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tokio_postgres::Client;

use crate::support::daemon::{Daemon, SOON, Setup, make_daemon_user};
use crate::support::fixture::Fixture;
use crate::support::pg::{self, DedicatedCluster};
use crate::support::scratch::Scratch;
use crate::support::terms::{not_run, runs_as_root, wait_for};

/// A daemon with a dict socket and a master socket, and a database that can be killed.
struct House {
    // Dropped first, before its database.
    daemon: Daemon,
    own: DedicatedCluster,
    url: String,
    scratch: Scratch,
}

impl House {
    async fn new() -> Self {
        let (own, scratch) = (pg::dedicated_cluster(), Scratch::new());
        let (url, path) = (own.database(), scratch.path().display().to_string());
        let client = pg::connect(&url).await;
        Fixture::read("shop").load(&client).await;
        make_daemon_user(&client).await;
        let home = format!("UPDATE postcote.account SET home = '{path}/anna' WHERE uid = 70000");
        client.batch_execute(&home).await.unwrap();
        std::fs::create_dir(scratch.join("anna")).unwrap();
        chown(scratch.join("anna"), Some(70000), Some(70000)).unwrap();
        let mut setup = Setup::new(&url);
        setup.listen = format!(
            "\n[[listen]]\nprotocol = \"dovecot-dict\"\naddress = \"unix:{path}/dict\"\n\
             mode = \"0666\"\n\n[[listen]]\nprotocol = \"dovecot-master\"\n\
             address = \"unix:{path}/master\"\n\n[journal]\ndirectory = \"{path}/journal\"\n"
        );
        let config = format!(
            "base_dir = {path}/base\nstate_dir = {path}\nlog_path = {path}/dovecot.log\nssl = no\n\
             auth_socket_path = {path}/master\nfirst_valid_uid = 1000\n\
             mail_plugins = quota last_login\nnamespace inbox {{\n  inbox = yes\n}}\nplugin {{\n  \
             quota = dict:User quota::proxy:{path}/dict:quota\n  \
             quota_rule = *:storage=10M:messages=1000\n  \
             last_login_dict = proxy:{path}/dict:lastlogin\n  \
             last_login_key = last-login/%u/%s\n}}\n"
        );
        std::fs::write(scratch.join("dovecot.conf"), config).unwrap();
        Self { daemon: setup.start(), own, url, scratch }
    }

    /// Runs doveadm; DICT is the dict.
    fn doveadm(&self, words: &str, input: &str) -> Output {
        let dict = format!("proxy:{}:postcote", self.scratch.join("dict").display());
        let mut command = Command::new("doveadm");
        command.arg("-c").arg(self.scratch.join("dovecot.conf"));
        command.args(words.split(' ').map(|word| if word == "DICT" { &dict } else { word }));
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn save(&self, number: u32) -> bool {
        let message = format!("Subject: {number}\n\nHello.\n");
        self.doveadm("save -u anna@shop.example", &message).status.success()
    }

    async fn database(&self) -> Client {
        pg::connect(&self.url).await
    }

    fn dovecot_log(&self) -> String {
        std::fs::read_to_string(self.scratch.join("dovecot.log")).unwrap_or_default()
    }
}

/// Messages in a maildir.
fn messages(home: &Path) -> i64 {
    let count = |folder: &str| {
        std::fs::read_dir(home.join("Maildir").join(folder)).map_or(0, Iterator::count)
    };
    i64::try_from(count("new") + count("cur")).unwrap()
}

async fn usage(client: &Client, uid: i64) -> Option<i64> {
    let sql = "SELECT messages FROM postcote.quota_usage WHERE uid = $1";
    client.query_opt(sql, &[&uid]).await.unwrap().map(|row| row.get(0))
}

async fn until_counted(client: &Client, uid: i64, expected: i64) {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let told = usage(client, uid).await;
        if told == Some(expected) {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{told:?}, not {expected}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// What doveadm is asked, its exit code, and a part of what it says.
const TABLE: &[(&str, i32, &str)] = &[
    ("dict get -u bert@shop.example DICT priv/quota/storage", 2, "doesn't exist"),
    ("dict set -u bert@shop.example DICT priv/quota/storage 100", 0, ""),
    ("dict inc -u bert@shop.example DICT priv/quota/storage 11", 0, ""),
    ("dict get -u bert@store.example DICT priv/quota/storage", 0, "111"),
    ("dict iter -u bert@shop.example DICT priv/quota/", 0, "priv/quota/messages 0"),
    ("dict iter -R -1 -u x DICT shared/userdb/bert@store.example", 0, "\"uid\":\"70001\""),
    ("dict iter -u x DICT shared/userdb/", 0, "shared/userdb/jürgen@shop.example"),
    ("dict get -u x DICT shared/passdb/bert@shop.example/imap", 0, "{PLAIN}account-password"),
    ("dict get -u x DICT shared/passdb/lena@shop.example/imap", 2, "doesn't exist"),
    ("dict set -u x DICT shared/passdb/bert@shop.example 1", 75, "cannot be changed here"),
    ("dict set -u x DICT shared/last-login/bert@shop.example/imap 1700000000", 0, ""),
    ("dict unset -u bert@shop.example DICT priv/quota/storage", 0, ""),
    ("dict get -u bert@shop.example DICT priv/quota/storage", 2, "doesn't exist"),
    ("dict inc -u bert@shop.example DICT priv/quota/storage 1", 2, "doesn't exist"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dovecots_own_clients_count_rightly_through_an_outage() {
    let test = "dovecots_own_clients_count_rightly_through_an_outage";
    if !runs_as_root(test) {
        return;
    }
    let version = Command::new("dovecot").arg("--version").output().expect("dovecot-core");
    if !version.stdout.starts_with(b"2.3") {
        return not_run(test, "this Dovecot is no 2.3", "run it on Debian 12");
    }
    let mut house = House::new().await;
    for (words, code, part) in TABLE {
        let said = house.doveadm(words, "");
        let all = [said.stdout, said.stderr].concat();
        let all = String::from_utf8_lossy(&all).into_owned() + &house.dovecot_log();
        let is_as_expected = said.status.code() == Some(*code) && all.contains(part);
        assert!(is_as_expected, "doveadm {words}: {}\n{all}", said.status);
    }
    let client = house.database().await;
    assert!(house.save(1) && house.save(2), "{}", house.dovecot_log());
    let home = house.scratch.join("anna");
    until_counted(&client, 70000, 2).await;
    assert_eq!(messages(&home), 2);
    let sql = "SELECT count(*) FROM postcote.last_login WHERE uid = 70000";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 1);
    drop(client);

    for number in 3..6 {
        house.own.cluster.kill().unwrap();
        assert_unsure(&house);
        house.save(number);
        house.own.cluster.restart().unwrap();
        wait_for("the database", SOON, || house.save(number).then_some(()));
    }
    let expunged = house.doveadm("expunge -u anna@shop.example mailbox INBOX 1", "");
    assert!(expunged.status.success(), "{}", house.dovecot_log());
    let client = house.database().await;
    until_counted(&client, 70000, messages(&home)).await;
    let shown = Command::new(env!("CARGO_BIN_EXE_postcote"))
        .args(["--database", &house.url, "admin", "account", "show", "anna@shop.example"])
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains(&format!(", {} messages", messages(&home))), "{shown}");
    assert!(shown.contains("doveadm"), "{shown}");
    assert!(!house.daemon.log().contains("journal_dropped"));
}

/// Nobody is said not to exist, and what is acknowledged is for somebody known.
fn assert_unsure(house: &House) {
    let mut stream = BufReader::new(UnixStream::connect(house.scratch.join("dict")).unwrap());
    let asked = "H3\t2\t0\t\tx\nLshared/passdb/carl@shop.example/imap\tx\n\
                 Lshared/userdb/stranger@shop.example\tx\nLpriv/quota/storage\tanna@shop.example\n\
                 I0\t0\tshared/userdb/\tx\n";
    stream.get_mut().write_all(asked.as_bytes()).unwrap();
    for _ in 0..4 {
        let mut said = String::new();
        stream.read_line(&mut said).unwrap();
        // Somebody who was asked for before may be answered from memory.
        assert!(said.starts_with('F') || said.starts_with("O{"), "{said}");
    }
}
