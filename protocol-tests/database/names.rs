//! A domain and its names: renamed, promoted, switched, by statements in any order.

use super::{constraint, shop};

/// (statements, the names of gid 70000 afterwards, the primary first).
const ROWS: &[(&str, &[&str])] = &[
    (
        "UPDATE postcote.domain_name SET name = 'store.example' WHERE name = 'shop.example'",
        &["store.example", "laden.example"],
    ),
    (
        "UPDATE postcote.domain_name SET is_primary = false WHERE name = 'shop.example';
         UPDATE postcote.domain_name SET is_primary = true WHERE name = 'laden.example'",
        &["laden.example", "shop.example"],
    ),
    (
        "UPDATE postcote.domain_name SET is_primary = true WHERE name = 'laden.example';
         UPDATE postcote.domain_name SET is_primary = false WHERE name = 'shop.example'",
        &["laden.example", "shop.example"],
    ),
    (
        "UPDATE postcote.domain_name SET is_primary = NOT is_primary WHERE gid = 70000",
        &["laden.example", "shop.example"],
    ),
    (
        "DELETE FROM postcote.domain_name WHERE name = 'shop.example';
         UPDATE postcote.domain_name SET is_primary = true WHERE name = 'laden.example'",
        &["laden.example"],
    ),
    ("UPDATE postcote.domain_name SET gid = 70001 WHERE name = 'laden.example'", &["shop.example"]),
    (
        "INSERT INTO postcote.domain_name VALUES ('negozio.example', 70000)",
        &["shop.example", "laden.example", "negozio.example"],
    ),
];

#[tokio::test]
async fn names_change_in_any_order_of_statements() {
    let (database, _) = shop().await;
    for (sql, expected) in ROWS {
        let mut client = database.connect().await;
        let tx = client.transaction().await.unwrap();
        tx.batch_execute(&format!("{sql}; SET CONSTRAINTS ALL IMMEDIATE")).await.expect(sql);
        let view = "SELECT name, primary_name FROM postcote.directory_domain WHERE gid = 70000
                    ORDER BY name <> primary_name, name";
        let rows = tx.query(view, &[]).await.unwrap();
        let names: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(names, *expected, "{sql}");
        for row in &rows {
            assert_eq!(row.get::<_, &str>(1), expected[0], "{sql}");
        }
    }
}

#[tokio::test]
async fn the_primary_is_checked_at_commit() {
    let (_database, client) = shop().await;
    let half = "UPDATE postcote.domain_name SET is_primary = true WHERE name = 'laden.example'";
    client.batch_execute(&format!("BEGIN; {half}")).await.unwrap();
    let error = client.batch_execute("COMMIT").await.unwrap_err();
    assert_eq!(constraint(&error), "domain_name_one_primary");
}

#[tokio::test]
async fn a_domain_gets_a_directory_below_the_base() {
    let (_database, client) = shop().await;
    let sql = "
        BEGIN; SET LOCAL postcote.base_directory = '/var/vmail';
        INSERT INTO postcote.domain (gid) VALUES (71000);
        INSERT INTO postcote.domain_name VALUES ('x.example', 71000, true); COMMIT;
        BEGIN; INSERT INTO postcote.domain (gid) VALUES (71001);
        INSERT INTO postcote.domain_name VALUES ('y.example', 71001, true); COMMIT";
    client.batch_execute(sql).await.unwrap();
    let directories = "SELECT
        (SELECT directory FROM postcote.domain WHERE gid = 71000) ~ '^/var/vmail/[0-9a-z]/71000$',
        (SELECT directory FROM postcote.domain WHERE gid = 71001) ~ '^/srv/mail/[0-9a-z]/71001$'";
    let row = client.query_one(directories, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0) && row.get::<_, bool>(1));
}
