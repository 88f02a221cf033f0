//! The rows of the two views, as the daemon gets them.

use super::shop;

/// (statements on the data of `SHOP`, which row, the columns to look at, their values).
const ROWS: &[(&str, &str, &str, &str)] = &[
    (
        "",
        "directory_domain WHERE name = 'laden.example'",
        "name, primary_name, gid, kind, enabled, transport, services, quota_bytes, quota_messages,
         directory ~ '^/srv/mail/[0-9a-z]/70000$', catchall, has_recipient_list",
        "(laden.example,shop.example,70000,mailbox,t,,\"{imap,pop3,sieve,smtp}\",0,0,t,{anna@shop.example},f)",
    ),
    (
        "",
        "directory_domain WHERE name = 'relay.example'",
        "kind, catchall, has_recipient_list",
        "(relay,,t)",
    ),
    (
        "DELETE FROM postcote.relay_recipient",
        "directory_domain WHERE name = 'relay.example'",
        "has_recipient_list",
        "(f)",
    ),
    (
        "UPDATE postcote.domain SET directory = '/d'",
        "directory_entry WHERE (gid, localpart) = (70000, 'anna')",
        "gid, localpart, kind, uid, home, mailbox_format, mailbox_root, password, services,
         quota_bytes, quota_messages, transport, may_login, may_receive, may_send, suspend_reason,
         suspended_until, expires_at, moving, forwards, keep_copy, destinations, enabled, new_address",
        "(70000,anna,account,70000,/d/70000,maildir,Maildir,{PLAIN}a,,,,,t,t,t,,,,f,,t,,,)",
    ),
    (
        "UPDATE postcote.account SET home = '/h', services = '{}', quota_bytes = 1, quota_messages = 2,
             transport = ':', may_login = false, suspend_reason = 'r', forwards = '{a@b}',
             keep_copy = false, mailbox_format = 'mdbox', mailbox_root = 'm'",
        "directory_entry WHERE uid = 70002",
        "home, mailbox_format, mailbox_root, services, quota_bytes, quota_messages, transport, may_login,
         suspend_reason, forwards, keep_copy",
        "(/h,mdbox,m,{},1,2,:,f,r,{a@b},f)",
    ),
    (
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home, state)
         VALUES ('move', 70000, 70000, 'anna@shop.example', '/a', '/b', 'pending')",
        "directory_entry WHERE uid = 70000",
        "moving, moving_until - now()",
        "(t,\"1 day\")",
    ),
    (
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home, created_at)
         VALUES ('move', 70000, 70000, 'anna@shop.example', '/a', '/b', now() - interval '1 day')",
        "directory_entry WHERE uid = 70000",
        "moving, moving_until - now()",
        "(f,00:00:00)",
    ),
    (
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home, state)
         VALUES ('move', 70000, 70000, 'anna@shop.example', '/a', '/b', 'failed')",
        "directory_entry WHERE uid = 70000",
        "moving, moving_until",
        "(f,)",
    ),
    (
        "",
        "directory_entry WHERE (gid, localpart) = (0, 'postmaster')",
        "kind, destinations, enabled, expires_at",
        "(alias,{x@y},t,)",
    ),
    (
        "INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home, new_home, state)
         VALUES ('move', 70000, 70000, 'anna@shop.example', '/a', '/b', 'done');
         INSERT INTO postcote.mailbox_order (kind, uid, gid, address, home)
         VALUES ('delete', 70000, 70000, 'anna@shop.example', '/a')",
        "directory_entry WHERE uid = 70000",
        "moving",
        "(f)",
    ),
    (
        "UPDATE postcote.alias SET enabled = false, expires_at = 'infinity'",
        "directory_entry WHERE (gid, localpart) = (70000, 'info')",
        "kind, uid, home, password, may_login, moving, keep_copy, destinations, enabled, expires_at,
         new_address",
        "(alias,,,,,,,\"{anna@shop.example,bert@shop.example}\",f,infinity,)",
    ),
    (
        "",
        "directory_entry WHERE (gid, localpart) = (70000, 'old')",
        "kind, uid, destinations, enabled, new_address",
        "(relocated,,,,new@elsewhere.example)",
    ),
    (
        "",
        "directory_entry WHERE (gid, localpart) = (70002, 'known')",
        "kind, uid, destinations, enabled, new_address",
        "(relay_recipient,,,,)",
    ),
    (
        "UPDATE postcote.domain SET sending_limits = '{\"bytes-per-day\": 1}',
             account_sending_limits = '{\"bytes-per-day\": null}';
         INSERT INTO postcote.sender_grant (uid, gid, localpart) VALUES (70000, 70000, 'x*')",
        "directory_domain WHERE name = 'laden.example'",
        "sending_limits->'bytes-per-day', account_sending_limits->'bytes-per-day',
         sender_grants = '[{\"localpart\": \"info\", \"login\": \"anna@club.example\"},
                           {\"localpart\": \"x*\", \"login\": \"anna@shop.example\"}]'",
        "(1,null,t)",
    ),
    ("", "directory_domain WHERE name = 'club.example'", "sending_limits, sender_grants", "(,)"),
    (
        "UPDATE postcote.account SET sending_limits = '{\"bytes-per-day\": 1}';
         UPDATE postcote.app_password SET sending_limits = '{\"bytes-per-day\": 2}'",
        "directory_entry WHERE uid = 70001",
        "sending_limits->'bytes-per-day', app_passwords->0->'sending'->'bytes-per-day', senders",
        "(1,2,)",
    ),
    (
        "UPDATE postcote.alias SET senders = '{members}'",
        "directory_entry WHERE (gid, localpart) = (70000, 'info')",
        "sending_limits, senders",
        "(,{members})",
    ),
    (
        "UPDATE postcote.default_alias SET senders = '{domain}'",
        "directory_entry WHERE (gid, localpart) = (0, 'postmaster')",
        "sending_limits, senders",
        "(,{domain})",
    ),
];

#[tokio::test]
async fn a_row_answers_one_question() {
    let (_database, client) = shop().await;
    for (sql, row, columns, expected) in ROWS {
        client.batch_execute(&format!("BEGIN; {sql}")).await.unwrap();
        let select = format!("SELECT ROW({columns})::text FROM postcote.{row}");
        let got: String = client.query_one(&select, &[]).await.expect(&select).get(0);
        client.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(got, *expected, "{sql}\n{row}");
    }
}

/// The columns are the contract with the daemon.
#[tokio::test]
async fn the_views_have_these_columns() {
    let (_database, client) = shop().await;
    let sql = "SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum)
               FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0";
    let rows = [
        (
            "directory_domain",
            "name text, primary_name text, gid bigint, kind text, enabled boolean, transport text, \
             services text[], quota_bytes bigint, quota_messages bigint, directory text, \
             catchall text[], has_recipient_list boolean, sending_limits jsonb, \
             account_sending_limits jsonb, sender_grants jsonb",
        ),
        (
            "directory_entry",
            "gid bigint, localpart text, kind text, uid bigint, home text, mailbox_format text, \
             mailbox_root text, password text, services text[], quota_bytes bigint, \
             quota_messages bigint, transport text, may_login boolean, may_receive boolean, \
             may_send boolean, suspend_reason text, suspended_until timestamp with time zone, \
             expires_at timestamp with time zone, moving boolean, forwards text[], \
             keep_copy boolean, destinations text[], enabled boolean, new_address text, \
             moving_until timestamp with time zone, app_passwords jsonb, \
             sending_limits jsonb, senders text[]",
        ),
        ("directory_change", "xid xid8, name text, gid bigint, localpart text"),
        ("directory_change_floor", "xid xid8, history text"),
    ];
    for (view, expected) in rows {
        let row = client.query_one(sql, &[&format!("postcote.{view}")]).await.unwrap();
        assert_eq!(row.get::<_, &str>(0), expected, "{view}");
    }
}

/// No view may show a name or a note.
#[tokio::test]
async fn no_view_reads_names_and_notes_of_accounts() {
    let (_database, client) = shop().await;
    let sql = "SELECT d.refobjid::regclass || '.' || a.attname
               FROM pg_rewrite r
               JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
               JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
               WHERE d.refobjid IN ('postcote.account'::regclass, 'postcote.domain'::regclass,
                                    'postcote.alias'::regclass, 'postcote.relocated'::regclass)
                 AND a.attname IN ('name', 'note')";
    assert!(client.query(sql, &[]).await.unwrap().is_empty());
}
