//! Dovecot's own clients: doveadm as root, and the plugins for quota and last logins, which connect as the
//! user whose mail they handle. 2.3 adds to its `dict` quota, 2.4 tells whole numbers by `quota_clone`.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use tokio_postgres::Client;

use super::house::House;
use crate::conformance::installation::Installation;
use crate::support::daemon::SOON;
use crate::support::terms::{runs_as_root, wait_for};

/// What doveadm is asked, its exit code, and a part of what it says: the same in 2.3.19 and 2.4.1.
const TABLE: &[(&str, i32, &str)] = &[
    ("dict get -u bert@shop.example DICT priv/quota/storage", 68, "doesn't exist"),
    ("dict set -u bert@shop.example DICT priv/quota/storage 100", 0, ""),
    ("dict inc -u bert@shop.example DICT priv/quota/storage 11", 0, ""),
    ("dict get -u bert@store.example DICT priv/quota/storage", 0, "111"),
    ("dict iter -u bert@shop.example DICT priv/quota/", 0, "priv/quota/messages\t0"),
    ("dict iter -R -1 -u x DICT shared/userdb/bert@store.example", 0, "\"uid\":\"70001\""),
    ("dict iter -u x DICT shared/userdb/", 0, "shared/userdb/jürgen@shop.example"),
    ("dict get -u x DICT shared/passdb/bert@shop.example/imap", 0, "{PLAIN}account-password"),
    ("dict get -u x DICT shared/passdb/lena@shop.example/imap", 68, "doesn't exist"),
    ("dict set -u x DICT shared/passdb/bert@shop.example 1", 75, "cannot be changed here"),
    ("dict get -u x DICT shared/last-login/bert@shop.example/imap", 68, "doesn't exist"),
    ("dict set -u x DICT shared/last-login/bert@shop.example/imap 1700000000", 0, ""),
    ("dict get -u x DICT shared/last-login/bert@store.example/imap", 0, "1700000000"),
    ("dict iter -u x DICT shared/last-login/bert@shop.example/", 0, "/imap\t1700000000"),
    ("dict iter -u x DICT shared/last-login/", 75, "one user at a time"),
    ("dict unset -u bert@shop.example DICT priv/quota/storage", 0, ""),
    ("dict get -u bert@shop.example DICT priv/quota/storage", 68, "doesn't exist"),
    ("dict inc -u bert@shop.example DICT priv/quota/storage 1", 68, "doesn't exist"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dovecots_own_clients_count_rightly_through_an_outage() {
    let test = "dovecots_own_clients_count_rightly_through_an_outage";
    if !runs_as_root(test) {
        return;
    }
    let all = [Some(Installation::here()), Installation::debian_13(test)];
    for installation in all.into_iter().flatten() {
        let mut house = House::new().await;
        let mut wrong = String::new();
        let doveadm = house.doveadm(&installation);
        for (words, code, part) in TABLE {
            let said = doveadm.run(words, "");
            let all = [said.stdout, said.stderr].concat();
            let all = String::from_utf8_lossy(&all);
            if said.status.code() != Some(*code) || !all.contains(part) {
                writeln!(wrong, "doveadm {words}: {}\n{all}", said.status).unwrap();
            }
        }
        assert!(wrong.is_empty(), "{installation:?}:\n{wrong}");
        assert!(doveadm.save(1) && doveadm.save(2));
        let client = house.database().await;
        let home = house.scratch.join("anna");
        until_counted(&client, &home, 2).await;
        let sql = "SELECT count(*) FROM postcote.last_login WHERE uid = 70000";
        assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 1);
        drop(client);

        let mut expected = 2;
        for number in 3..6 {
            house.own.cluster.kill().unwrap();
            assert_unsure(&house);
            // Both versions save it, even if they are not told how full the mailbox is.
            assert!(house.doveadm(&installation).save(number));
            house.own.cluster.restart().unwrap();
            wait_for("the database", SOON, || {
                let asked = "dict get -u bert@shop.example DICT priv/quota/storage";
                let said = house.doveadm(&installation).run(asked, "");
                (said.status.code() == Some(68)).then_some(())
            });
            assert!(house.doveadm(&installation).save(number));
            expected += 2;
            until_counted(&house.database().await, &home, expected).await;
        }
        let doveadm = house.doveadm(&installation);
        let expunged = doveadm.run("expunge -u anna@shop.example mailbox INBOX 1", "");
        assert!(expunged.status.success(), "{}", String::from_utf8_lossy(&expunged.stderr));
        until_counted(&house.database().await, &home, expected - 1).await;
        let shown = Command::new(env!("CARGO_BIN_EXE_postcote"))
            .args(["--database", &house.url, "admin", "account", "show", "anna@shop.example"])
            .output()
            .unwrap();
        let shown = String::from_utf8(shown.stdout).unwrap();
        assert!(shown.contains(&format!(", {} messages", expected - 1)), "{shown}");
        assert!(shown.contains("doveadm"), "{shown}");
        assert!(!house.daemon.log().contains("journal_dropped"));
    }
}

/// Messages and bytes in a maildir. Names tell sizes: in octets as they lie there, and with the ends of lines
/// of the network, which is what `count` and so `quota_clone` counts.
fn contents(home: &Path) -> (i64, [i64; 2]) {
    let (mut messages, mut sizes) = (0, [0; 2]);
    for folder in ["new", "cur"] {
        let Ok(files) = std::fs::read_dir(home.join("Maildir").join(folder)) else { continue };
        for file in files {
            let name = file.unwrap().file_name().into_string().unwrap();
            messages += 1;
            for (size, mark) in sizes.iter_mut().zip([",S=", ",W="]) {
                let rest = name.split_once(mark).unwrap().1;
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                *size += rest[..end].parse::<i64>().unwrap();
            }
        }
    }
    (messages, sizes)
}

/// Waits until the database knows what lies in anna's maildir, so many messages.
async fn until_counted(client: &Client, home: &Path, expected: i64) {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let sql = "SELECT messages, bytes FROM postcote.quota_usage WHERE uid = 70000";
        let told = client.query_opt(sql, &[]).await.unwrap();
        let told = told.map(|row| (row.get::<_, i64>(0), row.get::<_, i64>(1)));
        let (messages, sizes) = contents(home);
        assert_eq!(messages, expected, "in {}", home.display());
        if told.is_some_and(|(known, bytes)| known == messages && sizes.contains(&bytes)) {
            return;
        }
        let late = tokio::time::Instant::now() >= deadline;
        assert!(!late, "{told:?}, not {messages} messages of {sizes:?} bytes");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// Nobody is said not to exist, and what is acknowledged is for somebody known.
fn assert_unsure(house: &House) {
    let mut stream = BufReader::new(UnixStream::connect(house.scratch.join("dict")).unwrap());
    let asked = "H3\t2\t0\t\tx\nLshared/passdb/carl@shop.example/imap\tx\n\
                 Lshared/userdb/stranger@shop.example\tx\nLpriv/quota/storage\tanna@shop.example\n\
                 Lshared/last-login/anna@shop.example/imap\tx\nI0\t0\tshared/userdb/\tx\n";
    stream.get_mut().write_all(asked.as_bytes()).unwrap();
    for _ in 0..5 {
        let mut said = String::new();
        stream.read_line(&mut said).unwrap();
        // Somebody who was asked for before may be answered from memory.
        assert!(said.starts_with('F') || said.starts_with("O{"), "{said}");
    }
}
