//! `postcote query` and `postcote explain` ask the running daemon what Postfix would be answered.

use serde_json::Value;

use crate::command::{self, Said, run};
use crate::support::pg;
use crate::support::site::{self, Site};

fn postcote(site: &Site, arguments: &[&str]) -> Said {
    run(command::postcote().arg("--config").arg(site.daemon.config()).args(arguments))
}

fn explain(site: &Site, arguments: &[&str]) -> Value {
    let said = postcote(site, &[&["explain", "--json"], arguments].concat());
    assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.stderr);
    serde_json::from_str(&said.stdout).unwrap()
}

#[tokio::test]
async fn a_query_gives_the_value_and_the_exit_code() {
    let site = Site::new("shop").await;
    for (table, key, code, value) in [
        ("virtual_alias_maps", "info+x@store.example", 0, "anna+x@shop.example\n"),
        ("virtual_alias_maps", "nobody@shop.example", 1, ""),
        ("virtual_mailbox_domains", "BÜCHER.example", 0, "1\n"),
        ("transport_maps", "dora@shop.example", 0, "error:5.2.1 This account is disabled\n"),
        ("virtual_mailbox_maps", "<>", 1, ""),
    ] {
        let said = postcote(&site, &["query", table, key]);
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(code), value),
            "{table} {key}: {}",
            said.stderr
        );
    }
}

#[tokio::test]
async fn an_explanation_shows_loops_and_where_mail_ends() {
    let site = Site::new("loops").await;
    let live: &[&str] = &[];
    for from in [live, &["--from-database"]] {
        let two = explain(&site, &[&["two1@loop.example"], from].concat());
        let expected = ["two1@loop.example", "two2@loop.example", "two1@loop.example"];
        assert_eq!(two["loops"], serde_json::json!([expected]));
        assert_eq!(two["ends"], serde_json::json!([]));

        let hundred = explain(&site, &[&["hop7@loop.example"], from].concat());
        let circle = hundred["loops"][0].as_array().unwrap();
        assert_eq!(circle.len(), 101);
        assert_eq!((&circle[0], &circle[99]), (&circle[100], &Value::from("hop6@loop.example")));

        let exit = explain(&site, &[&["way1@loop.example"], from].concat());
        assert_eq!(exit["loops"].as_array().unwrap().len(), 1);
        assert_eq!(exit["ends"], serde_json::json!(["out@far.example"]));
    }
    let said = postcote(&site, &["explain", "hop7@loop.example"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("hop8@loop.example → hop9@loop.example →"), "{}", said.stdout);
}

#[tokio::test]
async fn an_explanation_and_the_tables_agree() {
    let site = Site::new("shop").await;
    let mut client = site.daemon.client().await;
    for address in [
        "anna@shop.example",
        "Info+Ext@Store.Example",
        "stranger@catch.example",
        "dora@store.example",
        "moved@shop.example",
        "postmaster@example.com",
        "\"a b\"@shop.example",
        "anna@bücher.example",
        "nobody@nowhere.example",
    ] {
        let told = explain(&site, &[address]);
        assert_eq!(told, explain(&site, &[address, "--from-database"]), "{address}");
        for row in told["tables"].as_array().unwrap() {
            let (table, key) = (row["table"].as_str().unwrap(), row["key"].as_str().unwrap());
            let reply = client.ask(format!("{table} {key}").as_bytes()).await.unwrap();
            let reply = crate::support::wire::text(&reply);
            let expected = match row["value"].as_str() {
                Some(value) => format!("OK {value}"),
                None => "NOTFOUND".to_owned(),
            };
            assert_eq!(reply, expected, "{address}: {table} {key}");
        }
    }
}

/// (address, the steps that are about senders).
const SENDERS: &[(&str, &[&str])] = &[
    (
        "Sales-North+x@store.example",
        &[
            "`edna@shop.example` may send as it: `*` was granted, but may not send now",
            "`boss@club.example` may send as it: `*` was granted",
            "`bert@shop.example` may send as it: `sales-*` was granted",
        ],
    ),
    (
        "team@shop.example",
        &["may write to it: `members`, `boss@club.example`, `vip-*@far.example`"],
    ),
    ("boss@club.example", &[]),
];

#[tokio::test]
async fn an_explanation_says_where_the_right_to_send_comes_from() {
    let site = Site::new("senders").await;
    for (address, expected) in SENDERS {
        let told = explain(&site, &[address]);
        let steps = told["steps"].as_array().unwrap();
        let says: Vec<_> = steps.iter().map(|step| step["says"].as_str().unwrap()).collect();
        for one in *expected {
            assert!(says.contains(one), "{address}: {one}\n{says:#?}");
        }
        let is_about = |step: &&Value| step["step"].as_str().unwrap().starts_with("sender");
        assert_eq!(steps.iter().any(|step| is_about(&step)), !expected.is_empty(), "{address}");
    }
}

#[tokio::test]
async fn who_asks_without_a_database_is_told_to_try_again() {
    let mut own = pg::dedicated_cluster();
    let url = own.database();
    site::fill(&url, "shop").await;
    let daemon = crate::support::daemon::Setup::new(&url).start();
    let ask = |arguments: &[&str]| {
        run(command::postcote().arg("--config").arg(daemon.config()).args(arguments))
    };
    let known = ["query", "virtual_alias_maps", "info@shop.example"];
    assert_eq!(ask(&known).code, Some(0));
    own.cluster.stop().unwrap();
    assert_eq!(ask(&known).stdout, "anna@shop.example\n", "from memory");
    let said = ask(&["query", "virtual_alias_maps", "team@shop.example"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(75), ""), "{}", said.stderr);
    assert_eq!(ask(&["explain", "--from-database", "team@shop.example"]).code, Some(69));
}
