//! Gids and uids: two sequences from 70000, never handed out twice, whatever was imported.

use tokio_postgres::Client;

use crate::support::pg;

async fn next(client: &Client) -> (i64, i64) {
    let sql = "SELECT nextval('postcote.domain_gid'), nextval('postcote.account_uid')";
    let row = client.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn import(client: &Client, gid: i64, uid: i64) {
    let sql = format!(
        "BEGIN;
         INSERT INTO postcote.domain (gid) VALUES ({gid});
         INSERT INTO postcote.domain_name VALUES ('d{gid}.example', {gid}, true);
         INSERT INTO postcote.account (uid, gid, localpart, password) VALUES ({uid}, {gid}, 'x', '{{PLAIN}}x');
         COMMIT"
    );
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test]
async fn ids_start_at_70000_independently() {
    let database = pg::database();
    let client = database.connect().await;
    assert_eq!(next(&client).await, (70000, 70000));
    client.batch_execute("SELECT nextval('postcote.account_uid')").await.unwrap();
    assert_eq!(next(&client).await, (70001, 70002));
}

#[tokio::test]
async fn an_imported_id_moves_the_sequence_behind_it() {
    let database = pg::database();
    let client = database.connect().await;
    // The very first number: the sequence stands at it, but has not handed it out.
    import(&client, 70000, 70000).await;
    assert_eq!(next(&client).await, (70001, 70001));
    import(&client, 70500, 71000).await;
    assert_eq!(next(&client).await, (70501, 71001));
    // Below: nothing moves back.
    import(&client, 70100, 70200).await;
    assert_eq!(next(&client).await, (70502, 71002));
    // Far away, and the last one there is.
    import(&client, 3_000_000_000, 4_294_967_293).await;
    assert_eq!(next(&client).await, (3_000_000_001, 4_294_967_294));
}

#[tokio::test]
async fn the_id_of_a_deleted_import_is_not_used_again() {
    let database = pg::database();
    let client = database.connect().await;
    import(&client, 70010, 70020).await;
    let delete = "DELETE FROM postcote.account; DELETE FROM postcote.domain";
    client.batch_execute(delete).await.unwrap();
    assert_eq!(next(&client).await, (70011, 70021));
}

#[tokio::test]
async fn a_used_up_sequence_does_not_start_again() {
    let database = pg::database();
    let client = database.connect().await;
    client.batch_execute("SELECT setval('postcote.domain_gid', 4294967294)").await.unwrap();
    let error = client.batch_execute("SELECT nextval('postcote.domain_gid')").await.unwrap_err();
    let limit = tokio_postgres::error::SqlState::SEQUENCE_GENERATOR_LIMIT_EXCEEDED;
    assert_eq!(error.code(), Some(&limit));
}
