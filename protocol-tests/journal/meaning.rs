//! What each write comes to in the database.

use super::*;
use crate::support::pg;
use crate::support::scratch::Scratch;
use Amount::{Add, Set, Unset};

/// What is told, the writes, and the bytes and messages that are known then.
type Row<'a> = (&'a str, &'a [Write], Option<(u64, u64)>);

#[tokio::test]
async fn each_write_comes_to_this() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill(&client).await;
    let journal = open(&scratch.join("journal"), &database.url);
    let set = |bytes, messages| quota(70000, Set(bytes), Set(messages));
    let table: &[Row<'_>] = &[
        ("nobody has told", &[], None),
        ("grown from nothing known", &[quota(70000, Add(5), Add(1))], None),
        ("told", &[set(100, 10)], Some((100, 10))),
        ("told again", &[set(100, 10), set(70, 7)], Some((70, 7))),
        ("grown", &[set(100, 10), quota(70000, Add(5), Add(1))], Some((105, 11))),
        ("shrunk", &[set(100, 10), quota(70000, Add(-5), Add(-1))], Some((95, 9))),
        ("one alone", &[set(100, 10), quota(70000, Add(5), None)], Some((105, 10))),
        ("less than nothing", &[set(1, 1), quota(70000, Add(-5), Add(-5))], Some((0, 0))),
        ("a negative number", &[set(-1, -1)], Some((0, 0))),
        (
            "more than all",
            &[set(i64::MAX, 1), quota(70000, Add(9), Add(1))],
            Some((i64::MAX.cast_unsigned(), 2)),
        ),
        ("forgotten", &[set(100, 10), quota(70000, Unset, Unset)], None),
        ("half forgotten", &[set(100, 10), quota(70000, Unset, None)], None),
        ("recounted", &[set(1, 1), quota(70000, Unset, Unset), set(100, 10)], Some((100, 10))),
        (
            "forgotten and grown",
            &[set(1, 1), quota(70000, Unset, Unset), quota(70000, Add(1), Add(1))],
            None,
        ),
        ("of nobody", &[quota(60000, Set(1), Set(1))], None),
    ];
    for (what, writes, expected) in table {
        // As one batch, as far as that may be, and one by one.
        for together in [true, false] {
            client.batch_execute("DELETE FROM postcote.quota_usage").await.unwrap();
            if together {
                let all = writes.iter().map(|write| journal.commit(write.clone()));
                for done in futures_util::future::join_all(all).await {
                    done.unwrap();
                }
            } else {
                for write in *writes {
                    journal.commit(write.clone()).await.unwrap();
                    journal.quota(Uid(70000)).await.unwrap();
                }
            }
            let got = journal.quota(Uid(70000)).await.unwrap();
            let got = got.map(|usage| (usage.bytes, usage.messages));
            assert_eq!(got, *expected, "{what}, together: {together}");
        }
    }
    assert!(journal.close(SOON).await);
    assert_eq!(files(&scratch.join("journal")), 0, "everything is carried over");
    let left = client.query("SELECT FROM postcote.journal_position", &[]).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn the_last_login_is_the_last_one() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill(&client).await;
    let sql = "INSERT INTO postcote.app_password (id, uid, name, password) OVERRIDING SYSTEM VALUE
               VALUES (7, 70000, 'phone', '{PLAIN}x')";
    client.batch_execute(sql).await.unwrap();
    let journal = open(&scratch.join("journal"), &database.url);
    let used = |id, at| Write::AppPasswordUsed { id, at: Timestamp(at) };
    let writes = [
        login(70000, "imap", 200, Some("192.0.2.2")),
        login(70000, "imap", 100, Some("192.0.2.1")),
        login(70000, "smtp", 300, Some("2001:db8::1")),
        login(70000, "odd name/ö", 400, None),
        login(60000, "imap", 500, None),
        // A time that no calendar has: it is left out, and the others are not.
        login(70001, "imap", i64::MAX, None),
        login(70002, "imap", 600, None),
        used(7, 40),
        used(7, 30),
        used(8, 50),
    ];
    for write in writes {
        journal.commit(write).await.unwrap();
    }
    assert!(journal.close(SOON).await);
    let sql =
        "SELECT string_agg(concat_ws(' ', uid, service, extract(epoch FROM at)::bigint, remote),
                   ', ' ORDER BY uid, service) FROM postcote.last_login";
    let got: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(
        got,
        "70000 imap 200 192.0.2.2, 70000 oddname 400, 70000 smtp 300 2001:db8::1, 70002 imap 600"
    );
    let sql = "SELECT string_agg(id || ' ' || extract(epoch FROM at)::bigint, ',')
               FROM postcote.app_password_use";
    let got: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(got, "7 40");
}

#[tokio::test]
async fn a_daemon_writes_back_as_a_reader() {
    let (database, scratch) = (pg::database(), Scratch::new());
    let client = database.connect().await;
    fill(&client).await;
    let role = format!("reader_of_{}", database.name());
    let sql = format!(
        "CREATE ROLE {role} LOGIN IN ROLE postcote_reader;
                       INSERT INTO postcote.app_password (id, uid, name, password)
                       OVERRIDING SYSTEM VALUE VALUES (7, 70000, 'phone', '{{PLAIN}}x')"
    );
    client.batch_execute(&sql).await.unwrap();
    let url = database.url.replacen("//postgres@", &format!("//{role}@"), 1);
    let journal = open(&scratch.join("journal"), &url);
    for write in [
        quota(70000, Set(5), Set(1)),
        quota(70000, Add(5), Add(1)),
        quota(70001, Unset, Unset),
        login(70000, "imap", 100, None),
        Write::AppPasswordUsed { id: 7, at: Timestamp(9) },
    ] {
        journal.commit(write).await.unwrap();
    }
    let usage = journal.quota(Uid(70000)).await.unwrap().unwrap();
    assert_eq!((usage.bytes, usage.messages), (10, 2));
    assert!(journal.close(SOON).await);
    client.batch_execute(&format!("DROP ROLE {role}")).await.unwrap();
}
