//! Who may do what, on the schema as migrated and on a cluster prepared by a DBA.

use std::path::Path;
use std::process::Command;

use postcote::store::migrate::{MigrateError, migrate, status};

use super::{is_denied, shop};
use crate::support::pg;

/// (role, statement, whether it may).
const ROWS: &[(&str, &str, bool)] = &[
    ("postcote_reader", "SELECT * FROM postcote.directory_domain", true),
    ("postcote_reader", "SELECT * FROM postcote.directory_entry", true),
    ("postcote_reader", "SELECT * FROM postcote.directory_change", true),
    ("postcote_reader", "SELECT * FROM postcote.directory_change_floor", true),
    ("postcote_reader", "SELECT * FROM postcote.schema_history", true),
    ("postcote_reader", "SELECT postcote.prune_changes('1 day')", true),
    (
        "postcote_reader",
        "INSERT INTO postcote.quota_usage AS q VALUES (70000, 5, 1)
         ON CONFLICT (uid) DO UPDATE SET bytes = q.bytes + excluded.bytes",
        true,
    ),
    ("postcote_reader", "UPDATE postcote.quota_usage SET bytes = 0", true),
    ("postcote_reader", "DELETE FROM postcote.quota_usage", true),
    (
        "postcote_reader",
        "INSERT INTO postcote.last_login VALUES (70000, 'imap')
         ON CONFLICT (uid, service) DO UPDATE SET at = excluded.at",
        true,
    ),
    ("postcote_reader", "SELECT * FROM postcote.last_login", true),
    (
        "postcote_reader",
        "INSERT INTO postcote.app_password_use SELECT 1, now() WHERE false",
        true,
    ),
    (
        "postcote_reader",
        "INSERT INTO postcote.journal_position VALUES ('j', 1)
         ON CONFLICT (journal) DO UPDATE SET position = excluded.position",
        true,
    ),
    ("postcote_reader", "DELETE FROM postcote.journal_position", true),
    (
        "postcote_reader",
        "INSERT INTO postcote.sent AS s VALUES ('account', 70000, 1, 1, 1, 1, 1, 1)
         ON CONFLICT (kind, id, minute, writer) DO UPDATE SET messages = s.messages",
        true,
    ),
    ("postcote_reader", "DELETE FROM postcote.sent", true),
    ("postcote_reader", "SELECT * FROM postcote.sent_reset", true),
    ("postcote_reader", "INSERT INTO postcote.sent_reset VALUES ('account', 1, 1)", false),
    ("postcote_reader", "DELETE FROM postcote.sent_reset", false),
    (
        "postcote_reader",
        "INSERT INTO postcote.sent_to VALUES (70000, 1, now());
         UPDATE postcote.sent_to SET last_on = now();
         DELETE FROM postcote.sent_to",
        true,
    ),
    (
        "postcote_reader",
        "INSERT INTO postcote.greylist VALUES (1, now()); DELETE FROM postcote.greylist;
         INSERT INTO postcote.greylist_client VALUES ('192.0.2.0/24', 1, now());
         DELETE FROM postcote.greylist_client",
        true,
    ),
    ("postcote_admin", "INSERT INTO postcote.sent_reset VALUES ('account', 1, 1)", true),
    ("postcote_admin", "DELETE FROM postcote.sent_reset", true),
    ("postcote_admin", "SELECT * FROM postcote.sent", true),
    ("postcote_reader", "SELECT * FROM postcote.app_password", false),
    ("postcote_reader", "SELECT postcote.rehash_password(70000, 'a', 'b')", false),
    ("postcote_admin", "SELECT postcote.rehash_password(70000, 'a', 'b')", true),
    ("postcote_reader", "SELECT * FROM postcote.sender_grant", false),
    ("postcote_reader", "SELECT postcote.hold_domains_of('{70000}')", false),
    (
        "postcote_admin",
        "INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES (70000, 70001, '*');
         UPDATE postcote.account SET localpart = 'new' WHERE uid = 70000;
         UPDATE postcote.domain_name SET name = 'new.example' WHERE name = 'shop.example';
         DELETE FROM postcote.sender_grant",
        true,
    ),
    ("postcote_reader", "LISTEN postcote", true),
    ("postcote_reader", "SELECT name FROM postcote.account", false),
    ("postcote_reader", "SELECT note FROM postcote.account", false),
    ("postcote_reader", "SELECT uid FROM postcote.account", false),
    ("postcote_reader", "SELECT note FROM postcote.domain", false),
    ("postcote_reader", "SELECT * FROM postcote.alias", false),
    ("postcote_reader", "SELECT * FROM postcote.change", false),
    ("postcote_reader", "INSERT INTO postcote.change DEFAULT VALUES", false),
    ("postcote_reader", "DELETE FROM postcote.directory_change", false),
    ("postcote_reader", "DELETE FROM postcote.alias", false),
    ("postcote_reader", "SELECT * FROM postcote.mailbox_order", false),
    ("postcote_reader", "SELECT nextval('postcote.account_uid')", false),
    ("postcote_reader", "SELECT postcote.announce_names('{70000}')", false),
    ("postcote_reader", "TRUNCATE postcote.quota_usage", false),
    ("postcote_reader", "CREATE TABLE postcote.mine ()", false),
    ("postcote_reader", "DELETE FROM postcote.schema_history", false),
    (
        "postcote_admin",
        "INSERT INTO postcote.domain (kind) VALUES ('mailbox');
         INSERT INTO postcote.domain_name VALUES
             ('new.example', currval('postcote.domain_gid'), true)",
        true,
    ),
    (
        "postcote_admin",
        "INSERT INTO postcote.domain (gid) VALUES (75000);
         INSERT INTO postcote.domain_name VALUES ('new.example', 75000, true);
         INSERT INTO postcote.account (uid, gid, localpart, password) VALUES (75000, 75000, 'x', '{PLAIN}x');
         UPDATE postcote.account SET localpart = 'y' WHERE uid = 75000;
         DELETE FROM postcote.account WHERE uid = 75000;
         DELETE FROM postcote.domain WHERE gid = 75000",
        true,
    ),
    (
        "postcote_admin",
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home)
         VALUES ('create', 70000, 70000, 'anna@shop.example', '/srv/mail/a')",
        true,
    ),
    ("postcote_admin", "UPDATE postcote.alias SET enabled = false", true),
    ("postcote_admin", "DELETE FROM postcote.catchall", true),
    ("postcote_admin", "DELETE FROM postcote.relocated", true),
    ("postcote_admin", "DELETE FROM postcote.relay_recipient", true),
    ("postcote_admin", "DELETE FROM postcote.quota_usage", true),
    ("postcote_admin", "SELECT * FROM postcote.address", true),
    ("postcote_admin", "SELECT * FROM postcote.change", true),
    ("postcote_admin", "SELECT * FROM postcote.directory_entry", true),
    ("postcote_admin", "SELECT postcote.prune_changes('1 day')", true),
    ("postcote_admin", "SELECT setval('postcote.account_uid', 70000)", false),
    ("postcote_admin", "TRUNCATE postcote.alias", false),
    ("postcote_admin", "INSERT INTO postcote.address VALUES (70000, 'x', 'alias')", false),
    ("postcote_admin", "DELETE FROM postcote.address", false),
    ("postcote_admin", "DELETE FROM postcote.change", false),
    ("postcote_admin", "UPDATE postcote.change_floor SET xid = '3'", false),
    ("postcote_admin", "ALTER TABLE postcote.alias DISABLE TRIGGER ALL", false),
];

#[tokio::test]
async fn each_role_may_do_its_work_and_no_more() {
    let (database, _client) = shop().await;
    for (role, sql, may) in ROWS {
        let client = database.connect_as(role).await;
        let outcome = client.batch_execute(&format!("BEGIN; {sql}; ROLLBACK")).await;
        match outcome {
            Ok(()) => assert!(may, "{role} should not be able to: {sql}"),
            Err(error) => assert!(!may && is_denied(&error), "{role}: {sql}: {error:?}"),
        }
    }
}

#[tokio::test]
async fn other_roles_see_nothing() {
    let (database, client) = shop().await;
    client.batch_execute("CREATE ROLE stranger").await.unwrap();
    let stranger = database.connect_as("stranger").await;
    for relation in ["directory_domain", "directory_entry", "account", "quota_usage"] {
        let error =
            stranger.batch_execute(&format!("TABLE postcote.{relation}")).await.unwrap_err();
        assert!(is_denied(&error), "{relation}: {error:?}");
    }
    client.batch_execute("DROP ROLE stranger").await.unwrap();
}

/// The cluster is one where postcote never was: the copy's own database and roles are removed.
async fn bare_cluster() -> pg::DedicatedCluster {
    let own = pg::dedicated_cluster();
    own.cluster.drop_database("postcote_template").unwrap();
    let client = pg::connect(&own.cluster.url("postgres")).await;
    client.batch_execute("DROP ROLE postcote_reader, postcote_admin").await.unwrap();
    own
}

#[tokio::test]
async fn the_example_prepares_a_cluster_for_an_owner_without_privileges() {
    let own = bare_cluster().await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf-examples/postgresql/roles.sql");
    let output = Command::new(own.cluster.binaries().program("psql"))
        .args(["-X", "-v", "ON_ERROR_STOP=1", "-d", &own.cluster.url("postgres"), "-f"])
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let url = own.cluster.url("postcote");
    let mut owner = pg::connect(&url.replace("postgres@", "postcote_owner@")).await;
    migrate(&mut owner).await.unwrap();
    let daemon = pg::connect(&url.replace("postgres@", "postcote@")).await;
    daemon.batch_execute("TABLE postcote.directory_entry").await.unwrap();
    assert!(status(&daemon).await.unwrap().is_current());
    // The owner is no superuser, so all that the triggers do has to work with its rights.
    owner.batch_execute("CREATE ROLE x").await.unwrap_err();
    let admin = pg::connect(&url).await;
    admin.batch_execute("CREATE ROLE anna LOGIN IN ROLE postcote_admin").await.unwrap();
    let anna = pg::connect(&url.replace("postgres@", "anna@")).await;
    anna.batch_execute(super::SHOP).await.unwrap();
    anna.batch_execute("SELECT postcote.prune_changes('0')").await.unwrap();
}

#[tokio::test]
async fn without_roles_and_the_right_to_make_them_the_example_is_named() {
    let own = bare_cluster().await;
    let superuser = pg::connect(&own.cluster.url("postgres")).await;
    superuser.batch_execute("CREATE ROLE plain LOGIN").await.unwrap();
    superuser.batch_execute("CREATE DATABASE mine").await.unwrap();
    let mut client = pg::connect(&own.cluster.url("mine").replace("postgres@", "plain@")).await;
    let error = migrate(&mut client).await.unwrap_err();
    assert!(error.to_string().contains("permission denied for database mine"), "{error}");
    assert!(error.hint().unwrap().contains("conf-examples/postgresql/roles.sql"));
    superuser.batch_execute("ALTER DATABASE mine OWNER TO plain").await.unwrap();
    let error = migrate(&mut client).await.unwrap_err();
    assert!(matches!(error, MigrateError::Failed { .. }), "{error:?}");
    assert!(error.to_string().contains("role `postcote_reader` does not exist"), "{error}");
    assert!(error.hint().unwrap().contains("conf-examples/postgresql/roles.sql"));
    // All or nothing: the next try starts from the beginning.
    assert_eq!(status(&client).await.unwrap().applied, []);
    superuser.batch_execute("ALTER ROLE plain CREATEROLE").await.unwrap();
    migrate(&mut client).await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let database = pg::empty_database();
    let client = database.connect().await;
    let name = format!("{}_latin", database.name());
    let create = format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1'");
    client.batch_execute(&create).await.unwrap();
    let mut latin = pg::connect(&database.cluster().url(&name)).await;
    let error = migrate(&mut latin).await.unwrap_err();
    assert!(error.to_string().contains("LATIN1"), "{error}");
    assert!(error.hint().unwrap().contains("ENCODING 'UTF8'"));
    drop(latin);
    database.cluster().drop_database(&name).unwrap();
}
