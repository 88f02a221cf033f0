//! A dump restores into an empty database, and what comes out is as safe as what went in.

use std::process::{Command, Stdio};

use super::{constraint, shop};
use crate::support::pg;

/// Texts that a restore could mangle.
const ODD: &str = r#"
    INSERT INTO postcote.account (gid, localpart, password, name, note, home, forwards, services,
                                  quota_bytes, quota_messages, transport, expires_at)
        VALUES (70001, 'a "b"\@c', '{PLAIN}\n', 'Ångström', E'two\nlines\t\\.', '/srv/ü',
                '{"\"x \\\" y\"@z",%n@%d}', '{}', 0, 0, ':', 'infinity');
    INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home)
        VALUES ('move', 70000, 70000, 'anna@shop.example', '/srv/mail/a', '/srv/mail/b');
    INSERT INTO postcote.quota_usage VALUES (70000, 5, 1);
    INSERT INTO postcote.last_login VALUES (70000, 'imap', now(), '2001:db8::1');
    INSERT INTO postcote.sent VALUES ('domain', 70000, 1, -1, 1, 1, 9223372036854775807, 1);
    INSERT INTO postcote.sent_to VALUES (70000, -1, now());
    INSERT INTO postcote.greylist VALUES (-1, now());
    INSERT INTO postcote.greylist_client VALUES ('2001:db8::/64', 1, now());
    UPDATE postcote.domain SET note = 'x', transport = 'lmtp:unix:private/X' WHERE gid = 70001;
"#;

/// The dump without its random key, which differs each time.
fn dump(url: &str) -> String {
    let binaries = pg::cluster().binaries();
    let output = Command::new(binaries.program("pg_dump")).args(["-d", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn restore(url: &str, dump: &str) {
    let mut psql = Command::new(pg::cluster().binaries().program("psql"))
        .args(["-Xq", "-v", "ON_ERROR_STOP=1", "-d", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = psql.stdin.take().unwrap();
    let text = dump.to_owned();
    let writer = std::thread::spawn(move || {
        // If psql gives up early its words say more than the broken pipe.
        let _ = std::io::Write::write_all(&mut stdin, text.as_bytes());
    });
    let output = psql.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_dump_restores_and_is_as_safe_as_before() {
    let (database, client) = shop().await;
    client.batch_execute(ODD).await.unwrap();
    let original = dump(&database.url);

    let copy = pg::empty_database();
    restore(&copy.url, &original);
    // A function body that was parsed twice has other parentheses, nothing else.
    let plain = |dump: &str| dump.replace(['(', ')'], "");
    let (before, after) = (plain(&original), plain(&dump(&copy.url)));
    assert_eq!(before.lines().zip(after.lines()).find(|(one, two)| one != two), None);
    assert_eq!(before.len(), after.len());

    let restored = copy.connect().await;
    assert!(postcote::store::migrate::status(&restored).await.unwrap().is_current());
    let refused = [
        (
            "INSERT INTO postcote.alias (gid, localpart, destinations) VALUES (70000, 'anna', '{a@b}')",
            "address_one_kind",
        ),
        ("UPDATE postcote.account SET localpart = 'ß'", "account_localpart_valid"),
        ("UPDATE postcote.domain_name SET is_primary = false", "domain_has_primary"),
        ("DELETE FROM postcote.address", "address_is_written_by_triggers"),
        (
            "INSERT INTO postcote.domain_name VALUES ('two.example', 70000, true)",
            "domain_name_one_primary",
        ),
    ];
    for (sql, expected) in refused {
        let error = restored.batch_execute(sql).await.expect_err(sql);
        assert_eq!(constraint(&error), expected, "{sql}");
    }
    // The sequences stand where they stood: SHOP took ids up to 70003 and 70002, ODD one more uid.
    let next = "SELECT nextval('postcote.domain_gid'), nextval('postcote.account_uid')";
    let row = restored.query_one(next, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (70004, 70004));
    // A floor of another history does not count, the first position is good.
    let floor = "SELECT xid = '3' FROM postcote.directory_change_floor";
    assert!(restored.query_one(floor, &[]).await.unwrap().get::<_, bool>(0));
    let announce = "DELETE FROM postcote.change; UPDATE postcote.alias SET enabled = false";
    restored.batch_execute(announce).await.unwrap();
    let changes = restored.query("TABLE postcote.directory_change", &[]).await.unwrap();
    assert_eq!(changes.len(), 1);
    let reader = copy.connect_as("postcote_reader").await;
    reader.batch_execute("TABLE postcote.directory_entry").await.unwrap();
}
