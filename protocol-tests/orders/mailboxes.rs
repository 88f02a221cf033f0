//! Dovecot finds the mailboxes of every format as they were configured.

use super::dovecot::Dovecot;
use super::site::{Site, told};
use crate::support::terms::runs_as_root;

const FOLDERS: &str = "folders = ['Entwürfe', '受信', 'R&D', 'Lists.Dovecot', '100 % ~x']";
const LOGIN: &str = "anna@shop.example";

/// The folders as Dovecot says them where a slash separates levels.
fn configured() -> Vec<String> {
    let names = ["100 % ~x", "Entwürfe", "Lists/Dovecot", "R&D", "受信"];
    names.map(str::to_owned).to_vec()
}

/// These, the inbox, and a level that is no folder by itself.
fn listed() -> Vec<String> {
    let mut all = configured();
    all.extend(["INBOX".to_owned(), "Lists".to_owned()]);
    all.sort();
    all
}

/// (format, where Dovecot looks for mail)
const FORMATS: &[(&str, &str)] =
    &[("maildir", "maildir:~/Maildir"), ("sdbox", "sdbox:~/dbox"), ("mdbox", "mdbox:~/dbox")];

fn settings(format: &str, folders: &str) -> String {
    let root = if format == "maildir" { "Maildir" } else { "dbox" };
    format!("mailbox-format = '{format}'\nmailbox-root = '{root}'\n{folders}")
}

/// All that is below the base directory and is not as it must be.
fn wrong(site: &Site) -> Vec<String> {
    let right = |line: &&str| match line.split_once(' ') {
        Some((head, "." | "?")) => head == "d0711:0:0",
        Some((head, "?/70000")) => head == "d0750:0:70000",
        // Dovecot keeps the file that says how its numbers began from being written to.
        Some((head, path)) if path.contains("/dovecot-uidvalidity.") => head == "f0444:70000:70000",
        Some((head, _)) => ["d0700:70000:70000", "f0600:70000:70000"].contains(&head),
        None => false,
    };
    site.tree().lines().filter(|line| !right(line)).map(str::to_owned).collect()
}

#[tokio::test]
async fn dovecot_lists_what_was_configured() {
    if !runs_as_root("dovecot_lists_what_was_configured") {
        return;
    }
    for (format, location) in FORMATS {
        let site = Site::with_account(&settings(format, FOLDERS));
        let dovecot = Dovecot::start(&site, location).await;
        assert_eq!(told(&site.work().await), ["create done"], "{format}");
        assert_eq!(dovecot.folders(LOGIN, &["-s"]), configured(), "{format}");
        assert_eq!(dovecot.folders(LOGIN, &[]), listed(), "{format}");
        assert_eq!(wrong(&site), [""; 0], "{format}:\n{}", site.tree());
    }
}

#[tokio::test]
async fn dovecot_knows_the_subscriptions_as_its_own() {
    if !runs_as_root("dovecot_knows_the_subscriptions_as_its_own") {
        return;
    }
    let site = Site::with_account(&settings("maildir", FOLDERS));
    let dovecot = Dovecot::start(&site, "maildir:~/Maildir").await;
    site.work_well().await;
    let file = site.home(70000).await.join("Maildir/subscriptions");
    let before = std::fs::read_to_string(&file).unwrap();
    // It lists what it cannot read as it stands, so that alone says little.
    for name in configured() {
        dovecot.doveadm("subscribe", LOGIN, &[&name]);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before, "{name}");
    }
    for name in configured() {
        dovecot.doveadm("unsubscribe", LOGIN, &[&name]);
    }
    assert_eq!(dovecot.folders(LOGIN, &["-s"]), [""; 0]);
}

#[tokio::test]
async fn a_mailbox_in_use_gets_what_it_lacks() {
    if !runs_as_root("a_mailbox_in_use_gets_what_it_lacks") {
        return;
    }
    for (format, location) in FORMATS {
        let site = Site::with_account(&settings(format, "folders = ['受信']"));
        let dovecot = Dovecot::start(&site, location).await;
        site.work_well().await;
        site.configure(&settings(format, FOLDERS));
        site.sql("UPDATE postcote.mailbox_order SET state = 'pending', finished_at = NULL").await;
        site.work_well().await;
        assert_eq!(dovecot.folders(LOGIN, &[]), listed(), "{format}");
        assert_eq!(wrong(&site), [""; 0], "{format}:\n{}", site.tree());
    }
}

#[tokio::test]
async fn unsubscribed_folders_stay_unsubscribed() {
    if !runs_as_root("unsubscribed_folders_stay_unsubscribed") {
        return;
    }
    for (format, location) in FORMATS {
        let folders = format!("{FOLDERS}\nsubscribe = false");
        let site = Site::with_account(&settings(format, &folders));
        let dovecot = Dovecot::start(&site, location).await;
        site.work_well().await;
        assert_eq!(dovecot.folders(LOGIN, &["-s"]), [""; 0], "{format}");
        assert_eq!(dovecot.folders(LOGIN, &[]), listed(), "{format}");
    }
}

#[tokio::test]
async fn without_dovecot_the_order_waits() {
    if !runs_as_root("without_dovecot_the_order_waits") {
        return;
    }
    let site = Site::with_account(&settings("sdbox", FOLDERS));
    let said = site.postcote("orders run");
    assert_eq!(said.code, Some(75), "{}", said.stderr);
    assert!(said.stderr.contains("is tried again in 10 s: cannot run"), "{}", said.stderr);
    let dovecot = Dovecot::start(&site, "sdbox:~/dbox").await;
    assert_eq!(site.postcote("orders retry --all").code, Some(0));
    assert_eq!(told(&site.work().await), ["create done"]);
    assert_eq!(dovecot.folders(LOGIN, &["-s"]), configured());
}
