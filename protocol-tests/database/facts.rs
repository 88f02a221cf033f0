//! What the database says becomes what rules decide by, and what cannot be understood is unsure.

use postcote::daemon;
use postcote::directory::{Directory, EntryKey};
use postcote::mail::{DomainName, Entry, Gid, Localpart};
use postcote::store::{PgDirectory, Role};

use super::shop;
use crate::support::fixture::Fixture;
use crate::support::pg::{self, TestDatabase};

async fn directory(database: &TestDatabase<'_>) -> PgDirectory {
    let mut config = postcote::config::Config::default();
    config.database.url = database.url.clone().into();
    PgDirectory::open(daemon::link(&config, Role::Lookups).unwrap()).await.unwrap()
}

fn name(text: &str) -> DomainName {
    DomainName::parse(text).unwrap()
}

fn key(gid: u32, localpart: &str) -> EntryKey {
    EntryKey { gid: Gid(gid), localpart: Localpart::from_internal(localpart).unwrap() }
}

#[tokio::test]
async fn facts_are_read_as_they_were_written() {
    let fixture = Fixture::read("senders");
    let database = pg::database();
    fixture.load(&database.connect().await).await;
    let (stored, meant) = (directory(&database).await, fixture.directory());
    for domain in ["shop.example", "store.example", "club.example", "gone.example"] {
        let domain = name(domain);
        let (stored, meant) = (stored.domain(&domain).await, meant.domain(&domain).await);
        assert_eq!(stored.unwrap().unwrap(), meant.unwrap().unwrap(), "{domain}");
    }
    for localpart in ["anna", "bert", "info", "team"] {
        let key = key(70000, localpart);
        let (stored, meant) = (stored.entry(&key).await, meant.entry(&key).await);
        assert_eq!(stored.unwrap().unwrap(), meant.unwrap().unwrap(), "{localpart}");
    }
}

/// (what was written when the rules of the schema were others, whether the domain can be
/// understood, whether anna, whether info).
const ROWS: &[(&str, bool, bool, bool)] = &[
    ("", true, true, true),
    ("UPDATE postcote.domain SET sending_limits = '{\"messages-per-week\": 1}'", false, true, true),
    ("UPDATE postcote.domain SET account_sending_limits = '[1]'", false, true, true),
    (
        "UPDATE postcote.account SET sending_limits = '{\"messages-per-day\": -1}'",
        true,
        false,
        true,
    ),
    (
        "UPDATE postcote.account SET sending_limits = '{\"messages-per-day\": 1.5}'",
        true,
        false,
        true,
    ),
    ("UPDATE postcote.alias SET senders = '{members,nobody}'", true, true, false),
    ("UPDATE postcote.sender_grant SET localpart = ''", true, true, true),
];

#[tokio::test]
async fn what_cannot_be_understood_is_unsure() {
    let (database, client) = shop().await;
    let without = "ALTER TABLE postcote.account DROP CONSTRAINT account_sending_limits_valid;
        ALTER TABLE postcote.domain DROP CONSTRAINT domain_sending_limits_valid,
            DROP CONSTRAINT domain_account_sending_limits_valid;
        ALTER TABLE postcote.app_password DROP CONSTRAINT app_password_sending_limits_valid;
        ALTER TABLE postcote.alias DROP CONSTRAINT alias_senders_valid;
        ALTER TABLE postcote.sender_grant DROP CONSTRAINT sender_grant_localpart_valid;";
    client.batch_execute(without).await.unwrap();
    let directory = directory(&database).await;
    let heal = "UPDATE postcote.domain SET sending_limits = NULL, account_sending_limits = NULL;
        UPDATE postcote.account SET sending_limits = NULL;
        UPDATE postcote.alias SET senders = NULL;";
    for (sql, domain, anna, info) in ROWS {
        client.batch_execute(heal).await.unwrap();
        client.batch_execute(sql).await.unwrap();
        let understood = (
            directory.domain(&name("shop.example")).await.is_ok(),
            directory.entry(&key(70000, "anna")).await.is_ok(),
            directory.entry(&key(70000, "info")).await.is_ok(),
        );
        assert_eq!(understood, (*domain, *anna, *info), "{sql}");
    }
    // A grant that cannot be understood gives nothing away; the others still do.
    let more =
        "INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES (70001, 70000, 'x*')";
    client.batch_execute(more).await.unwrap();
    let shop = directory.domain(&name("shop.example")).await.unwrap().unwrap();
    let granted: Vec<String> =
        shop.sending.grants.iter().map(|one| format!("{} {}", one.localpart, one.login)).collect();
    assert_eq!(granted, ["x* bert@shop.example"]);
    // An app password whose limits nobody can hold to lets nobody in.
    for (limits, left) in [("{\"bytes-per-day\": 1}", 1), ("{\"bytes-per-day\": {}}", 0)] {
        let sql = format!("UPDATE postcote.app_password SET sending_limits = '{limits}'");
        client.batch_execute(&sql).await.unwrap();
        let entry = directory.entry(&key(70000, "bert")).await.unwrap().unwrap();
        let Entry::Account(bert) = &*entry else { panic!("bert is an account") };
        assert_eq!(bert.app_passwords.len(), left, "{limits}");
    }
}
