//! Dovecot's own doveadm asks the built daemon about users, and logs in by it.

use std::fmt::Write as _;
use std::process::{Output, Stdio};

use super::installation::Installation;
use crate::support::scratch::Scratch;
use crate::support::site::Site;
use crate::support::terms::runs_as_root;

/// What is asked, in the words of doveadm; its exit code, and a part of what it says. `AUTH` and
/// `MASTER` are the sockets.
const TABLE: &[(&str, i32, &[&str])] = &[
    ("user -f uid anna@shop.example", 0, &["70000"]),
    ("user -f user Anna@STORE.example", 0, &["anna@shop.example"]),
    // Mail for those who may not log in was accepted, so it has to go somewhere.
    ("user -f uid lena@shop.example", 0, &["70024"]),
    ("user stranger@shop.example", 67, &["doesn't exist"]),
    ("user info@shop.example", 67, &["doesn't exist"]),
    ("user *@shop.example", 0, &["anna@shop.example", "jürgen@shop.example"]),
    (
        "auth test -a AUTH -x service=imap anna@shop.example account-password",
        0,
        &["auth succeeded"],
    ),
    (
        "auth test -a AUTH -x service=imap ANNA@store.example account-password",
        0,
        &["user=anna@shop.example"],
    ),
    ("auth test -a AUTH anna@shop.example wrong", 77, &["auth failed"]),
    ("auth test -a AUTH stranger@shop.example account-password", 77, &["auth failed"]),
    (
        "auth test -a AUTH lena@shop.example account-password",
        77,
        &["auth failed", "code=user_disabled"],
    ),
    (
        "auth login -a AUTH -m MASTER anna@store.example account-password",
        0,
        &["auth succeeded", "uid=70000"],
    ),
    ("auth lookup -a MASTER anna@store.example", 0, &["anna@shop.example"]),
    ("auth lookup -a MASTER stranger@shop.example", 67, &["doesn't exist"]),
    ("auth cache flush -a MASTER", 0, &["cache entries flushed"]),
];

#[tokio::test]
async fn doveadm_is_served_instead_of_by_dovecots_auth() {
    let test = "doveadm_is_served_instead_of_by_dovecots_auth";
    let other = Installation::debian_13(test).filter(|_| runs_as_root(test));
    let scratch = Scratch::new();
    let (auth, master) = (scratch.join("auth"), scratch.join("master"));
    let listen = [("dovecot-auth", &auth), ("dovecot-master", &master)].map(|(protocol, path)| {
        format!("\n[[listen]]\nprotocol = \"{protocol}\"\naddress = \"unix:{}\"\n", path.display())
    });
    let quick = "\n[logins]\nfailure-delay = \"50ms\"\n";
    let site = Site::with("shop", |setup| setup.listen = listen.concat() + quick).await;
    for installation in [Some(Installation::here()), other].into_iter().flatten() {
        let mut differences = String::new();
        let doveadm = Doveadm::new(installation, &scratch, &master.display().to_string());
        for (asked, code, parts) in TABLE {
            let said = doveadm.run(asked, &auth.display().to_string());
            let words = [said.stdout, said.stderr].concat();
            let words = String::from_utf8_lossy(&words);
            let is_as_expected =
                said.status.code() == Some(*code) && parts.iter().all(|part| words.contains(part));
            if !is_as_expected {
                writeln!(differences, "doveadm {asked}: {}\n{words}", said.status).unwrap();
            }
        }
        assert!(differences.is_empty(), "{differences}\n{}", site.daemon.log());
    }
}

/// A doveadm whose configuration names our socket and nothing else.
struct Doveadm<'a> {
    installation: Installation,
    scratch: &'a Scratch,
    master: String,
}

impl<'a> Doveadm<'a> {
    fn new(installation: Installation, scratch: &'a Scratch, master: &str) -> Self {
        let doveadm = Self { installation, scratch, master: master.to_owned() };
        let version = doveadm.installation.command(scratch, "dovecot").arg("--version").output();
        let version = version.expect("dovecot-core is installed").stdout;
        let begins = if version.starts_with(b"2.3") {
            ""
        } else {
            "dovecot_config_version = 2.4.1\ndovecot_storage_version = 2.4.1\n"
        };
        let path = scratch.path().display();
        let config = format!(
            "{begins}base_dir = {path}/base\nstate_dir = {path}\nlog_path = {path}/dovecot.log\n\
             auth_socket_path = {master}\nssl = no\n"
        );
        std::fs::write(scratch.join("dovecot.conf"), config).unwrap();
        doveadm
    }

    fn run(&self, asked: &str, auth: &str) -> Output {
        let words = asked.split(' ').map(|word| match word {
            "AUTH" => auth,
            "MASTER" => &self.master,
            word => word,
        });
        let mut command = self.installation.command(self.scratch, "doveadm");
        command.arg("-c").arg(self.scratch.join("dovecot.conf")).args(words);
        command.stdin(Stdio::null()).output().unwrap()
    }
}
