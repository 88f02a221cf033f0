//! PostgreSQL stops moving without closing anything: the worst kind of outage.

use std::fs;
use std::time::{Duration, Instant};

use postcote::lookup::Table;
use rustix::process::{Pid, Signal, kill_process};

use super::load::{Counts, Load};
use super::{Site, is_temporary, poll};

/// The server's processes, stopped until dropped.
struct Frozen(Vec<Pid>);

impl Frozen {
    /// Stops the postmaster first, so that it starts no more, then its children.
    fn new(site: &Site) -> Self {
        let file = site.own.cluster.directory().join("data/postmaster.pid");
        let text = fs::read_to_string(file).unwrap();
        let postmaster: i32 = text.lines().next().unwrap().trim().parse().unwrap();
        let mut frozen = Self(Vec::new());
        frozen.stop(postmaster);
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
            if parent == Some(postmaster.to_string().as_str()) {
                frozen.stop(process.file_name().to_str().unwrap().parse().unwrap());
            }
        }
        frozen
    }

    fn stop(&mut self, pid: i32) {
        let pid = Pid::from_raw(pid).unwrap();
        // A child may have ended meanwhile.
        if kill_process(pid, Signal::STOP).is_ok() {
            self.0.push(pid);
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        for pid in &self.0 {
            let _ = kill_process(*pid, Signal::CONT);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_database_delays_only_what_was_never_asked() {
    let site = Site::new(|setup| setup.query_timeout = Duration::from_secs(1)).await;
    let mut load = Load::start(&site.daemon.socket(), 8).await;
    load.wait_for(Counts::fresh_found, 20).await;
    let frozen = Frozen::new(&site);
    load.wait_for(Counts::fresh_temporary, 20).await;
    load.wait_for(Counts::warm, 1000).await;
    // The connection was given up by now, so further ones are refused without waiting.
    let mut client = site.daemon.client().await;
    let start = Instant::now();
    let reply = client.lookup(Table::TransportMaps, "user19999@many.example").await;
    assert!(is_temporary(&reply), "{reply}");
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "a refusal took {took:?}");

    drop(frozen);
    let expected = "OK smtp:19999";
    poll(&mut client, Table::TransportMaps, "user19999@many.example", expected, is_temporary).await;
    load.wait_for(Counts::fresh_found, 50).await;
    load.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_question_to_a_hanging_database_waits_as_long_as_configured() {
    let site = Site::new(|setup| setup.query_timeout = Duration::from_secs(1)).await;
    let mut client = site.daemon.client().await;
    assert_eq!(client.lookup(Table::TransportMaps, "user1@many.example").await, "OK smtp:1");
    let frozen = Frozen::new(&site);
    let start = Instant::now();
    let reply = client.lookup(Table::TransportMaps, "user2@many.example").await;
    let took = start.elapsed();
    assert!(is_temporary(&reply), "{reply}");
    let (least, most) = (Duration::from_millis(900), Duration::from_secs(4));
    assert!((least..most).contains(&took), "the reply took {took:?}");
    assert_eq!(client.lookup(Table::TransportMaps, "user1@many.example").await, "OK smtp:1");
    drop(frozen);
    let expected = "OK smtp:2";
    poll(&mut client, Table::TransportMaps, "user2@many.example", expected, is_temporary).await;
}
