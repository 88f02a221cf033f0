//! Who is let in by name, whatever the permissions of the socket say.

use std::path::Path;

use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_res_uid;

use crate::support::lines::Lines;
use crate::support::scratch::Scratch;
use crate::support::site::Site;
use crate::support::terms::runs_as_root;

/// Debian's `daemon`, as whom nobody runs tests.
const OTHER: u32 = 1;

#[tokio::test]
async fn only_the_users_of_a_list_are_greeted() {
    let scratch = Scratch::new();
    let (ours, theirs) = (scratch.join("ours"), scratch.join("theirs"));
    let own = geteuid().as_raw();
    let section = |path: &Path, users: &str| {
        format!(
            "\n[[listen]]\nprotocol = \"dovecot-master\"\naddress = \"unix:{}\"\nmode = \"0666\"\n\
             users = [{users}]\n",
            path.display()
        )
    };
    let listen = section(&ours, &format!("\"4711\", \"{own}\"")) + &section(&theirs, "\"daemon\"");
    let site = Site::with("shop", |setup| setup.listen = listen).await;
    let refused = "postcote_connections_refused_total{peer=\"dovecot_master\"}";

    assert_eq!(Lines::connect(&ours).hears(), "VERSION\t1\t2");
    assert_eq!(Lines::connect(&theirs).hears(), "", "closed before a word");
    site.daemon.wait_for_metric(refused, 1);
    let told = format!("refused uid {own} pid {}", std::process::id());
    assert!(site.daemon.log().contains(&told), "{}", site.daemon.log());
    if !runs_as_root("only_the_users_of_a_list_are_greeted, as another user") {
        return;
    }
    // In Linux each thread has users of its own, and this one ends with its own.
    let other = std::thread::spawn(move || {
        let uid = Uid::from_raw(OTHER);
        set_thread_res_uid(uid, uid, uid).unwrap();
        (Lines::connect(&ours).hears(), Lines::connect(&theirs).hears())
    });
    assert_eq!(other.join().unwrap(), (String::new(), "VERSION\t1\t2".to_owned()));
    site.daemon.wait_for_metric(refused, 2);
}
