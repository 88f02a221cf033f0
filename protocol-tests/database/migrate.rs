//! Applying migrations: once, twice, at the same time, and never over a newer schema.

use postcote::store::migrate::{MigrateError, MigrationName, migrate, status};

use crate::support::pg;

#[tokio::test]
async fn an_empty_database_gets_every_migration_once() {
    let database = pg::empty_database();
    let mut client = database.connect().await;
    let before = status(&client).await.unwrap();
    assert!(before.applied.is_empty() && !before.is_current(), "{before:?}");

    let first = migrate(&mut client).await.unwrap();
    assert_eq!(first.applied, before.pending);
    assert_eq!(first.version, before.pending.last().unwrap().version);

    let second = migrate(&mut client).await.unwrap();
    assert_eq!(second.applied, []);
    assert_eq!(second.version, first.version);
    let after = status(&client).await.unwrap();
    assert_eq!(after.applied, before.pending);
    assert!(after.is_current(), "{after:?}");
}

#[tokio::test]
async fn of_two_migrations_at_the_same_time_the_second_waits() {
    let database = pg::empty_database();
    let (mut one, mut two) = (database.connect().await, database.connect().await);
    let (one, two) = tokio::join!(migrate(&mut one), migrate(&mut two));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.version, two.version);
    assert_ne!(one.applied.is_empty(), two.applied.is_empty(), "{one:?} {two:?}");
}

#[tokio::test]
async fn a_newer_schema_is_left_alone() {
    let database = pg::database();
    let mut client = database.connect().await;
    let insert = "INSERT INTO postcote.schema_history
        SELECT 9999, 'from_the_future', applied_on, '1' FROM postcote.schema_history WHERE version = 1";
    client.batch_execute(insert).await.unwrap();
    let future = MigrationName { version: 9999, name: "from_the_future".to_owned() };
    assert_eq!(status(&client).await.unwrap().newer, [future]);

    let error = migrate(&mut client).await.unwrap_err();
    assert!(matches!(error, MigrateError::Newer(_)), "{error:?}");
    assert!(error.to_string().contains("`V9999__from_the_future`"), "{error}");
    assert!(error.hint().unwrap().contains("newer postcote"));
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let database = pg::database();
    let mut client = database.connect().await;
    let edit = "UPDATE postcote.schema_history SET checksum = '1' WHERE version = 1";
    client.batch_execute(edit).await.unwrap();
    let error = migrate(&mut client).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Changed(name) if name.version == 1), "{error:?}");
}

#[tokio::test]
async fn the_lock_is_given_back_after_a_refusal() {
    let database = pg::database();
    let mut client = database.connect().await;
    let edit = "UPDATE postcote.schema_history SET checksum = '1' WHERE version = 1";
    client.batch_execute(edit).await.unwrap();
    migrate(&mut client).await.unwrap_err();
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(client.query_one(locks, &[]).await.unwrap().get::<_, i64>(0), 0);
}
