//! Logins with real PostgreSQL behind them: changes are seen, lists are whole, hashes are renewed.

use postcote::daemon;
use postcote::login::Rehash;
use postcote::store::accounts::AccountList;
use postcote::store::{Link, PgDirectory, Role};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use super::*;
use crate::support::pg;

fn link(url: &str, role: Role) -> Link {
    let mut config = postcote::config::Config::default();
    config.database.url = url.to_owned().into();
    daemon::link(&config, role).unwrap()
}

async fn fill(client: &Client, password: &PasswordHash) {
    client
        .batch_execute(
            "BEGIN;
             INSERT INTO postcote.domain (gid) VALUES (70000), (70001);
             INSERT INTO postcote.domain_name VALUES ('example.org', 70000, true),
                 ('example.com', 70000, false), ('closed.example', 70001, true);
             UPDATE postcote.domain SET enabled = false WHERE gid = 70001;
             COMMIT",
        )
        .await
        .unwrap();
    let sql = "INSERT INTO postcote.account (uid, gid, localpart, password, services)
               VALUES (70000, 70000, 'joe', $1, '{imap}'), (70001, 70001, 'joe', $1, NULL)";
    client.execute(sql, &[&password.expose()]).await.unwrap();
}

#[tokio::test]
async fn what_is_stored_decides() {
    let database = pg::database();
    let client = database.connect().await;
    fill(&client, &hash(FAST, "right")).await;
    // Nothing is remembered between the questions, so each sees the rows as they are.
    let directory = PgDirectory::open(link(&database.url, Role::Lookups)).await.unwrap();
    let quick = Settings { failure_delay: Duration::from_millis(1), ..settings() };
    let logins = Logins::new(Resolver::new(directory, Delimiters::default()), quick, None).unwrap();
    let phone = hash(FAST, "phone");
    let app = format!(
        "INSERT INTO postcote.app_password (id, uid, name, password, services)
             OVERRIDING SYSTEM VALUE VALUES (7, 70000, 'phone', '{}', '{{smtp,imap}}');
         INSERT INTO postcote.app_password (uid, name, password) VALUES (70000, 'odd', '{{PLAIN.HEX}}zz')",
        phone.expose()
    );
    let no_imap =
        "fail user=joe@example.org code=user_disabled reason=IMAP is not enabled for this account";
    let table = [
        ("", "joe@example.com", "right", "ok joe@example.org"),
        ("", "joe@closed.example", "right", "fail user=joe@closed.example"),
        ("", "joe@example.org", "phone", "fail user=joe@example.org"),
        (&app, "joe@example.org", "phone", "ok joe@example.org by app password 7"),
        (
            "UPDATE postcote.app_password SET services = '{smtp}'",
            "joe@example.org",
            "phone",
            no_imap,
        ),
        (
            "UPDATE postcote.app_password SET services = NULL, expires_at = '1970-01-02'",
            "joe@example.org",
            "phone",
            "fail user=joe@example.org",
        ),
        ("DELETE FROM postcote.app_password", "joe@example.org", "right", "ok joe@example.org"),
        ("UPDATE postcote.account SET services = '{}'", "joe@example.org", "right", no_imap),
        (
            "UPDATE postcote.account SET services = NULL, may_login = false, suspend_reason = 'Unpaid'",
            "joe@example.org",
            "right",
            "fail user=joe@example.org code=user_disabled reason=Unpaid",
        ),
        (
            "UPDATE postcote.account SET password = '{PLAIN.HEX}zz', may_login = true",
            "joe@example.org",
            "right",
            "temporary: the stored password is no hash that is known here; set it anew",
        ),
    ];
    for (number, (change, name, password, expected)) in table.into_iter().enumerate() {
        client.batch_execute(change).await.unwrap();
        let remote = Some(ip(&format!("192.0.2.{number}")));
        let attempt = Attempt { name, service: "imap", remote, local: None };
        let got = seen(&logins.by_password(&attempt, password.as_bytes()).await);
        assert_eq!(got, expected, "{change} {name} {password}");
    }
}

#[tokio::test]
async fn hashes_are_renewed_unless_somebody_was_faster() {
    let database = pg::database();
    let client = database.connect().await;
    let old = hash(Scheme::Sha, "right");
    fill(&client, &old).await;
    let (sender, wanted) = mpsc::channel(10);
    let (one, other) = (hash(FAST, "right"), hash(FAST, "right"));
    for rehashed in [one.clone(), other] {
        sender.send(Rehash { uid: Uid(70000), verified: old.clone(), rehashed }).await.unwrap();
    }
    drop(sender);
    daemon::rehash(link(&database.url, Role::Lookups), wanted).await;
    let sql = "SELECT string_agg(password, ' ' ORDER BY uid) FROM postcote.account";
    let stored: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(stored, format!("{} {}", one.expose(), old.expose()));
}

#[tokio::test]
async fn the_list_of_accounts_is_whole() {
    let database = pg::database();
    let client = database.connect().await;
    fill(&client, &hash(FAST, "right")).await;
    let sql = "INSERT INTO postcote.account (gid, localpart, password)
               SELECT 70000, 'user' || n, '{PLAIN}x' FROM generate_series(1, 2500) n";
    client.batch_execute(sql).await.unwrap();
    for (mask, expected) in [
        (None, 2501),
        (Some("*"), 2501),
        (Some("USER2?@*"), 10),
        (Some("joe@*"), 1),
        (Some("x"), 0),
    ] {
        let mut list = AccountList::new(link(&database.url, Role::Lookups), mask);
        let (mut all, mut longest) = (Vec::new(), 0);
        while let Some(page) = list.next().await.unwrap() {
            longest = longest.max(page.len());
            all.extend(page);
        }
        assert_eq!(all.len(), expected, "{mask:?}");
        assert!(longest <= 1000, "{longest}");
        all.sort();
        all.dedup();
        assert_eq!(all.len(), expected, "{mask:?}: none twice");
    }
    let mut list = AccountList::new(link(&database.url, Role::Lookups), None);
    list.next().await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = 'postcote lookups' AND datname = current_database()";
    client.batch_execute(cut).await.unwrap();
    assert!(list.next().await.is_err(), "half a list is no list");
}
