//! When the sockets appear, and on what they may appear.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use postcote::lookup::Table;
use rustix::process::Signal;

use crate::support::daemon::{Setup, exists, make_daemon_user};
use crate::support::fixture::Fixture;
use crate::support::lines::Lines;
use crate::support::pg;
use crate::support::scratch::Scratch;
use crate::support::site::{self, Site};
use crate::support::supervisor::Supervisor;
use crate::support::terms::wait_for;
use crate::support::wire::Client;

#[tokio::test]
async fn no_socket_opens_before_the_database_was_there() {
    let mut own = pg::dedicated_cluster();
    let url = own.database();
    site::fill(&url, "shop").await;
    own.cluster.stop().unwrap();

    let mut setup = Setup::new(&url);
    setup.tcp_tables = vec![Table::VirtualAliasMaps];
    let daemon = setup.launch();
    let page = wait_for("/readyz", crate::support::daemon::SOON, || daemon.page("/readyz"));
    assert_eq!(page.status, 503, "{}", page.body);
    assert_eq!(daemon.page("/healthz").unwrap().status, 200);
    wait_for("a word about it in the log", crate::support::daemon::SOON, || {
        daemon.log().contains("not listening yet").then_some(())
    });
    assert!(!exists(&daemon.socket()), "a socket is open too early");
    let port = daemon.port("virtual_alias_maps");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());

    own.cluster.restart().unwrap();
    daemon.wait_until_ready();
    let mut client = daemon.client().await;
    let reply = client.lookup(Table::VirtualAliasMaps, "info@shop.example").await;
    assert_eq!(reply, "OK anna@shop.example");
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
}

#[tokio::test]
async fn a_socket_left_behind_by_a_crash_is_replaced() {
    let mut site = Site::new("shop").await;
    site.daemon.signal(Signal::KILL);
    site.daemon.wait_for_end();
    assert!(exists(&site.daemon.socket()), "a killed daemon cannot tidy up");
    assert!(UnixStream::connect(site.daemon.socket()).is_err());

    site.daemon.launch();
    site.daemon.wait_until_ready();
    let mut client = site.daemon.client().await;
    assert_eq!(client.lookup(Table::VirtualMailboxDomains, "shop.example").await, "OK 1");
}

#[tokio::test]
async fn a_second_daemon_on_the_same_socket_gives_up() {
    let site = Site::new("shop").await;
    let mut setup = Setup::new(&site.database.url);
    setup.socket = Some(site.daemon.socket());
    let mut second = setup.launch();
    let status = second.wait_for_end();
    assert!(!status.success());
    assert!(second.log().contains("is in use"), "{}", second.log());
    let mut client = site.daemon.client().await;
    assert_eq!(client.lookup(Table::VirtualMailboxDomains, "shop.example").await, "OK 1");
}

#[tokio::test]
async fn a_file_in_the_way_is_not_removed() {
    let site = Site::new("shop").await;
    let path = site.daemon.config().with_file_name("precious");
    std::fs::write(&path, "data").unwrap();
    let mut setup = Setup::new(&site.database.url);
    setup.socket = Some(path.clone());
    let mut second = setup.launch();
    assert!(!second.wait_for_end().success());
    assert!(second.log().contains("is no socket"), "{}", second.log());
    assert_eq!(std::fs::read_to_string(path).unwrap(), "data");
}

#[tokio::test]
async fn sockets_of_systemd_are_taken_by_their_names() {
    let (fixture, database, scratch) = (Fixture::read("shop"), pg::database(), Scratch::new());
    let client = database.connect().await;
    fixture.load(&client).await;
    make_daemon_user(&client).await;
    let names = ["one", "two", "three"];
    let mut setup = Setup::new(&database.url);
    // In another order than systemd has them.
    setup.listen = ["socketmap two", "dovecot-master three", "dovecot-master one"]
        .map(|pair| pair.split_once(' ').unwrap())
        .map(|(protocol, name)| {
            format!("\n[[listen]]\nprotocol = \"{protocol}\"\naddress = \"systemd:{name}\"\n")
        })
        .concat();
    let daemon = setup.prepare();
    let paths = names.map(|name| scratch.join(name));
    let sockets: Vec<_> = names.into_iter().zip(paths.iter().map(PathBuf::as_path)).collect();
    let mut systemd = Supervisor::new(&daemon, &sockets);
    // Who comes before the daemon waits.
    let mut early = Client::socketmap(&paths[1]).await.unwrap();
    early.send(b"virtual_mailbox_domains shop.example").await.unwrap();
    systemd.start();
    assert_eq!(early.receive().await.unwrap(), b"OK 1");
    for master in [&paths[0], &paths[2]] {
        assert_eq!(Lines::connect(master).hears(), "VERSION\t1\t2");
    }
}
