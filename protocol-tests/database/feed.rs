//! What each kind of write announces: the keys that went stale, no less and hardly more.

use std::future::poll_fn;
use std::time::Duration;

use tokio_postgres::{AsyncMessage, Client, NoTls};

use super::{backend, shop, until_blocked};

const MOVE: &str = "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home)
    VALUES ('move', 70000, 70000, 'anna@shop.example', '/srv/mail/a', '/srv/mail/b')";

/// (statements on the data of `SHOP`, keys they announce). A key is a name, or `gid/localpart`, or
/// `*` for everything.
const ROWS: &[(&str, &str)] = &[
    // entries
    (
        "INSERT INTO postcote.account (gid, localpart, password) VALUES (70000, 'new', '{PLAIN}x')",
        "70000/new",
    ),
    ("UPDATE postcote.account SET may_login = false WHERE uid = 70000", "70000/anna"),
    ("UPDATE postcote.account SET localpart = 'new' WHERE uid = 70000", "70000/anna 70000/new"),
    ("UPDATE postcote.account SET gid = 70001 WHERE uid = 70001", "70000/bert 70001/bert"),
    ("UPDATE postcote.account SET forwards = '{a@b}'", "70000/anna 70000/bert 70001/anna"),
    ("UPDATE postcote.account SET forwards = '{a@b}' WHERE uid = 1", ""),
    ("UPDATE postcote.account SET may_login = true", ""),
    ("UPDATE postcote.account SET note = 'x', name = 'y'", ""),
    ("DELETE FROM postcote.account WHERE uid = 70000", "70000/anna"),
    (
        "INSERT INTO postcote.alias (gid, localpart, destinations) VALUES (70000, 'new', '{a@b}')",
        "70000/new",
    ),
    ("UPDATE postcote.alias SET destinations = '{a@b}'", "70000/info"),
    ("UPDATE postcote.alias SET enabled = false", "70000/info"),
    ("UPDATE postcote.alias SET localpart = 'new'", "70000/info 70000/new"),
    ("UPDATE postcote.alias SET note = 'x'", ""),
    ("DELETE FROM postcote.alias", "70000/info"),
    ("INSERT INTO postcote.default_alias VALUES ('abuse', '{a@b}')", "0/abuse"),
    ("UPDATE postcote.default_alias SET enabled = false", "0/postmaster"),
    ("UPDATE postcote.default_alias SET localpart = 'root'", "0/postmaster 0/root"),
    ("UPDATE postcote.default_alias SET note = 'x'", ""),
    ("DELETE FROM postcote.default_alias", "0/postmaster"),
    ("INSERT INTO postcote.relocated VALUES (70000, 'new', 'a@b')", "70000/new"),
    ("UPDATE postcote.relocated SET new_address = 'a@b'", "70000/old"),
    ("DELETE FROM postcote.relocated", "70000/old"),
    ("INSERT INTO postcote.relay_recipient VALUES (70002, 'new')", "70002/new relay.example"),
    (
        "UPDATE postcote.relay_recipient SET localpart = 'new'",
        "70002/known 70002/new relay.example",
    ),
    ("DELETE FROM postcote.relay_recipient", "70002/known relay.example"),
    // domains
    (
        "WITH new AS (INSERT INTO postcote.domain DEFAULT VALUES RETURNING gid)
         INSERT INTO postcote.domain_name SELECT 'new.example', gid, true FROM new",
        "new.example",
    ),
    ("UPDATE postcote.domain SET enabled = false WHERE gid = 70000", "laden.example shop.example"),
    ("UPDATE postcote.domain SET transport = ':' WHERE gid = 70001", "club.example"),
    ("UPDATE postcote.domain SET quota_bytes = 1 WHERE gid = 70001", "club.example"),
    ("UPDATE postcote.domain SET services = '{imap}' WHERE gid = 70001", "club.example"),
    ("UPDATE postcote.domain SET kind = 'relay' WHERE gid = 70003", "bare.example"),
    ("UPDATE postcote.domain SET note = 'x', max_accounts = 9, max_total_quota = 9", ""),
    ("UPDATE postcote.domain SET directory = '/srv/x' WHERE gid = 70000", "*"),
    ("DELETE FROM postcote.domain WHERE gid = 70003", "bare.example"),
    (
        "INSERT INTO postcote.domain_name VALUES ('new.example', 70000)",
        "laden.example new.example shop.example",
    ),
    (
        "UPDATE postcote.domain_name SET name = 'new.example' WHERE name = 'shop.example'",
        "laden.example new.example shop.example",
    ),
    (
        "UPDATE postcote.domain_name SET gid = 70001 WHERE name = 'laden.example'",
        "club.example laden.example shop.example",
    ),
    (
        "UPDATE postcote.domain_name SET is_primary = NOT is_primary WHERE gid = 70000",
        "laden.example shop.example",
    ),
    ("UPDATE postcote.domain_name SET name = name", ""),
    ("DELETE FROM postcote.domain_name WHERE name = 'laden.example'", "laden.example shop.example"),
    ("INSERT INTO postcote.catchall VALUES (70001, '{a@b}')", "club.example"),
    ("UPDATE postcote.catchall SET destinations = '{a@b}'", "laden.example shop.example"),
    ("UPDATE postcote.catchall SET gid = 70001", "club.example laden.example shop.example"),
    ("UPDATE postcote.catchall SET destinations = destinations", ""),
    ("DELETE FROM postcote.catchall", "laden.example shop.example"),
    // orders
    (MOVE, "70000/anna"),
    ("UPDATE postcote.mailbox_order SET state = 'done' WHERE uid = 70001", "70000/bert"),
    ("UPDATE postcote.mailbox_order SET state = 'failed' WHERE uid = 70001", "70000/bert"),
    ("UPDATE postcote.mailbox_order SET attempts = 1, last_error = 'x' WHERE uid = 70001", ""),
    ("DELETE FROM postcote.mailbox_order WHERE uid = 70001", "70000/bert"),
    (
        "INSERT INTO postcote.mailbox_order (kind, gid, address, home)
         VALUES ('delete-domain', 70003, 'bare.example', '/srv/mail/a')",
        "",
    ),
    (
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home)
         VALUES ('create', 70000, 70000, 'anna@shop.example', '/srv/mail/a')",
        "",
    ),
    // what the daemon writes itself
    (
        "INSERT INTO postcote.quota_usage VALUES (70000, 1, 1);
         UPDATE postcote.quota_usage SET bytes = 2;
         INSERT INTO postcote.last_login VALUES (70000, 'imap')",
        "",
    ),
    (
        "INSERT INTO postcote.sent VALUES ('account', 70000, 1, 1, 1, 1, 1, 1);
         INSERT INTO postcote.sent_to VALUES (70000, 1, now());
         INSERT INTO postcote.greylist VALUES (1, now())",
        "",
    ),
    // app passwords
    (
        "INSERT INTO postcote.app_password (uid, name, password) VALUES (70000, 'x', '{PLAIN}x')",
        "70000/anna",
    ),
    ("UPDATE postcote.app_password SET services = '{imap}'", "70000/bert"),
    ("UPDATE postcote.app_password SET expires_at = now()", "70000/bert"),
    ("UPDATE postcote.app_password SET password = '{PLAIN}y'", "70000/bert"),
    ("UPDATE postcote.app_password SET uid = 70002", "70000/bert 70001/anna"),
    ("UPDATE postcote.app_password SET name = 'new'", ""),
    ("DELETE FROM postcote.app_password", "70000/bert"),
    ("DELETE FROM postcote.app_password WHERE uid = 1", ""),
    ("DELETE FROM postcote.account WHERE uid = 70001", "70000/bert"),
    (
        "INSERT INTO postcote.app_password_use SELECT id, now() FROM postcote.app_password;
         INSERT INTO postcote.journal_position VALUES ('j', 1)",
        "",
    ),
    ("COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM postcote.app_password", "*"),
    // what the policy service decides by
    ("UPDATE postcote.account SET sending_limits = '{}' WHERE uid = 70000", "70000/anna"),
    ("UPDATE postcote.app_password SET sending_limits = '{}'", "70000/bert"),
    ("UPDATE postcote.domain SET sending_limits = '{}' WHERE gid = 70001", "club.example"),
    ("UPDATE postcote.domain SET account_sending_limits = '{}' WHERE gid = 70001", "club.example"),
    ("UPDATE postcote.alias SET senders = '{members}'", "70000/info"),
    ("UPDATE postcote.default_alias SET senders = '{members}'", "0/postmaster"),
    (
        "INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES (70000, 70001, 'x')",
        "club.example",
    ),
    ("UPDATE postcote.sender_grant SET localpart = '*'", "laden.example shop.example"),
    ("UPDATE postcote.sender_grant SET uid = 70000", "laden.example shop.example"),
    ("UPDATE postcote.sender_grant SET gid = 70001", "club.example laden.example shop.example"),
    ("UPDATE postcote.sender_grant SET created_at = now() - interval '1 day'", ""),
    ("DELETE FROM postcote.sender_grant", "laden.example shop.example"),
    ("DELETE FROM postcote.sender_grant WHERE uid = 1", ""),
    ("TRUNCATE postcote.sender_grant", "*"),
    // the login that a grant shows: its account and that one's domain are elsewhere
    (
        "UPDATE postcote.account SET localpart = 'new' WHERE uid = 70002",
        "70001/anna 70001/new laden.example shop.example",
    ),
    (
        "UPDATE postcote.account SET gid = 70003 WHERE uid = 70002",
        "70001/anna 70003/anna laden.example shop.example",
    ),
    ("UPDATE postcote.account SET may_send = false WHERE uid = 70002", "70001/anna"),
    ("UPDATE postcote.account SET note = 'x' WHERE uid = 70002", ""),
    ("DELETE FROM postcote.account WHERE uid = 70002", "70001/anna laden.example shop.example"),
    (
        "UPDATE postcote.domain_name SET name = 'new.example' WHERE name = 'club.example'",
        "club.example laden.example new.example shop.example",
    ),
    (
        "UPDATE postcote.domain_name SET is_primary = false WHERE gid = 70001;
         INSERT INTO postcote.domain_name VALUES ('new.example', 70001, true)",
        "club.example laden.example new.example shop.example",
    ),
    ("INSERT INTO postcote.domain_name VALUES ('new.example', 70001)", "club.example new.example"),
    (
        "COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ;
         UPDATE postcote.account SET localpart = 'new' WHERE uid = 70001",
        "* 70000/bert 70000/new",
    ),
    (
        "COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ;
         UPDATE postcote.account SET may_send = false WHERE uid = 70001",
        "70000/bert",
    ),
    // no rows to name
    ("TRUNCATE postcote.app_password CASCADE", "*"),
    ("TRUNCATE postcote.alias", "*"),
    ("TRUNCATE postcote.mailbox_order", "*"),
    ("TRUNCATE postcote.domain CASCADE", "*"),
    // several statements, and none that counts
    (
        "DELETE FROM postcote.alias; INSERT INTO postcote.relocated VALUES (70000, 'info', 'a@b')",
        "70000/info",
    ),
    ("SAVEPOINT s; DELETE FROM postcote.alias; ROLLBACK TO s", ""),
    // an old snapshot may not know every name of the domain
    (
        "COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; DELETE FROM postcote.catchall WHERE gid = 70001",
        "",
    ),
    (
        "COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ;
         UPDATE postcote.domain SET enabled = false WHERE gid = 70001",
        "*",
    ),
    (
        "COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE;
         UPDATE postcote.mailbox_order SET state = 'done' WHERE uid = 70001",
        "*",
    ),
];

async fn announced(client: &Client) -> String {
    let sql = "SELECT DISTINCT coalesce(name, gid || '/' || localpart, '*') COLLATE \"C\"
               FROM postcote.directory_change ORDER BY 1";
    let rows = client.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn each_write_announces_the_keys_it_made_stale() {
    let (_database, client) = shop().await;
    let order = MOVE.replace("70000, 70000, 'anna", "70001, 70000, 'bert");
    client.batch_execute(&format!("{order}; DELETE FROM postcote.change")).await.unwrap();
    for (sql, expected) in ROWS {
        client.batch_execute("BEGIN").await.unwrap();
        client.batch_execute(sql).await.expect(sql);
        assert_eq!(announced(&client).await, *expected, "{sql}");
        client.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(announced(&client).await, "", "rolled back: {sql}");
    }
}

#[tokio::test]
async fn copy_announces_each_row() {
    use futures_util::SinkExt as _;
    let (_database, client) = shop().await;
    let copy = "COPY postcote.account (gid, localpart, password) FROM STDIN";
    let sink = client.copy_in(copy).await.unwrap();
    futures_util::pin_mut!(sink);
    let rows = "70000\tc1\t{PLAIN}x\n70001\tc2\t{PLAIN}x\n";
    sink.send(bytes::Bytes::from_static(rows.as_bytes())).await.unwrap();
    assert_eq!(sink.finish().await.unwrap(), 2);
    assert_eq!(announced(&client).await, "70000/c1 70001/c2");
}

/// What a statement announces about other rows must hold for rows that come at the same moment.
/// The first leaves its transaction open, so the second has to wait or the daemon may read the
/// second's row without the first's change and never hear of it again.
#[tokio::test]
async fn a_row_that_comes_meanwhile_is_not_missed() {
    let rows = [
        // A name is added while the catch-all, the recipient list, the domain changes.
        (
            "DELETE FROM postcote.catchall WHERE gid = 70000",
            "INSERT INTO postcote.domain_name VALUES ('new.example', 70000)",
        ),
        (
            "UPDATE postcote.domain SET enabled = false WHERE gid = 70000",
            "INSERT INTO postcote.domain_name VALUES ('new.example', 70000)",
        ),
        (
            "DELETE FROM postcote.relay_recipient",
            "INSERT INTO postcote.domain_name VALUES ('new.example', 70002)",
        ),
        // An account gets another address while a move is ordered.
        (MOVE, "UPDATE postcote.account SET localpart = 'new' WHERE uid = 70000"),
    ];
    let (database, observer) = shop().await;
    for (one, two) in rows {
        for (first, second) in [(one, two), (two, one)] {
            let (a, b) = (database.connect().await, database.connect().await);
            let pid = backend(&b).await;
            a.batch_execute(&format!("BEGIN; {first}")).await.unwrap();
            let task = tokio::spawn(async move {
                b.batch_execute(&format!("BEGIN; {second}")).await.unwrap();
                let keys = announced(&b).await;
                b.batch_execute("ROLLBACK").await.unwrap();
                keys
            });
            until_blocked(&observer, pid).await;
            a.batch_execute("COMMIT").await.unwrap();
            let keys = task.await.unwrap();
            assert!(keys.contains("new"), "{first}\n{second}\nannounced {keys}");
            super::exclusivity::restore(&observer).await;
            let clean = "TRUNCATE postcote.mailbox_order; DELETE FROM postcote.change";
            observer.batch_execute(clean).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_commit_notifies_once_and_a_rollback_never() {
    let (database, client) = shop().await;
    let (listener, mut connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    let (told, mut hear) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|cx| connection.poll_message(cx)).await {
            if let AsyncMessage::Notification(note) = message {
                told.send((note.channel().to_owned(), note.payload().to_owned())).unwrap();
            }
        }
    });
    listener.batch_execute("LISTEN postcote").await.unwrap();
    client.batch_execute("BEGIN; DELETE FROM postcote.alias; ROLLBACK").await.unwrap();
    client.batch_execute("UPDATE postcote.account SET note = 'x'").await.unwrap();
    let twice = "BEGIN; DELETE FROM postcote.alias; DELETE FROM postcote.relocated; COMMIT";
    client.batch_execute(twice).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(10), hear.recv()).await.unwrap().unwrap();
    assert_eq!(heard, ("postcote".to_owned(), String::new()));
    // Notifications come in the order of commits, so this one would come after a second.
    client.batch_execute("NOTIFY postcote, 'end'").await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(10), hear.recv()).await.unwrap().unwrap();
    assert_eq!(heard.1, "end");
}
