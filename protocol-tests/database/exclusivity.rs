//! Two administrators at the same moment: the second one waits for the first, then is refused or
//! goes on. Each row: what the first does, what the second does meanwhile, and what the second
//! hears if the first commits.

use super::{backend, constraint, shop, until_blocked};

const ROWS: &[(&str, &str, &str)] = &[
    (
        "INSERT INTO postcote.account (gid, localpart, password) VALUES (70000, 'new', '{PLAIN}x')",
        "INSERT INTO postcote.alias (gid, localpart, destinations) VALUES (70000, 'new', '{a@b}')",
        "address_one_kind",
    ),
    (
        "INSERT INTO postcote.relocated VALUES (70000, 'new', 'a@b')",
        "UPDATE postcote.account SET localpart = 'new' WHERE uid = 70001",
        "address_one_kind",
    ),
    (
        "UPDATE postcote.alias SET localpart = 'new' WHERE localpart = 'info'",
        "INSERT INTO postcote.relocated VALUES (70000, 'new', 'a@b')",
        "address_one_kind",
    ),
    (
        "INSERT INTO postcote.account (gid, localpart, password) VALUES (70003, 'new', '{PLAIN}x')",
        "UPDATE postcote.domain SET kind = 'relay' WHERE gid = 70003",
        "account_in_mailbox_domain",
    ),
    (
        "UPDATE postcote.domain SET kind = 'relay' WHERE gid = 70003",
        "INSERT INTO postcote.alias (gid, localpart, destinations) VALUES (70003, 'new', '{a@b}')",
        "alias_in_mailbox_domain",
    ),
    (
        "DELETE FROM postcote.domain WHERE gid = 70003",
        "INSERT INTO postcote.account (gid, localpart, password) VALUES (70003, 'new', '{PLAIN}x')",
        "account_in_mailbox_domain",
    ),
    (
        "INSERT INTO postcote.domain_name VALUES ('new.example', 70000)",
        "INSERT INTO postcote.domain_name VALUES ('new.example', 70001)",
        "domain_name_pkey",
    ),
    // The first exchanges the primary; the second deletes what was a mere alias when it looked.
    (
        "UPDATE postcote.domain_name SET is_primary = (name = 'laden.example') WHERE gid = 70000",
        "DELETE FROM postcote.domain_name WHERE name = 'laden.example'",
        "domain_has_primary",
    ),
    (
        "UPDATE postcote.domain_name SET is_primary = (name = 'laden.example') WHERE gid = 70000",
        "INSERT INTO postcote.domain_name VALUES ('third.example', 70000, true);
         UPDATE postcote.domain_name SET is_primary = false WHERE name = 'shop.example'",
        "domain_name_one_primary",
    ),
];

#[tokio::test]
async fn the_second_is_refused_when_the_first_commits() {
    let (database, observer) = shop().await;
    for (first, second, expected) in ROWS {
        let (one, two) = (database.connect().await, database.connect().await);
        let pid = backend(&two).await;
        one.batch_execute(&format!("BEGIN; {first}")).await.unwrap();
        let second_is_done = tokio::spawn(async move { two.batch_execute(second).await });
        until_blocked(&observer, pid).await;
        one.batch_execute("COMMIT").await.unwrap();
        let error = second_is_done.await.unwrap().expect_err(second);
        assert_eq!(constraint(&error), *expected, "{first}\n{second}");
        restore(&observer).await;
    }
}

#[tokio::test]
async fn the_second_goes_on_when_the_first_rolls_back() {
    let (database, observer) = shop().await;
    for (first, second, _) in &ROWS[..8] {
        let (one, two) = (database.connect().await, database.connect().await);
        let pid = backend(&two).await;
        one.batch_execute(&format!("BEGIN; {first}")).await.unwrap();
        let second_is_done = tokio::spawn(async move { two.batch_execute(second).await });
        until_blocked(&observer, pid).await;
        one.batch_execute("ROLLBACK").await.unwrap();
        second_is_done.await.unwrap().expect(second);
        restore(&observer).await;
    }
}

/// Back to `SHOP`, by the triggers, so the registry is tried as well.
pub(super) async fn restore(client: &tokio_postgres::Client) {
    let tables = "account, alias, relocated, catchall, relay_recipient, default_alias, domain";
    for table in tables.split(", ") {
        client.batch_execute(&format!("DELETE FROM postcote.{table}")).await.unwrap();
    }
    let left = client.query("SELECT FROM postcote.address", &[]).await.unwrap();
    assert!(left.is_empty(), "the registry kept {} addresses", left.len());
    client.batch_execute(super::SHOP).await.unwrap();
}

#[tokio::test]
async fn truncate_empties_the_registry_of_its_kind() {
    let (_database, client) = shop().await;
    client.batch_execute("TRUNCATE postcote.alias").await.unwrap();
    let insert = "INSERT INTO postcote.relocated VALUES (70000, 'info', 'a@b')";
    client.batch_execute(insert).await.unwrap();
    client.batch_execute("TRUNCATE postcote.domain CASCADE").await.unwrap();
    assert!(client.query("SELECT FROM postcote.address", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_accounts_exchange_their_addresses_in_one_statement() {
    let (_database, client) = shop().await;
    // A unique constraint that is not deferrable looks at each row, so one makes room first.
    let swap = "
        BEGIN;
        UPDATE postcote.account SET localpart = 'x' WHERE uid = 70000;
        UPDATE postcote.account SET localpart = 'anna' WHERE uid = 70001;
        UPDATE postcote.account SET localpart = 'bert' WHERE uid = 70000;
        COMMIT";
    client.batch_execute(swap).await.unwrap();
    let registry = "SELECT localpart FROM postcote.address WHERE gid = 70000 AND kind = 'account'
                    ORDER BY localpart";
    let rows = client.query(registry, &[]).await.unwrap();
    let names: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(names, ["anna", "bert"]);
}
