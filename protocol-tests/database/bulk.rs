//! A site of some size: imports run, and a lookup is an index look-up.

use crate::support::pg;

const IMPORT: &str = "
    BEGIN;
    INSERT INTO postcote.domain (gid) SELECT 70000 + i FROM generate_series(0, 2999) i;
    INSERT INTO postcote.domain_name (name, gid, is_primary)
        SELECT 'd' || i || '.example', 70000 + i, true FROM generate_series(0, 2999) i;
    INSERT INTO postcote.account (gid, localpart, password)
        SELECT 70000 + i % 3000, 'u' || i, '{PLAIN}x' FROM generate_series(1, 100000) i;
    INSERT INTO postcote.alias (gid, localpart, destinations)
        SELECT 70000 + i % 3000, 'a' || i, ARRAY['u' || i || '@d1.example', '%n@%d.example']
        FROM generate_series(1, 20000) i;
    INSERT INTO postcote.sender_grant (uid, gid, localpart)
        SELECT uid, 70000 + uid % 2999, 'sales-*' FROM postcote.account WHERE uid % 10 = 0;
    INSERT INTO postcote.relocated (gid, localpart, new_address)
        SELECT 70000 + i % 3000, 'r' || i, 'u@elsewhere.example' FROM generate_series(1, 20000) i;
    COMMIT;
    BEGIN;
    INSERT INTO postcote.domain (gid, kind) VALUES (73000, 'relay');
    INSERT INTO postcote.domain_name VALUES ('relay.example', 73000, true);
    INSERT INTO postcote.relay_recipient (gid, localpart)
        SELECT 73000, 'u' || i FROM generate_series(1, 20000) i;
    COMMIT;";

/// The forms a reader may use; each must find its rows by index in every table of the view.
const LOOKUPS: &[&str] = &[
    "SELECT * FROM postcote.directory_entry WHERE gid = 70077 AND localpart = 'u77'",
    "SELECT * FROM postcote.directory_entry WHERE (gid, localpart) IN
         (SELECT * FROM unnest('{70077,70008}'::bigint[], '{u77,a8}'::text[]))",
    "SELECT * FROM unnest('{70077,70008}'::bigint[], '{u77,a8}'::text[]) AS key (gid, localpart)
         JOIN postcote.directory_entry USING (gid, localpart)",
    "SELECT * FROM unnest('{70077,70008}'::bigint[], '{u77,a8}'::text[]) AS key (gid, localpart)
         LEFT JOIN postcote.directory_entry USING (gid, localpart)",
    "SELECT * FROM postcote.directory_domain WHERE name = 'd7.example'",
    "SELECT * FROM postcote.directory_domain WHERE name = ANY ('{d7.example,d8.example}')",
    "SELECT * FROM unnest('{d7.example,d8.example}'::text[]) AS key (name)
         LEFT JOIN postcote.directory_domain USING (name)",
];

#[tokio::test]
async fn lookups_use_indexes_and_imports_run() {
    let database = pg::database();
    let client = database.connect().await;
    client.batch_execute(IMPORT).await.unwrap();
    let counts = "SELECT (SELECT count(*) FROM postcote.address),
                         (SELECT count(*) FROM postcote.change WHERE gid IS NOT NULL)";
    let row = client.query_one(counts, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (160_000, 160_000));

    // Once as a fresh import leaves the statistics, once as autovacuum does.
    for analyze in ["", "ANALYZE"] {
        client.batch_execute(analyze).await.unwrap();
        for lookup in LOOKUPS {
            let rows = client.query(&format!("EXPLAIN {lookup}"), &[]).await.unwrap();
            let plan: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
            // Without statistics an empty table may look worth a scan; these are not empty.
            let full =
                ["account", "alias", "relocated", "relay_recipient", "domain_name", "sender_grant"];
            let scans = plan.iter().filter(|line| {
                full.iter().any(|table| line.contains(&format!("Seq Scan on {table}")))
            });
            assert_eq!(scans.count(), 0, "{lookup}\n{}", plan.join("\n"));
        }
    }

    // Whose destination is this address? Asked before an account is deleted.
    client.batch_execute("VACUUM postcote.alias").await.unwrap();
    let source = "EXPLAIN SELECT FROM postcote.alias WHERE destinations @> '{u77@d1.example}'";
    let plan = client.query(source, &[]).await.unwrap();
    let by_index = |row: &tokio_postgres::Row| row.get::<_, &str>(0).contains("alias_destinations");
    assert!(plan.iter().any(by_index), "{plan:?}");

    client.batch_execute("UPDATE postcote.account SET transport = ':'").await.unwrap();
    client.batch_execute("DELETE FROM postcote.account").await.unwrap();
    let row = client.query_one(counts, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (60_000, 360_000));
}
