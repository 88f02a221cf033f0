//! PostgreSQL is killed under load, again and again.

use postcote::lookup::Table;

use super::load::{Counts, Load};
use super::{Site, is_temporary, poll};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_never_turns_into_a_no() {
    let mut site = Site::new(|_| ()).await;
    let mut load = Load::start(&site.daemon.socket(), 16).await;
    let mut client = site.daemon.client().await;
    for round in 0..3 {
        load.wait_for(Counts::fresh_found, 50).await;
        site.own.cluster.kill().unwrap();
        load.wait_for(Counts::fresh_temporary, 50).await;
        load.wait_for(Counts::warm, 2000).await;
        let up = site.daemon.metric("postcote_database_up");
        assert_eq!(up, 0, "round {round}: /metrics does not know");
        assert_eq!(site.daemon.page("/readyz").unwrap().status, 200, "it answers from memory");

        site.own.cluster.restart().unwrap();
        load.wait_for(Counts::fresh_found, 50).await;
        let change = format!(
            "UPDATE postcote.account SET transport = 'smtp:round{round}' WHERE localpart = 'user1';
             UPDATE postcote.account SET transport = 'smtp:1' WHERE localpart = 'user1';
             INSERT INTO postcote.alias VALUES (70000, 'made{round}', '{{user1@many.example}}')"
        );
        let made = format!("made{round}@many.example");
        poll(&mut client, Table::VirtualAliasMaps, &made, "NOTFOUND", is_temporary).await;
        site.database().await.batch_execute(&change).await.unwrap();
        let expected = "OK user1@many.example";
        let unchanged = |reply: &str| reply == "NOTFOUND";
        poll(&mut client, Table::VirtualAliasMaps, &made, expected, unchanged).await;
        let up = site.daemon.metric("postcote_database_up");
        assert_eq!(up, 1, "round {round}: /metrics does not know that it is back");
    }
    load.stop().await;
    let log = site.daemon.log();
    assert!(
        log.contains("database lost (lookups)") && log.contains("database lost (feed)"),
        "{log}"
    );
    // A lost database is told, not shouted: some lines a round, whatever the load.
    assert!(log.lines().count() < 100, "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_during_an_outage_opens_no_socket_until_it_is_over() {
    let mut site = Site::new(|_| ()).await;
    site.own.cluster.kill().unwrap();
    site.daemon.signal(rustix::process::Signal::TERM);
    assert!(site.daemon.wait_for_end().success());
    site.daemon.launch();
    let daemon = &site.daemon;
    let soon = crate::support::daemon::SOON;
    let page = crate::support::terms::wait_for("/readyz", soon, || daemon.page("/readyz"));
    assert_eq!(page.status, 503);
    assert!(!crate::support::daemon::exists(&daemon.socket()));
    site.own.cluster.restart().unwrap();
    site.daemon.wait_until_ready();
    let mut client = site.daemon.client().await;
    assert_eq!(client.lookup(Table::TransportMaps, "user7@many.example").await, "OK smtp:7");
}
