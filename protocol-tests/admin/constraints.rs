//! Every constraint of the schema reads like a refusal.

use std::collections::BTreeSet;

use postcote::mail::Rule;
use postcote::store::constraint;

use crate::support::pg;

/// Constraints by their catalogue, and those that triggers name when they refuse.
#[tokio::test]
async fn every_constraint_of_the_schema_has_a_rule() {
    let database = pg::database();
    let client = database.connect().await;
    let rows = client
        .query(
            "SELECT conname::text FROM pg_constraint
             WHERE connamespace = 'postcote'::regnamespace
               AND contype IN ('c', 'f', 'p', 'u', 'x')
             UNION
             SELECT m[1] FROM pg_proc p,
                 regexp_matches(p.prosrc, 'CONSTRAINT = ''([a-z_]+)''', 'g') AS m
             WHERE pronamespace = 'postcote'::regnamespace
             UNION
             SELECT tgname::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
             WHERE p.prosrc LIKE '%CONSTRAINT = TG_NAME%' AND NOT tgisinternal",
            &[],
        )
        .await
        .unwrap();
    let in_schema: BTreeSet<String> = rows
        .iter()
        .map(|row| row.get::<_, String>(0))
        // The migrations' own table is the migrator's.
        .filter(|name| !name.contains("schema_history"))
        .collect();
    let mapped: BTreeSet<String> = constraint::names().map(str::to_owned).collect();
    let missing: Vec<_> = in_schema.difference(&mapped).collect();
    let stale: Vec<_> = mapped.difference(&in_schema).collect();
    assert!(missing.is_empty(), "add to CONSTRAINTS of store/constraint.rs: {missing:?}");
    assert!(stale.is_empty(), "remove from CONSTRAINTS of store/constraint.rs: {stale:?}");
}

/// What a race between two administrators would run into, played with SQL.
#[tokio::test]
async fn races_read_like_refusals() {
    let database = pg::database();
    let client = database.connect().await;
    client
        .batch_execute(
            "BEGIN;
             INSERT INTO postcote.domain (gid) VALUES (70000);
             INSERT INTO postcote.domain_name VALUES ('shop.example', 70000, true);
             INSERT INTO postcote.domain (gid, kind) VALUES (70001, 'relay');
             INSERT INTO postcote.domain_name VALUES ('relay.example', 70001, true);
             INSERT INTO postcote.account (gid, localpart, password)
                 VALUES (70000, 'anna', '{PLAIN}a');
             INSERT INTO postcote.alias VALUES (70000, 'info', '{anna@shop.example}');
             INSERT INTO postcote.relocated VALUES (70000, 'old', 'new@elsewhere.example');
             COMMIT",
        )
        .await
        .unwrap();
    let account = |gid, localpart| {
        format!(
            "INSERT INTO postcote.account (gid, localpart, password)
             VALUES ({gid}, '{localpart}', '{{PLAIN}}x')"
        )
    };
    let alias = |localpart| {
        format!("INSERT INTO postcote.alias VALUES (70000, '{localpart}', '{{a@b.c}}')")
    };
    let table = [
        (account(70000, "anna"), Rule::AccountExists),
        (account(70000, "info"), Rule::AliasExists),
        (account(70000, "old"), Rule::RelocatedExists),
        (account(70000, "Anna"), Rule::BadValue),
        (account(70001, "anna"), Rule::RelayDomain),
        (account(99999, "anna"), Rule::RelayDomain),
        (alias("anna"), Rule::AccountExists),
        (alias("info"), Rule::AliasExists),
        (
            "INSERT INTO postcote.domain_name VALUES ('shop.example', 70001)".to_owned(),
            Rule::DomainExists,
        ),
        ("DELETE FROM postcote.domain WHERE gid = 70000".to_owned(), Rule::DomainNotEmpty),
    ];
    for (statement, expected) in table {
        let error = client.batch_execute(&statement).await.unwrap_err();
        let refusal = constraint::refusal(&error, "cannot do this").expect(&statement);
        assert_eq!(refusal.rule, expected, "{statement}: {refusal}");
        assert_eq!(refusal.what, "cannot do this");
    }
}
