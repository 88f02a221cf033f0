//! A grant shows the login of an account elsewhere: whatever changes that at the same moment is seen
//! by whoever commits later.

use super::{backend, exclusivity, shop, until_blocked};

const GRANT: &str =
    "INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES (70000, 70003, 'x')";

/// (two statements, a name that the second of them has to announce, whichever that is).
const ROWS: &[(&str, &str, &str)] = &[
    (GRANT, "UPDATE postcote.account SET localpart = 'new' WHERE uid = 70000", "bare.example"),
    (
        GRANT,
        "UPDATE postcote.account SET gid = 70001, localpart = 'new' WHERE uid = 70000",
        "bare.example",
    ),
    (
        GRANT,
        "UPDATE postcote.domain_name SET name = 'new.example' WHERE name = 'shop.example'",
        "bare.example",
    ),
    // The account that has a grant in shop.example comes into a domain that gets another name.
    (
        "UPDATE postcote.account SET gid = 70003 WHERE uid = 70002",
        "UPDATE postcote.domain_name SET name = 'new.example' WHERE name = 'bare.example'",
        "shop.example",
    ),
];

#[tokio::test]
async fn a_login_that_changes_meanwhile_is_not_missed() {
    let (database, observer) = shop().await;
    for (one, two, expected) in ROWS {
        for (first, second) in [(one, two), (two, one)] {
            let (a, b) = (database.connect().await, database.connect().await);
            let pid = backend(&b).await;
            a.batch_execute(&format!("BEGIN; {first}")).await.unwrap();
            let task = tokio::spawn(async move {
                b.batch_execute(&format!("BEGIN; {second}")).await.unwrap();
                let sql = "SELECT coalesce(string_agg(DISTINCT name, ' '), '')
                           FROM postcote.change WHERE xid = pg_current_xact_id()";
                let names: String = b.query_one(sql, &[]).await.unwrap().get(0);
                b.batch_execute("ROLLBACK").await.unwrap();
                names
            });
            until_blocked(&observer, pid).await;
            a.batch_execute("COMMIT").await.unwrap();
            let names = task.await.unwrap();
            assert!(names.contains(expected), "{first}\n{second}\nannounced {names}");
            exclusivity::restore(&observer).await;
        }
    }
}
