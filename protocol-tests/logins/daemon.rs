//! What a login through the built daemon leaves behind: when it was, and a better hash.

use std::path::PathBuf;

use tokio_postgres::Client;

use crate::command::{postcote, run};
use crate::support::daemon::SOON;
use crate::support::lines::{Lines, plain};
use crate::support::scratch::Scratch;
use crate::support::site::Site;
use crate::support::terms::wait_for;

/// The shop with an auth socket.
struct Shop {
    site: Site,
    client: Client,
    auth: PathBuf,
    scratch: Scratch,
}

async fn shop(settings: &str) -> Shop {
    let scratch = Scratch::new();
    let (auth, journal) = (scratch.join("auth"), scratch.join("journal"));
    let listen = format!(
        "\n[[listen]]\nprotocol = \"dovecot-auth\"\naddress = \"unix:{}\"\n\n\
         [journal]\ndirectory = \"{}\"\n{settings}",
        auth.display(),
        journal.display()
    );
    let site = Site::with("shop", |setup| setup.listen = listen).await;
    let client = site.database.connect().await;
    Shop { site, client, auth, scratch }
}

/// AUTH as Postfix has it.
fn smtp(id: u32, name: &str, password: &str) -> String {
    let message = plain(name, password.as_bytes());
    format!("AUTH\t{id}\tPLAIN\tservice=smtp\tnologin\trip=192.0.2.9\tresp={message}")
}

const OK: &str = "OK\t1\tuser=anna@shop.example";

impl Shop {
    /// Waits until a query gives what is expected.
    async fn wait_for_value(&self, sql: &str, expected: &str) {
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            let row = self.client.query_opt(sql, &[]).await.unwrap();
            let got = row.map_or_else(String::new, |row| row.get(0));
            if got == expected {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{sql}: {got}, not {expected}");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn logins_are_written_down_and_nobody_waits_for_it() {
    let shop = shop("").await;
    let sql = "INSERT INTO postcote.app_password (uid, name, password)
               VALUES (70000, 'phone', '{PLAIN}ph0ne')";
    shop.client.batch_execute(sql).await.unwrap();
    let shown = || {
        let words = ["admin", "app-password", "list", "anna@shop.example"];
        let database = ["--database", &shop.site.database.url];
        run(postcote().args(words).args(database)).stdout
    };
    assert!(shown().contains("never"), "{}", shown());

    // The database has no time; what is written down waits.
    shop.client.batch_execute("BEGIN; LOCK TABLE postcote.journal_position").await.unwrap();
    let mut postfix = Lines::to_auth(&shop.auth);
    assert_eq!(postfix.asks(&smtp(1, "anna@store.example", "ph0ne")), OK);
    shop.client.batch_execute("COMMIT").await.unwrap();
    let last = "SELECT service || ' ' || host(remote) FROM postcote.last_login WHERE uid = 70000";
    shop.wait_for_value(last, "smtp 192.0.2.9").await;
    wait_for("the use of the app password", SOON, || {
        let shown = shown();
        let year = time::OffsetDateTime::now_utc().year().to_string();
        let phone = shown.lines().find(|line| line.contains("phone")).unwrap();
        phone.contains(&year).then_some(())
    });

    // Who goes on to a mail process is told of by that.
    let mut login = Lines::to_auth(&shop.auth);
    let imap = smtp(1, "bert@shop.example", "account-password");
    let imap = imap.replace("smtp\tnologin", "imap");
    assert_eq!(login.asks(&imap), "OK\t1\tuser=bert@shop.example");
    // And neither does a journal that is gone keep anybody out.
    let journal = shop.scratch.join("journal");
    shop.site.database.connect().await;
    std::fs::remove_dir_all(&journal).unwrap();
    std::fs::write(&journal, "no directory").unwrap();
    for id in 2..20 {
        let said = postfix.asks(&smtp(id, "carl@shop.example", "account-password"));
        assert_eq!(said, format!("OK\t{id}\tuser=carl@shop.example"));
    }
    let all = "SELECT string_agg(uid::text, ' ' ORDER BY uid) FROM postcote.last_login
               WHERE uid <> 70002";
    shop.wait_for_value(all, "70000").await;
}

#[tokio::test]
async fn a_hash_is_renewed_unless_somebody_was_faster() {
    let settings = "\n[accounts]\npassword-scheme = \"SSHA256\"\n\n[logins]\nrehash = true\n";
    let shop = shop(settings).await;
    let grant = "GRANT EXECUTE ON FUNCTION postcote.rehash_password TO postcote_reader";
    shop.client.batch_execute(grant).await.unwrap();
    let mut line = Lines::to_auth(&shop.auth);
    assert_eq!(line.asks(&smtp(1, "anna@shop.example", "account-password")), OK);
    let scheme = |uid: u32| {
        format!("SELECT split_part(password, '}}', 1) FROM postcote.account WHERE uid = {uid}")
    };
    shop.wait_for_value(&scheme(70000), "{SSHA256").await;
    let again = smtp(2, "anna@shop.example", "account-password");
    assert_eq!(line.asks(&again), "OK\t2\tuser=anna@shop.example", "it is the same password");

    // A change that is not committed yet: the old password still counts, its new hash does not.
    let change = "BEGIN; UPDATE postcote.account SET password = '{PLAIN}new' WHERE uid = 70001";
    shop.client.batch_execute(change).await.unwrap();
    let said = line.asks(&smtp(3, "bert@shop.example", "account-password"));
    assert_eq!(said, "OK\t3\tuser=bert@shop.example");
    let waits = "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock'
                 AND datname = current_database() AND query LIKE '%rehash_password%'";
    shop.wait_for_value(waits, "1").await;
    shop.client.batch_execute("COMMIT").await.unwrap();
    shop.wait_for_value(waits, "0").await;
    let stored = "SELECT password FROM postcote.account WHERE uid = 70001";
    shop.wait_for_value(stored, "{PLAIN}new").await;
}
