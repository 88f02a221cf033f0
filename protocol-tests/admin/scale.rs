//! A command about one account reads nothing as a whole, however large the site is.

use crate::admin::failures::run;
use crate::support::pg::{self, TestDatabase};

/// Each account of the first domains is named by an alias, a few by much more.
const IMPORT: &str = "
    BEGIN;
    INSERT INTO postcote.domain (gid) SELECT 70000 + i FROM generate_series(0, 2999) i;
    INSERT INTO postcote.domain_name (name, gid, is_primary)
        SELECT 'd' || i || '.example', 70000 + i, true FROM generate_series(0, 2999) i;
    INSERT INTO postcote.domain_name (name, gid)
        SELECT 'd' || i || '.test', 70000 + i FROM generate_series(0, 2999) i;
    INSERT INTO postcote.account (gid, localpart, password)
        SELECT 70000 + i % 3000, 'u' || i, '{PLAIN}x' FROM generate_series(1, 30000) i;
    UPDATE postcote.account SET forwards = ARRAY['u' || uid || '@far.example'] WHERE uid % 3 = 0;
    INSERT INTO postcote.alias (gid, localpart, destinations)
        SELECT 70000 + i % 3000, 'a' || i,
               ARRAY['u' || i || '@d' || i % 3000 || '.example', 'postmaster+%d@d1.example']
        FROM generate_series(1, 20000) i;
    UPDATE postcote.alias SET senders = ARRAY['members', 'boss@d' || gid || '.example']
        WHERE localpart LIKE '%7';
    INSERT INTO postcote.sender_grant (uid, gid, localpart)
        SELECT uid, 70000 + uid % 2999, 'sales-*' FROM postcote.account WHERE uid % 3 = 0;
    INSERT INTO postcote.catchall (gid, destinations)
        SELECT 70000 + i, ARRAY['u' || i || '@d' || i || '.example'] FROM generate_series(2, 2999) i;
    INSERT INTO postcote.relocated (gid, localpart, new_address)
        SELECT 70000 + i % 3000, 'r' || i, 'u' || i || '@elsewhere.example'
        FROM generate_series(1, 20000) i;
    INSERT INTO postcote.quota_usage SELECT uid, 1, 1 FROM postcote.account;
    INSERT INTO postcote.last_login SELECT uid, 'imap' FROM postcote.account;
    INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home)
        SELECT 'create', uid, gid, localpart, '/srv/mail/' || uid FROM postcote.account;
    COMMIT";

/// Those that may read all domain names check destinations, which lie in any domain.
const COMMANDS: &[(&str, &[&str])] = &[
    ("account show u77@d77.example --with aliases", &[]),
    ("account find 70077", &[]),
    ("domain show d77.example", &[]),
    ("sender grant u77@d77.example x@d78.example", &[]),
    ("sender list u77@d77.example", &["domain_name"]),
    ("sender revoke u77@d77.example", &[]),
    ("limits set u77@d77.example --messages-per-day 9", &[]),
    ("limits show d77.example", &[]),
    ("account set u77@d77.example --name Jane --quota 2g", &[]),
    ("account suspend u77@d77.example --only login", &[]),
    ("account resume u77@d77.example", &[]),
    ("account rename u77@d77.example jane@d77.example --keep-alias", &[]),
    ("account rename jane@d77.example jane@d78.example", &[]),
    ("account forward jane@d78.example u79@d79.example", &["domain_name"]),
    ("account rename jane@d78.example joe@d78.example", &["domain_name"]),
    ("account delete joe@d78.example --force --delete-directory", &[]),
    ("domain rename d79.example other.example", &["domain_name"]),
];

/// More than any command here needs, less than any large table has.
const MANY: i64 = 500;

#[tokio::test]
async fn commands_about_one_thing_find_it_by_index() {
    let database = pg::database();
    let superuser = database.connect().await;
    superuser.batch_execute(IMPORT).await.unwrap();
    // Once as autovacuum leaves the statistics; before that, a table may look empty.
    superuser.batch_execute("ANALYZE").await.unwrap();
    let mut administrator = database.connect_as("postcote_admin").await;
    for (line, may_read) in COMMANDS {
        let before = rows_read(&database).await;
        run(&mut administrator, line).await.unwrap_or_else(|error| panic!("`{line}`: {error}"));
        let flush = "RESET SESSION AUTHORIZATION; SELECT pg_stat_force_next_flush(); \
                     SET SESSION AUTHORIZATION postcote_admin";
        administrator.batch_execute(flush).await.unwrap();
        for ((table, before), (_, after)) in before.into_iter().zip(rows_read(&database).await) {
            let rows = after - before;
            let allowed = may_read.contains(&table.as_str());
            assert!(allowed || rows < MANY, "`{line}` reads {rows} rows of `{table}`");
        }
    }
}

/// How many rows of each large table were read, by its indexes or as a whole.
async fn rows_read(database: &TestDatabase<'_>) -> Vec<(String, i64)> {
    let read = "SELECT t.relname::text, \
                    (t.seq_tup_read + (SELECT coalesce(sum(i.idx_tup_read), 0) \
                                       FROM pg_stat_user_indexes i WHERE i.relid = t.relid))::bigint \
                FROM pg_stat_user_tables t \
                WHERE t.schemaname = 'postcote' AND t.n_live_tup > 2000 ORDER BY 1";
    // A connection of its own, for statistics are cached in a transaction.
    let rows = database.connect().await.query(read, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
