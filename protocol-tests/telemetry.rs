//! What an operator sees: metrics as they are declared, and a log that tells no secret.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use postcote::lookup::Table;
use postcote::mail::policy::PolicyRule;
use postcote::telemetry::metrics;
use rustix::process::Signal;

use crate::support::daemon::{Daemon, SOON};
use crate::support::site::Site;
use crate::support::terms::wait_for;

/// Makes at least one event of each kind that a peer can cause.
async fn cause_events(daemon: &Daemon) {
    let mut client = daemon.client().await;
    assert_eq!(client.lookup(Table::VirtualAliasMaps, "tcp-fits@size.example").await.len(), 4094);
    assert_eq!(client.lookup(Table::VirtualAliasMaps, "tcp-fits@size.example").await.len(), 4094);
    assert_eq!(client.lookup(Table::VirtualAliasMaps, "nobody@size.example").await, "NOTFOUND");
    let over = client.lookup(Table::VirtualAliasMaps, "socketmap-over@size.example").await;
    assert!(over.starts_with("TEMP "));
    assert_eq!(client.lookup(Table::TransportMaps, "nobody@size.example").await, "NOTFOUND");
    let mut rude = daemon.client().await;
    rude.send_raw(b"rude").await.unwrap();
    rude.rest().await.unwrap();
    daemon.wait_for_metric("postcote_malformed_requests_total{peer=\"socketmap\"}", 1);
}

#[tokio::test]
async fn metrics_are_exposed_as_they_are_declared() {
    let site = Site::new("sizes").await;
    cause_events(&site.daemon).await;
    let page = site.daemon.page("/metrics").unwrap();
    assert_eq!(page.status, 200);
    let lines: BTreeSet<_> = page.body.lines().collect();
    // This daemon leaves orders to others and does not look at the queue.
    let of_workers = ["postcote_orders_pending", "postcote_orders_failed"];
    // A histogram is there from its first value on, and nobody asks about policy.
    let unused = ["postcote_policy_duration_seconds"];
    for (name, kind, help) in metrics::ALL {
        if of_workers.contains(name) || unused.contains(name) {
            assert!(!page.body.contains(name), "{name}");
            continue;
        }
        let help = format!("# HELP {name} {}", help.trim());
        assert!(lines.contains(help.as_str()), "{help}\nis not in\n{}", page.body);
        let kind = format!("# TYPE {name} {kind}");
        assert!(lines.contains(kind.as_str()), "{kind}\nis not in\n{}", page.body);
    }
    let build = format!("postcote_build_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    assert!(lines.contains(build.as_str()), "{build}");
    for sample in lines.iter().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        check_sample(sample);
    }
}

/// Who connects: one for each kind of socket.
const PEERS: [&str; 8] = [
    "control",
    "courier_auth",
    "dovecot_auth",
    "dovecot_dict",
    "dovecot_master",
    "policy",
    "socketmap",
    "tcp_table",
];
/// What comes of a login.
const LOGINS: [&str; 7] = [
    "ok",
    "account_disabled",
    "service_disabled",
    "temporary",
    "too_many",
    "unknown_user",
    "wrong_password",
];

/// A sample belongs to a metric, its value is a number, its labels have values known in advance.
fn check_sample(sample: &str) {
    let (series, value) = sample.rsplit_once(' ').unwrap();
    assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{sample}");
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
    let declared = |name: &str| metrics::ALL.iter().any(|(known, ..)| *known == name);
    let known = declared(name) || base.is_some_and(declared) || name == "postcote_build_info";
    assert!(known, "{sample} belongs to no metric that is declared");
    for label in labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()) {
        let (label, value) = label.split_once('=').unwrap();
        let value = value.trim_matches('"');
        let closed = match label {
            "table" => Table::parse(value).is_some(),
            "outcome" if name == "postcote_orders_total" => {
                ["done", "postponed", "failed"].contains(&value)
            }
            "outcome" if name == "postcote_logins_total" => LOGINS.contains(&value),
            "outcome" => ["found", "not_found", "temporary", "misconfigured"].contains(&value),
            "kind" => ["create", "delete", "delete-domain", "move"].contains(&value),
            "answer" => ["dunno", "refused", "deferred"].contains(&value),
            "rule" => PolicyRule::parse(value).is_some(),
            "verdict" => ["pass", "refused", "unknown", "would_refuse"].contains(&value),
            "peer" => PEERS.contains(&value),
            "cached" => ["domain", "entry", "wildcard"].contains(&value),
            "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
            "version" => true,
            _ => false,
        };
        assert!(closed, "{sample}: `{label}` is unknown or open-ended");
    }
}

#[tokio::test]
async fn metrics_move_with_what_happens() {
    let site = Site::new("sizes").await;
    let daemon = &site.daemon;
    let lookups = |table: &str, outcome: &str| {
        daemon.metric(&format!("postcote_lookups_total{{table=\"{table}\",outcome=\"{outcome}\"}}"))
    };
    assert_eq!(lookups("virtual_alias_maps", "found"), 0);
    cause_events(daemon).await;
    assert_eq!(lookups("virtual_alias_maps", "found"), 2);
    assert_eq!(lookups("virtual_alias_maps", "not_found"), 1);
    assert_eq!(lookups("virtual_alias_maps", "temporary"), 1);
    assert_eq!(lookups("transport_maps", "not_found"), 1);
    assert_eq!(lookups("relocated_maps", "not_found"), 0);
    let table = |name| format!("postcote_oversized_answers_total{{table=\"{name}\"}}");
    assert_eq!(daemon.metric(&table("virtual_alias_maps")), 1);
    assert_eq!(daemon.metric("postcote_lookup_duration_seconds_count"), 5);
    // One domain, three addresses, and for the stranger a default alias and `+`; then all was known.
    assert_eq!(daemon.metric("postcote_cache_misses_total{cached=\"domain\"}"), 1);
    assert_eq!(daemon.metric("postcote_cache_misses_total{cached=\"entry\"}"), 5);
    assert!(daemon.metric("postcote_cache_hits_total{cached=\"entry\"}") >= 2);
    // Sizes are published every few seconds.
    daemon.wait_for_metric("postcote_cache_entries{cached=\"entry\"}", 2);
    daemon.wait_for_metric("postcote_cache_unknown{cached=\"entry\"}", 3);
    assert_eq!(daemon.metric("postcote_connections_total{peer=\"socketmap\"}"), 2);
    daemon.wait_for_metric("postcote_connections_open{peer=\"socketmap\"}", 0);
    assert_eq!(daemon.metric("postcote_database_up"), 1);
    assert_eq!(daemon.metric("postcote_database_lost_total"), 0);

    let database = site.database.connect().await;
    let change = "UPDATE postcote.alias SET enabled = false WHERE localpart LIKE 'tcp-%'";
    database.batch_execute(change).await.unwrap();
    daemon.wait_for_metric("postcote_changes_total", 2);
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'postcote lookups'";
    database.batch_execute(end).await.unwrap();
    daemon.wait_for_metric("postcote_database_lost_total", 1);
}

#[tokio::test]
async fn pages_are_what_probes_expect() {
    let site = Site::new("shop").await;
    for (path, status, start) in [
        ("/healthz", 200, "ok"),
        ("/readyz", 200, "ready"),
        ("/metrics", 200, "# HELP "),
        ("/", 404, "try /metrics"),
        ("/metrics/", 404, "try /metrics"),
    ] {
        let page = site.daemon.page(path).unwrap();
        assert_eq!(page.status, status, "{path}");
        assert!(page.body.starts_with(start), "{path}: {}", page.body);
    }
    let mut stream = TcpStream::connect(("127.0.0.1", site.daemon.http())).unwrap();
    stream.write_all(b"DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}

#[tokio::test]
async fn addresses_are_told_on_the_debug_level_only() {
    // Every other daemon of the tests runs on `info`, and its log is searched when it ends.
    let site = Site::with("sizes", |setup| setup.log_level = "debug").await;
    cause_events(&site.daemon).await;
    let log = site.daemon.log();
    assert!(log.contains("tcp-fits@size.example"), "{log}");
    for line in log.lines().filter(|line| !line.contains(" DEBUG ") && !line.contains(" TRACE ")) {
        assert!(!line.contains('@'), "{line}");
    }
}

#[tokio::test]
async fn a_log_for_machines_has_an_object_a_line() {
    let site = Site::with("sizes", |setup| setup.log_format = "json").await;
    cause_events(&site.daemon).await;
    let mut levels = BTreeSet::new();
    for line in site.daemon.log().lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        for field in ["timestamp", "level", "message"] {
            assert!(event[field].is_string(), "no {field} in {line}");
        }
        levels.insert(event["level"].as_str().unwrap().to_owned());
    }
    let expected = ["ERROR", "INFO", "WARN"].map(str::to_owned);
    assert_eq!(levels, BTreeSet::from(expected));
}

#[tokio::test]
async fn sighup_reads_the_log_level_again_and_keeps_what_works() {
    let site = Site::new("shop").await;
    let config = site.daemon.config();
    let text = std::fs::read_to_string(&config).unwrap();
    let reload = |text: &str, said: &str| {
        std::fs::write(&config, text).unwrap();
        site.daemon.signal(Signal::HUP);
        wait_for(said, SOON, || site.daemon.log().contains(said).then_some(()));
    };
    reload(
        &text.replace("level = \"info\"", "level = \"loud\""),
        "the configuration stays as it was",
    );
    reload(
        &text.replace("recipient-delimiter = \"+\"", "recipient-delimiter = \"-\""),
        "[addresses]",
    );
    let mut client = site.daemon.client().await;
    let reply = client.lookup(Table::VirtualAliasMaps, "info+x@shop.example").await;
    assert_eq!(reply, "OK anna+x@shop.example", "what needs a restart waits for one");
    let key = "key=\"shop.example\"";
    assert_eq!(client.lookup(Table::VirtualMailboxDomains, "shop.example").await, "OK 1");
    assert!(!site.daemon.log().contains(key), "{}", site.daemon.log());
    reload(&text.replace("level = \"info\"", "level = \"debug\""), "configuration read again\n");
    assert_eq!(client.lookup(Table::VirtualMailboxDomains, "shop.example").await, "OK 1");
    wait_for(key, SOON, || site.daemon.log().contains(key).then_some(()));
}
